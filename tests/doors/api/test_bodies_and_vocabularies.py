"""Bodies, topics, tags and code lists over REST."""

import pytest

from opendata.base.runtime import SYSTEM
from opendata.services.catalog import organizations
from opendata.testing.records import complete_record
from opendata.testing.web import VOCABULARY_PATHS, City, problem_of


def test_a_body_is_found_by_id_slug_and_code(city: City) -> None:
    client = city.client("operator")
    made = client.post(
        "/api/v1/organizations", json={"name": {"vi": "Sở Y tế", "en": "Health"}, "code": "H31.17"}
    )
    assert made.status_code == 201
    body = made.get_json()
    assert body["slug"] == "so-y-te"
    for key in (body["id"], "so-y-te", "H31.17"):
        assert city.client().get(f"/api/v1/organizations/{key}").get_json() == body
    problem = problem_of(
        client.post("/api/v1/organizations", json={"name": {"vi": "Khác"}, "code": "H31.17"}),
        409,
        "code_taken",
    )
    assert problem["errors"][0]["field"] == "code"


def test_a_body_tells_who_came_before_and_after(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        old = organizations.create(work, {"vi": "Sở Giao thông vận tải"}, valid_to="2025-02-28")
        organizations.succeed(work, old, [organizations.get(work, city.foreign)], on_date="2025-03-01")
    client = city.client()
    before = client.get("/api/v1/organizations/so-giao-thong-van-tai").get_json()
    assert [body["slug"] for body in before["successors"]] == ["so-xay-dung"]
    after = client.get("/api/v1/organizations/so-xay-dung").get_json()
    assert [body["name"]["vi"] for body in after["predecessors"]] == ["Sở Giao thông vận tải"]
    listed = [row["slug"] for row in client.get("/api/v1/organizations").get_json()["data"]]
    assert "so-giao-thong-van-tai" not in listed


def test_a_department_changes_itself_and_not_its_place(city: City) -> None:
    admin = city.client("admin")
    path = "/api/v1/organizations/so-nong-nghiep-va-moi-truong"
    etag = admin.get(path).headers["ETag"]
    problem_of(admin.patch(path, json={"abbreviation": "SNNMT"}), 428)
    changed = admin.patch(
        path, json={"abbreviation": "SNNMT", "name": {"en": "X"}}, headers={"If-Match": etag}
    )
    assert changed.status_code == 200
    assert changed.get_json()["name"] == {"vi": "Sở Nông nghiệp và Môi trường", "en": "X"}
    problem_of(admin.patch(path, json={"abbreviation": "Y"}, headers={"If-Match": etag}), 412)
    fresh = {"If-Match": city.client().get(path).headers["ETag"]}
    assert changed.headers["ETag"] == admin.get(path).headers["ETag"]
    for field, value in {
        "level": "ward",
        "parent": "so-xay-dung",
        "code": "1",
        "valid_to": "2026-01-01",
    }.items():
        problem = problem_of(admin.patch(path, json={field: value}, headers=fresh), 422)
        assert problem["errors"][0]["field"] == field
    problem_of(admin.patch(path, json={"id": "x"}, headers=fresh), 422)
    problem_of(admin.patch(path, json={"homepage": "javascript:x"}, headers=fresh), 422)
    problem_of(admin.patch("/api/v1/organizations/so-xay-dung", json={}, headers=fresh), 403)
    operator = city.client("operator").patch(path, json={"parent": "so-xay-dung"}, headers=fresh)
    assert operator.get_json()["parent"] == "so-xay-dung"


def test_topics_count_what_is_visible(city: City) -> None:
    city.add_dataset(complete_record("Đảo nháp", topics=("bien-dao",)), state="draft")
    assert city.client().get("/api/v1/topics/bien-dao").get_json()["datasets"] == 1
    assert city.client("member").get("/api/v1/topics/bien-dao").get_json()["datasets"] == 2
    assert city.client().get("/api/v1/topics").get_json()["data"][0]["title"]["vi"] == "Biển đảo"
    problem_of(city.client().get("/api/v1/topics/khong-co"), 404)


def test_tags_of_hidden_datasets_stay_hidden(city: City) -> None:
    city.add_dataset(complete_record("Kín", keywords={"vi": ["bí mật"]}), state="draft")
    words = [item["value"] for item in city.client().get("/api/v1/tags").get_json()["data"]]
    assert words == ["khí tượng", "lượng mưa", "rainfall"]
    own = [item["value"] for item in city.client("member").get("/api/v1/tags?q=bi").get_json()["data"]]
    assert own == ["bí mật"]


def test_tags_are_paged_in_vietnamese_order(city: City) -> None:
    city.add_dataset(complete_record("Nhiều", keywords={"vi": ["đê", "dầu", "ẩm", "an toàn", "ba ba"]}))
    client = city.client()
    address, found = "/api/v1/tags?size=2", []
    while address:
        body = client.get(address.removeprefix("http://localhost")).get_json()
        found += [item["value"] for item in body["data"]]
        address = body["links"]["next"]
    assert found == ["an toàn", "ẩm", "ba ba", "dầu", "đê", "khí tượng", "lượng mưa", "rainfall"]
    problem_of(client.get("/api/v1/tags?cursor=WyJraMO0bmciXQ"), 422)


@pytest.mark.parametrize("path", VOCABULARY_PATHS)
def test_code_lists_have_labels_in_both_languages(still_city: City, path: str) -> None:
    body = still_city.client().get(path).get_json()
    assert body["meta"]["total"] == len(body["data"]) > 2
    for term in body["data"]:
        assert term["code"]
        assert term["label"]["vi"]
        assert term["label"]["en"]
    problem_of(still_city.client().get(path + "?size=1"), 400)
