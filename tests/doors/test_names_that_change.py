"""Renamed bodies, codes with signs and decomposed titles, through every door."""

import unicodedata

import pytest

from opendata.base.models import Organization
from opendata.base.runtime import SYSTEM
from opendata.services.catalog import organizations
from opendata.testing.records import complete_record
from opendata.testing.web import City, build_city, close_city


@pytest.fixture
def renamed(city: City) -> tuple[City, str, str]:
    """(city, old slug, new slug) of a department with three public datasets, renamed after publication."""
    for number in ("một", "hai"):
        city.add_dataset(complete_record(f"Danh mục rừng phòng hộ {number}"))
    with city.platform.work(SYSTEM) as work:
        body = work.session.get_one(Organization, city.own)
        old = body.slug
        organizations.edit(
            work, body, name={"vi": "Sở Môi trường mới", "en": "New Department"}, slug="so-moi-truong-moi"
        )
    return city, old, "so-moi-truong-moi"


def test_a_renamed_body_is_found_under_both_addresses(renamed: tuple[City, str, str]) -> None:
    city, old, new = renamed
    client = city.client()
    totals = [
        client.get(f"/api/v1/datasets?organization={slug}").json["meta"]["total"] for slug in (old, new)
    ]
    assert totals[0] == totals[1] >= 3


def test_a_renamed_body_has_its_new_name_everywhere(renamed: tuple[City, str, str]) -> None:
    city, old, new = renamed
    client = city.client()
    found = client.get(f"/api/v1/datasets?organization={new}&facets=organization").json
    labels = {item["value"]: item["label"]["vi"] for item in found["meta"]["facets"]["organization"]}
    assert labels[new] == "Sở Môi trường mới"
    assert old not in labels
    for row in found["data"]:
        assert row["publisher"]["name"]["vi"] == "Sở Môi trường mới"
        assert client.get(f"/api/v1/datasets/{row['slug']}").json["publisher"]["slug"] == new
        assert "Sở Môi trường mới" in client.get(f"/dataset/{row['slug']}").text
    moved = client.get(f"/organization/{old}")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"/organization/{new}")
    assert client.get(f"/api/v1/organizations/{old}", follow_redirects=True).json["slug"] == new


CODED = {
    "HP-017-XD": "Hồ sơ HP-017-XD về nhà ở xã hội",
    "HP-018-XD": "Hồ sơ HP-018-XD về nhà ở công nhân",
    "5264/QĐ-UBND": "Kế hoạch theo 5264/QĐ-UBND về chuyển đổi số",
    "Quyết định: biểu giá (2026)": "Quyết định: biểu giá (2026)",
}


@pytest.fixture(scope="module")
def coded(engines: None, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("coded")
    city = build_city(folder)
    for title in CODED.values():
        city.add_dataset(complete_record(title))
    yield city
    close_city(city, folder)


@pytest.mark.parametrize("code", list(CODED))
@pytest.mark.parametrize("form", ["as written", "lower", "quoted", "unmarked"])
def test_a_code_finds_its_dataset_first(coded: City, code: str, form: str) -> None:
    unmarked = "".join(c for c in unicodedata.normalize("NFD", code) if not unicodedata.combining(c))
    text = {"lower": code.lower(), "quoted": f'"{code}"', "unmarked": unmarked.replace("Đ", "D")}.get(
        form, code
    )
    answer = coded.client().get("/api/v1/datasets", query_string={"q": text})
    assert answer.status_code == 200
    assert answer.json["data"][0]["title"]["vi"] == CODED[code]


def test_another_code_does_not_come_first(coded: City) -> None:
    answer = coded.client().get("/api/v1/datasets", query_string={"q": "HP 017 XD"})
    assert answer.json["data"][0]["title"]["vi"] == CODED["HP-017-XD"]


def test_a_colon_after_a_word_is_text(coded: City) -> None:
    answer = coded.client().get("/api/v1/datasets", query_string={"q": "Quyết định: biểu giá (2026)"})
    assert answer.json["data"][0]["title"]["vi"] == CODED["Quyết định: biểu giá (2026)"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_title_has_one_slug_in_either_form(city: City, form: str) -> None:
    title = unicodedata.normalize(form, "Cảng biển Đồ Sơn")  # type: ignore[arg-type]
    first = city.add_dataset(complete_record(title))
    second = city.add_dataset(complete_record(title))
    slugs = [city.client().get(f"/api/v1/datasets/{key}").json["slug"] for key in (first, second)]
    assert slugs == ["cang-bien-do-son", "cang-bien-do-son-2"]


def test_what_a_body_below_publishes_is_found_by_the_name_its_parent_has_now(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        above = organizations.create(work, {"vi": "Uỷ ban Zebra"})
        parent = above.id
        organizations.edit(work, work.session.get_one(Organization, city.own), parent_id=parent)
    client = city.client()
    assert client.get("/api/v1/datasets?q=zebra").json["meta"]["total"] >= 1
    with city.platform.work(SYSTEM) as work:
        organizations.edit(work, work.session.get_one(Organization, parent), name={"vi": "Uỷ ban Okapi"})
    assert client.get("/api/v1/datasets?q=okapi").json["meta"]["total"] >= 1
