"""Cutting a huge document into records."""

import io
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opendata.base.kit import json_items
from opendata.base.kit.json_items import JsonItems
from opendata.base.kit.strict_json import NotJson


def cut(text, key="dataset", **options):
    items = JsonItems(io.BytesIO(text if isinstance(text, bytes) else text.encode()), key, **options)
    return list(items), items.envelope


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(alphabet='{}[]",:\\dataset đ', max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["dataset", "a", 'b"', "\\", "{"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    records=st.lists(VALUES, max_size=6),
    before=st.dictionaries(st.sampled_from(["a", "x dataset", 'q"dataset']), VALUES, max_size=3),
    after=VALUES,
    chunk=st.sampled_from([1, 2, 3, 5, 17, 1 << 18]),
    indent=st.sampled_from([None, 0, 3]),
)
@settings(max_examples=300)
def test_the_items_and_the_envelope_together_are_the_document(records, before, after, chunk, indent):
    document = {**before, "dataset": records, "z": after}
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    whole = json_items._CHUNK
    json_items._CHUNK = chunk
    try:
        items, envelope = cut(text)
    finally:
        json_items._CHUNK = whole
    assert [json.loads(item) for item in items] == records
    assert envelope == {**document, "dataset": []}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"dataset": null}',
        '{"dataset": {"dataset": [1]}}',
        '{"a": [{"dataset": [1]}]}',
        '{"a": "dataset", "b": [1]}',
    ],
)
def test_only_the_array_of_the_top_object_counts(text):
    items, envelope = cut(text)
    assert items == []
    assert not isinstance(envelope.get("dataset"), list)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"x"',
        '{"dataset": [',
        '{"dataset": [{}',
        '{"dataset": [{}]',
        '{"dataset": [{"a": "',
        '{"dataset": [{} {}]}',
        '{"dataset": [{},]}',
        '{"dataset": [,{}]}',
        '{"dataset": [{},,{}]}',
        '{"dataset": [{}]}]',
        '{"dataset": [{}]} {}',
        '{"dataset": [{}], "dataset": []}',
        '{"dataset": [{}], "a": NaN}',
        '{"dataset": [{}}',
        '{"dataset": [tru, {}]}',
        '{"dataset" [{}]}',
        "<html>",
    ],
)
def test_a_broken_structure_is_told(text):
    with pytest.raises(NotJson):
        cut(text)


def test_the_items_before_a_break_have_been_given():
    items = iter(JsonItems(io.BytesIO(b'{"dataset": [{"a": 1}, {"a": 2} {"a": 3}]}'), "dataset"))
    assert [next(items), next(items)] == [b'{"a": 1}', b'{"a": 2}']
    with pytest.raises(NotJson):
        next(items)


@pytest.mark.parametrize(
    "huge",
    [
        '{"a": "' + "x" * 3_000_000 + '\\"[{"}',
        '{"a": [' + '"a",' * 700_000 + "1]}",
        "[" * 600_000 + "]" * 600_000,
    ],
)
def test_an_item_over_the_limit_is_left_out_and_the_rest_goes_on(huge):
    began = time.monotonic()
    items, _ = cut(f'{{"dataset": [{{"n": 1}}, {huge}, {{"n": 2}}]}}', item_limit=1 << 19)
    assert items == [b'{"n": 1}', None, b'{"n": 2}']
    assert time.monotonic() - began < 20


def test_what_stands_around_the_items_is_bounded():
    with pytest.raises(NotJson):
        cut('{"a": "' + "x" * (5 << 20) + '", "dataset": []}')
