"""What a visitor without an account reads."""

import re

import pytest

from opendata.base.formats.record import Column
from opendata.testing.queries import counted
from opendata.testing.records import complete_record
from opendata.testing.web import City

PAGES = ("/", "/datasets", "/organizations", "/topics", "/about", "/docs/api", "/sign-in")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_page_answers_in_both_languages(still_city: City, path: str, prefix: str) -> None:
    response = still_city.client().get((prefix + path).rstrip("/") or "/")
    assert response.status_code == 200
    assert f'<html lang="{"en" if prefix else "vi"}"' in response.text


def test_a_dataset_page_tells_source_licence_and_contact(still_city: City) -> None:
    page = still_city.client().get(f"/dataset/{still_city.published}", follow_redirects=True).text
    for words in ("Creative Commons", "application/ld+json", "canonical"):
        assert words in page


def test_a_dataset_is_found_by_id_and_moves_to_its_name(still_city: City) -> None:
    response = still_city.client().get(f"/dataset/{still_city.published}")
    assert response.status_code == 301
    assert re.fullmatch(r"/dataset/[a-z0-9-]+", response.headers["Location"])


def test_a_renamed_dataset_redirects_from_its_old_address(city: City) -> None:
    client = city.client("editor")
    document = client.get(f"/api/v1/datasets/{city.published}")
    old = document.json["slug"]
    renamed = client.patch(
        f"/api/v1/datasets/{city.published}",
        json={"slug": "ten-moi-cua-bo-du-lieu"},
        headers={"If-Match": f'"v{document.json["version"]}"'},
    )
    assert renamed.status_code == 200, renamed.text
    moved = city.client().get(f"/dataset/{old}")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/dataset/ten-moi-cua-bo-du-lieu")


def test_a_draft_is_not_there_for_the_public_but_for_its_department(still_city: City) -> None:
    address = f"/dataset/{still_city.draft}"
    assert still_city.client().get(address, follow_redirects=True).status_code == 404
    assert still_city.client("foreign").get(address, follow_redirects=True).status_code == 404
    assert still_city.client("member").get(address, follow_redirects=True).status_code == 200


def test_the_filter_links_work_without_script(still_city: City) -> None:
    page = still_city.client().get("/datasets").text
    link = re.search(r'href="(/datasets\?[^"]*license=[^"]*)"', page)
    assert link is not None
    assert still_city.client().get(link[1].replace("&amp;", "&")).status_code == 200


def test_only_the_changing_part_is_sent_to_htmx(still_city: City) -> None:
    response = still_city.client().get("/datasets", headers={"HX-Request": "true"})
    assert "<html" not in response.text
    assert 'id="results"' in response.text
    assert "HX-Request" in response.headers["Vary"]


def test_a_search_page_asks_the_database_nothing(still_city: City) -> None:
    client = still_city.client()
    client.get("/datasets?q=mưa")
    with counted(still_city.platform) as statements:
        assert client.get("/datasets?q=mưa&organization=x").status_code == 200
    assert len(statements) <= 1, statements


def test_a_dataset_page_takes_three_statements_at_most(still_city: City) -> None:
    client = still_city.client()
    address = client.get(f"/dataset/{still_city.published}").headers["Location"]
    with counted(still_city.platform) as statements:
        assert client.get(address).status_code == 200
    assert len(statements) <= 3, statements


def test_an_error_page_names_the_request_and_offers_the_search(still_city: City) -> None:
    response = still_city.client().get("/khong-co-trang-nay")
    assert response.status_code == 404
    assert response.headers["X-Request-Id"] in response.text
    assert 'role="search"' in response.text
    english = still_city.client().get("/en/khong-co-trang-nay")
    assert 'lang="en"' in english.text


def test_pages_carry_their_security_headers(still_city: City) -> None:
    headers = still_city.client().get("/").headers
    assert (
        "script-src" in headers["Content-Security-Policy"]
        or "default-src 'self'" in headers["Content-Security-Policy"]
    )
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_an_unchanged_page_is_not_sent_twice(still_city: City) -> None:
    client = still_city.client()
    etag = client.get("/about").headers["ETag"]
    again = client.get("/about", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "markup", ["<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "[x](javascript:alert(1))"]
)
def test_markup_of_publishers_never_runs(city: City, markup: str) -> None:
    record = complete_record("Bộ dữ liệu có mã lạ " + markup[:40])
    dataset_id = city.add_dataset(
        record.__class__(**{**_fields(record), "description": {"vi": "x " * 40 + markup}})
    )
    page = city.client().get(f"/dataset/{dataset_id}", follow_redirects=True).text
    body = page.split("<main", 1)[1]
    assert "<script>alert" not in body
    assert 'onerror="alert' not in body.replace("&#34;", '"') or "<img" not in body
    assert 'href="javascript:' not in body


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}  # type: ignore[attr-defined]


def test_a_search_without_results_tells_what_was_tried_and_where_to_ask(still_city: City) -> None:
    page = still_city.client().get("/datasets?q=zzqq+kkww").text
    assert "Đã thử: đủ các từ đã gõ;" in page
    assert "mailto:" in page
    assert "subject=%C4%90%E1%BB%81%20ngh%E1%BB%8B" in page
    assert "Đã thử" not in still_city.client().get("/datasets?q=zzqq+kkww&as_typed=1").text


def test_years_and_numbered_keys_are_not_grouped(city: City) -> None:
    columns = (
        Column(name="nam", label={"vi": "Năm"}, type="integer", unit="năm"),
        Column(name="ma", label={"vi": "Mã"}, type="integer", unit="mã", key=True),
        Column(name="tan", label={"vi": "Khối lượng"}, type="integer", unit="tấn"),
    )
    dataset_id, _ = city.add_file(b"nam,ma,tan\n2015,11303,73235\n", columns=columns, kind="table")
    page = city.client().get(f"/dataset/{dataset_id}", follow_redirects=True).text
    assert "2015" in page
    assert "2.015" not in page
    assert "11303" in page
    assert "73.235" in page


def test_the_history_is_shown_to_the_department_and_nobody_else(still_city: City) -> None:
    address = f"/dataset/{still_city.published}"
    assert 'id="history"' in still_city.client("member").get(address, follow_redirects=True).text
    for role in ("anonymous", "foreign"):
        assert 'id="history"' not in still_city.client(role).get(address, follow_redirects=True).text


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_type_of_a_problem_leads_to_its_explanation(still_city: City, prefix: str) -> None:
    problem = still_city.client().get("/api/v1/datasets/khong-co").get_json()
    address, _, code = problem["type"].partition("#")
    page = still_city.client().get(prefix + address)
    assert page.status_code == 200
    assert f'id="{code}"' in page.text
    assert "%(" not in page.text
