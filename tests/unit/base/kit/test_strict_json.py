"""One reading of JSON, or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.kit.strict_json import NotJson, deeper_than, loads


def refused(text, **options):
    with pytest.raises(NotJson) as caught:
        loads(text, **options)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('[{"x": {"é": 1, "\\u00e9": 2}}]', "duplicate_key"),
        ("NaN", "number_range"),
        ("[-Infinity]", "number_range"),
        ("1e400", "number_range"),
        ("9223372036854775808", "number_range"),
        ("-9223372036854775809", "number_range"),
        ("1" * 5000, "number_range"),
        ('"\\ud800"', "lone_surrogate"),
        ('{"\\udc00": 1}', "lone_surrogate"),
        ("", "parse"),
        ("{", "parse"),
        ("{'a': 1}", "parse"),
        ("[1,]", "parse"),
        ("[1] 2", "parse"),
        ("01", "parse"),
        ('"\t"', "parse"),
        ("\xa0[]", "parse"),
        ("/* */ []", "parse"),
        (b"\xff", "encoding"),
        (b"\xc0\xaf", "encoding"),
        (b'"\xed\xa0\x80"', "encoding"),
        ("\ud800", "lone_surrogate"),
        (b"\xef\xbb\xbf{}", "parse"),
        ("[" * 65 + "]" * 65, "too_deep"),
        ('{"a":' * 65 + "1" + "}" * 65, "too_deep"),
        ("[" * 1_000_000, "too_deep"),
        ("[" * 500 + "]" * 500, "too_deep"),
    ],
)
def test_what_readers_could_understand_differently_is_refused(text, reason):
    assert refused(text) == reason


def test_sizes_and_depths_have_bounds_that_can_be_set():
    assert refused('"' + "x" * 100 + '"', limit=50) == "too_large"
    assert refused("[[[]]]", depth=2) == "too_deep"
    assert loads("[[[]]]", depth=3) == [[[]]]
    assert loads("[" * 64 + "]" * 64)


def test_brackets_inside_texts_do_not_count_as_depth():
    assert loads(json.dumps(["[" * 500 + '"\\' + "{" * 500] * 40))
    assert not deeper_than(b'["' + b"[" * 900 + b'"]', 5)


def test_a_byte_order_mark_is_tolerated_when_asked():
    assert loads(b'\xef\xbb\xbf{"a": 1}', bom=True) == {"a": 1}


def test_cleaning_keeps_the_rest_of_a_page():
    text = '{"t": "A\\ud800B", "pair": "\\ud83d\\ude00", "n": 12345678901234567890123, "k\\udfff": [1]}'
    assert loads(text, clean=True) == {"t": "AB", "pair": "😀", "n": "12345678901234567890123", "k": [1]}


def test_cleaning_never_makes_two_keys_one():
    assert refused('{"a": 1, "a\\ud800": 2}', clean=True) == "duplicate_key"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_every_value_comes_back(value):
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value, ensure_ascii=False)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        value = loads(data)
    except NotJson:
        return
    assert json.dumps(value, allow_nan=False).encode()
