"""Changes as clients send them, against a record and without a database."""

from dataclasses import replace

import pytest

from opendata.base.formats.record import DatasetRecord, Period, ResourceRecord
from opendata.base.kit.errors import Invalid
from opendata.services.catalog import patching

STORED = ResourceRecord(
    id="a",
    title={"vi": "Tệp"},
    kind="table",
    sha256="0" * 64,
    byte_size=9,
    rows=2,
    format="CSV",
    file_name="a.csv",
)
LINK = ResourceRecord(id="b", title={"vi": "Liên kết"}, access_url="https://a.example", format="HTML")
KNOWN = DatasetRecord(
    title={"vi": "Tên", "en": "Name"},
    slug="ten",
    license="cc0",
    keywords={"vi": ["a", "b"]},
    temporal=Period(start="2024", end="2025"),
    extras={"x": {"y": 1, "z": 2}},
    resources=(STORED, LINK),
)


def test_an_empty_patch_changes_nothing() -> None:
    assert patching.patched(KNOWN, {}) == KNOWN


def test_objects_are_merged_and_lists_replaced() -> None:
    changed = patching.patched(
        KNOWN,
        {
            "title": {"en": "New"},
            "keywords": {"vi": ["c"]},
            "temporal": {"end": None},
            "extras": {"x": {"y": None}},
        },
    )
    assert changed == replace(
        KNOWN,
        title={"vi": "Tên", "en": "New"},
        keywords={"vi": ["c"]},
        temporal=Period(start="2024"),
        extras={"x": {"z": 2}},
    )


def test_null_takes_a_value_away() -> None:
    assert patching.patched(KNOWN, {"license": None, "temporal": None}) == replace(
        KNOWN, license=None, temporal=None
    )


def test_what_was_measured_is_never_taken_from_a_client() -> None:
    claimed = {"id": "a", "title": {"vi": "Mới"}, "sha256": "f" * 64, "rows": 1, "format": "PDF"}
    (changed,) = patching.patched(KNOWN, {"resources": [claimed]}).resources
    assert changed == replace(STORED, title={"vi": "Mới"}, kind="link")
    (fresh,) = patching.patched(KNOWN, {"resources": [{**claimed, "id": None}]}).resources
    assert (fresh.sha256, fresh.rows, fresh.format) == (None, None, "PDF")


def test_the_format_of_a_link_is_its_publishers_word() -> None:
    (changed,) = patching.patched(KNOWN, {"resources": [{"id": "b", "format": "WMS"}]}).resources
    assert changed.format == "WMS"


def test_a_resource_of_another_dataset_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        patching.patched(KNOWN, {"resources": [{"id": "a"}, {"id": "c"}]})
    assert list(refused.value.fields) == ["resources.1.id"]
    with pytest.raises(Invalid):
        patching.new({"title": {"vi": "x"}, "resources": [{"id": "a"}]})


def test_a_replacement_keeps_the_address() -> None:
    assert patching.replaced(KNOWN, {"title": {"vi": "Khác"}}) == DatasetRecord(
        title={"vi": "Khác"}, slug="ten"
    )
