"""Names of places to codes: candidates, never a silent guess."""

import pytest

from opendata.testing.web import City, problem_of


@pytest.mark.parametrize(
    ("name", "code", "first"),
    [("cẩm giàng", "10903", "10903"), ("cẩm giang", "10888", "10888"), ("cam giang", None, "10888")],
)
def test_marks_decide_and_without_them_both_are_shown(
    still_city: City, name: str, code: str | None, first: str
) -> None:
    answer = still_city.client().get("/api/v1/places", query_string={"q": name}).get_json()
    assert (answer["meta"]["code"], answer["data"][0]["code"]) == (code, first)
    assert {found["code"] for found in answer["data"]} == {"10888", "10903"}
    assert answer["meta"]["ranked"] is (code is not None)


def test_a_former_unit_is_marked_as_one(still_city: City) -> None:
    answer = still_city.client().get("/api/v1/places?q=quận+Hồng+Bàng").get_json()
    found = next(place for place in answer["data"] if place["code"] == "11311")
    assert found["former"] == "Quận Hồng Bàng"


def test_a_name_nobody_knows_has_no_candidates(still_city: City) -> None:
    answer = still_city.client().get("/api/v1/places?q=Atlantis").get_json()
    assert (answer["data"], answer["meta"]["code"]) == ([], None)
    problem_of(still_city.client().get("/api/v1/places"), 400)
