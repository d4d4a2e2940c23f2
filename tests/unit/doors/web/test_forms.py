"""What an officer types comes back as the record means it, and what the form cannot show is kept."""

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from opendata.base.formats.record import DatasetRecord
from opendata.doors.web.forms import dataset_from_form, resource_from_form, unflatten, whole

TYPED = MultiDict(
    [
        ("title.vi", "Giá đất"),
        ("title.en", ""),
        ("description.vi", "Bảng giá đất theo tuyến đường."),
        ("keywords.vi", "đất ở, tuyến đường , "),
        ("themes", "REGI"),
        ("themes", "ECON"),
        ("contact.0.name.vi", "Phòng Kinh tế đất"),
        ("contact.0.email", "dat@example.vn"),
        ("contact.1.name.vi", ""),
        ("legal_basis.0.code", "Luật 31/2024/QH15"),
        ("license", ""),
        ("pham_vi.mode", "moi_only"),
        ("pham_vi.note.vi", ""),
        ("temporal.start", "2024"),
        ("temporal.end", ""),
        ("spatial.places", "31"),
        ("sources", "https://example.vn/a\n\nSổ theo dõi"),
        ("synthetic", "1"),
        ("csrf_token", "x"),
        ("version", "3"),
    ]
)


def test_a_typed_form_is_a_valid_record() -> None:
    record = msgspec.convert(dataset_from_form(TYPED, {}), DatasetRecord)
    assert record.title == {"vi": "Giá đất"}
    assert record.keywords == {"vi": ["đất ở", "tuyến đường"]}
    assert record.themes == ("REGI", "ECON")
    assert [contact.email for contact in record.contact] == ["dat@example.vn"]
    assert record.license is None
    assert record.pham_vi is not None
    assert record.pham_vi.mode == "moi_only"
    assert record.temporal is not None
    assert (record.temporal.start, record.temporal.end) == ("2024", None)
    assert record.sources == ("https://example.vn/a", "Sổ theo dõi")
    assert record.synthetic


def test_what_the_form_does_not_show_is_kept() -> None:
    before = {
        "title": {"vi": "Cũ"},
        "extras": {"source_field": 1},
        "legal_basis": [{"code": "x", "article": None, "title": {}, "url": "https://example.vn/luat"}],
        "spatial": {"places": ["30"], "bbox": [106, 20, 107, 21]},
        "resources": [{"id": "r"}],
    }
    made = dataset_from_form(TYPED, before)
    assert made["extras"] == {"source_field": 1}
    assert made["legal_basis"][0] == {
        "code": "Luật 31/2024/QH15",
        "article": None,
        "title": {},
        "url": "https://example.vn/luat",
    }
    assert made["spatial"] == {"places": ["31"], "bbox": [106, 20, 107, 21]}
    assert "resources" not in made
    assert "csrf_token" not in made


def test_unticking_everything_empties_a_list() -> None:
    assert dataset_from_form(MultiDict({"title.vi": "x"}), {"themes": ["REGI"]})["themes"] == []


def test_the_dictionary_keeps_its_columns_whatever_is_sent() -> None:
    before = {
        "columns": [{"name": "gia", "label": {}, "type": "number", "unit": None, "key": False, "note": {}}]
    }
    form = MultiDict(
        [
            ("columns.0.name", "gia"),
            ("columns.0.label.vi", "Giá"),
            ("columns.0.type", "made-up"),
            ("columns.0.unit", "nghìn đồng/m²"),
            ("columns.0.key", "1"),
            ("columns.1.name", "khong_co"),
        ]
    )
    assert resource_from_form(form, before)["columns"] == [
        {
            "name": "gia",
            "label": {"vi": "Giá"},
            "type": "number",
            "unit": "nghìn đồng/m²",
            "key": True,
            "note": {},
        }
    ]


def test_hostile_names_make_no_trouble() -> None:
    assert unflatten({"a": "1", "a.b": "2", "": "3", "c.999999999.x": "4"})["a"] == "1"


@pytest.mark.parametrize("text", ["", "-1", "1,5", " 1", "1\n", "²", "٣", "9" * 10, "9" * 5000])
def test_what_is_no_number_anybody_means_is_taken_for_something_else(text: str) -> None:
    assert whole(text, -1) == -1
    assert unflatten({f"contact.{text}.email": "a@b.example"})["contact"] == {text: {"email": "a@b.example"}}
    assert (whole("0", -1), whole("999999999", None)) == (0, 999_999_999)
