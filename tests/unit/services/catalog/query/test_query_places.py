import csv
import unicodedata
from importlib.resources import files

import pytest

from opendata.services.catalog.query.places import Places


@pytest.fixture(scope="module")
def places() -> Places:
    folder = files("opendata.demo").joinpath("data")
    units, crosswalk = (
        list(csv.DictReader(folder.joinpath(name).read_text(encoding="utf-8").splitlines()))
        for name in ("admin_units.csv", "crosswalk.csv")
    )
    return Places(units, crosswalk)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cẩm giàng", "10903"),
        ("Cẩm Giàng", "10903"),
        ("xã Cẩm Giang", "10888"),
        ("cẩm giang", "10888"),
        ("Thuỷ Nguyên", "11560"),
        ("Thủy Nguyên", "11560"),
        ("thuy nguyen", "11560"),
        ("Kiến Thuỵ", "11680"),
        ("Kiến Thụy", "11680"),
        ("Hoà Bình", "11533"),
        ("Hòa Bình", "11533"),
        ("phường Hồng Bàng", "11311"),
        ("p. Hồng Bàng", "11311"),
        ("Hà Nam", "10843"),
        ("xã Hà Tây", "10846"),
        ("Hà Đông", "10882"),
    ],
)
def test_a_name_has_its_code(places: Places, text: str, code: str) -> None:
    for form in (text, unicodedata.normalize("NFD", text), text.upper()):
        found = places.resolve(form)
        assert found.code == found.candidates[0].code == code
        assert found.ranked


def test_other_marks_come_second(places: Places) -> None:
    found = places.resolve("cẩm giàng").candidates
    assert [(each.code, each.exact) for each in found] == [("10903", True), ("10888", False)]
    assert [c.code for c in places.resolve("cẩm giang").candidates] == ["10888", "10903"]


def test_an_unmarked_name_of_two_units_is_no_guess(places: Places) -> None:
    found = places.resolve("cam giang")
    assert found.code is None
    assert not found.ranked
    assert {candidate.code for candidate in found.candidates} == {"10888", "10903"}


def test_a_former_district_leads_to_the_ward_of_its_name_as_a_former_unit(places: Places) -> None:
    for text in ("quận Hồng Bàng", "quan hong bang", "Q. Hồng Bàng"):
        found = places.resolve(text)
        assert found.candidates[0].code == "11311"
        assert found.candidates[0].former == "Quận Hồng Bàng"
        assert all(candidate.former for candidate in found.candidates)


def test_a_former_ward_leads_to_the_one_it_joined(places: Places) -> None:
    first = places.resolve("phường Minh Khai").candidates[0]
    assert (first.code, first.former) == ("11311", "Phường Minh Khai")


def test_the_kind_is_shown_with_the_name(places: Places) -> None:
    assert {places.resolve(name).candidates[0].kind for name in ("Hà Nam", "Hà Tây", "Hà Đông")} == {"Xã"}
    assert places.resolve("Bạch Long Vĩ").candidates[0].kind == "Đặc khu"


@pytest.mark.parametrize("text", ["", "xã", "không có nơi này", "!!!", "quận", "x" * 5000])
def test_what_is_no_place_has_no_candidate(places: Places, text: str) -> None:
    found = places.resolve(text)
    assert (found.code, found.candidates) == (None, ())
