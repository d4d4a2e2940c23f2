"""Datasets and resources as REST readers get them."""

import pytest

from opendata.base.runtime import SYSTEM
from opendata.services.catalog import datasets, organizations
from opendata.testing.queries import counted
from opendata.testing.records import CSV, complete_record
from opendata.testing.web import City, problem_of


def test_a_dataset_is_read_by_id_and_by_slug(still_city: City) -> None:
    client = still_city.client()
    by_id = client.get(f"/api/v1/datasets/{still_city.published}")
    by_slug = client.get("/api/v1/datasets/chat-luong-nuoc-bien")
    assert by_id.status_code == 200
    assert by_id.data == by_slug.data
    body = by_id.get_json()
    assert body["title"] == {"vi": "Chất lượng nước biển", "en": "Rainfall by station"}
    assert body["publisher"]["slug"] == "so-nong-nghiep-va-moi-truong"
    assert body["resources"][0]["columns"][1]["unit"] == "mm"


def test_an_unchanged_dataset_is_answered_with_304(still_city: City) -> None:
    client = still_city.client()
    path = f"/api/v1/datasets/{still_city.published}"
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Cache-Control"].startswith("public")
    assert client.get(path, headers={"If-None-Match": '"v0-other"'}).status_code == 200


def test_head_answers_like_get_without_a_body(still_city: City) -> None:
    client = still_city.client()
    path = f"/api/v1/datasets/{still_city.published}"
    head = client.head(path)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(client.get(path).data))
    assert head.headers["ETag"] == client.get(path).headers["ETag"]


def test_scripts_of_any_origin_may_read_and_none_may_write(still_city: City) -> None:
    client = still_city.client()
    path = f"/api/v1/datasets/{still_city.published}"
    answer = client.get(path, headers={"Origin": "https://khac.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    asked = client.options(
        path, headers={"Origin": "https://khac.example", "Access-Control-Request-Method": "PATCH"}
    )
    assert asked.status_code == 200
    assert "PATCH" not in asked.headers["Access-Control-Allow-Methods"]


def test_a_former_slug_redirects_for_ever(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.published}"
    changed = client.patch(path, json={"slug": "nuoc-bien"}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.data
    answer = city.client().get("/api/v1/datasets/chat-luong-nuoc-bien?lang=en")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/api/v1/datasets/nuoc-bien?lang=en"
    problem_of(city.client().get("/api/v1/datasets/chua-tung-co"), 404, "not_found")


@pytest.mark.parametrize("which", ["draft", "submitted", "withdrawn", "others_draft"])
def test_what_is_not_public_is_not_there_for_others(still_city: City, which: str) -> None:
    path = f"/api/v1/datasets/{getattr(still_city, which)}"
    problem_of(still_city.client().get(path), 404, "not_found")
    outsider = "member" if which == "others_draft" else "foreign"
    problem_of(still_city.client(outsider).get(path), 404, "not_found")
    insider = still_city.client("foreign" if which == "others_draft" else "member").get(path)
    assert insider.status_code == 200
    assert insider.headers["Cache-Control"] == "private, no-cache"
    assert still_city.client("operator").get(path).status_code == 200


def test_a_restricted_dataset_keeps_columns_and_addresses_from_outsiders(still_city: City) -> None:
    path = f"/api/v1/datasets/{still_city.restricted}"
    seen = still_city.client().get(path).get_json()["resources"][0]
    assert seen["columns"] == []
    assert seen["download_url"] is None
    own = still_city.client("member").get(path)
    assert len(own.get_json()["resources"][0]["columns"]) == 2
    one = still_city.client().get(f"/api/v1/resources/{seen['id']}").get_json()
    assert one["columns"] == []


def test_a_dataset_costs_one_statement(still_city: City) -> None:
    client = still_city.client()
    path = f"/api/v1/datasets/{still_city.published}"
    client.get(path)
    with counted(still_city.platform) as statements:
        client.get(path)
    assert len(statements) == 1
    assert "dataset_document" in statements[0]


def test_a_resource_names_its_dataset(still_city: City) -> None:
    resource = still_city.resources(still_city.published)[0]
    body = still_city.client().get(f"/api/v1/resources/{resource}").get_json()
    assert body["dataset"]["id"] == still_city.published
    assert body["format"] == "CSV"
    problem_of(still_city.client().get("/api/v1/resources/khong-co"), 404)
    hidden = still_city.resources(still_city.draft)[0]
    problem_of(still_city.client().get(f"/api/v1/resources/{hidden}"), 404)


def test_a_stored_file_is_named_by_where_it_is_had(still_city: City) -> None:
    dataset, resource = still_city.add_file()
    body = still_city.client().get(f"/api/v1/datasets/{dataset}").get_json()
    address = body["resources"][0]["download_url"]
    assert address == f"/api/v1/resources/{resource}/download"
    assert still_city.client().get(address).status_code == 200


def test_history_is_for_the_department(still_city: City) -> None:
    path = f"/api/v1/datasets/{still_city.published}/revisions"
    problem_of(still_city.client().get(path), 401, "sign_in_required")
    problem_of(still_city.client("foreign").get(path), 403, "not_allowed")
    first = still_city.client("member").get(path + "?size=1").get_json()
    assert [entry["action"] for entry in first["data"]] == ["publish"]
    second = still_city.client("member").get(first["links"]["next"]).get_json()
    assert [entry["action"] for entry in second["data"]] == ["create"]
    assert second["links"]["next"] is None


def test_a_revision_says_what_changed(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}"
    client.patch(path, json={"title": {"en": "Dykes"}}, headers={"If-Match": "*"})
    newest = client.get(path + "/revisions").get_json()["data"][0]
    assert newest["changes"] == [{"path": "title.en", "before": "Rainfall by station", "after": "Dykes"}]
    assert newest["by"] == "Người editor"


def test_the_gate_says_what_is_wanting(city: City) -> None:
    made = city.add_dataset(complete_record(license=None, themes=()), state="draft")
    answer = city.client("editor").get(f"/api/v1/datasets/{made}/checks").get_json()
    blocking = {finding["field"] for finding in answer["data"] if finding["severity"] == "block"}
    assert blocking == {"license", "themes"}
    assert answer["meta"]["publishable"] is False
    assert answer["meta"]["steps"] == ["submit"]
    assert answer["data"][0]["message"].keys() == {"vi", "en"}
    problem_of(city.client("foreign").get(f"/api/v1/datasets/{city.published}/checks"), 403)


def test_a_renamed_body_is_found_under_both_names(city: City) -> None:
    """Its page, its datasets, their search and both facets follow the new name."""
    for number in range(2):
        city.add_dataset(complete_record(f"Bộ dữ liệu {number}"), publisher=city.foreign)
    with city.platform.work(SYSTEM) as work:
        body = organizations.get(work, city.foreign)
        organizations.edit(work, body, slug="so-xay-dung-moi", name={"vi": "Sở Xây dựng mới"})
    client = city.client()
    moved = client.get("/api/v1/organizations/so-xay-dung")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/api/v1/organizations/so-xay-dung-moi")
    for slug in ("so-xay-dung", "so-xay-dung-moi"):
        found = client.get(f"/api/v1/datasets?organization={slug}").get_json()
        assert found["meta"]["total"] == 2
        assert {row["publisher"]["name"]["vi"] for row in found["data"]} == {"Sở Xây dựng mới"}
        facet = {item["value"]: item for item in found["meta"]["facets"]["organization"]}
        assert facet["so-xay-dung-moi"]["label"]["vi"] == "Sở Xây dựng mới"
        for row in found["data"]:
            page = client.get(f"/api/v1/datasets/{row['id']}").get_json()
            assert page["publisher"]["slug"] == "so-xay-dung-moi"


def test_a_title_that_cannot_be_sorted_by_bytes_still_gives_a_slug(city: City) -> None:
    """Base letters with combining marks and precomposed ones are the same title."""
    import unicodedata

    client = city.client("editor")
    slugs = []
    for form in ("NFC", "NFD"):
        title = unicodedata.normalize(form, "Cảng biển Đồ Sơn")
        made = client.post("/api/v1/datasets", json={"title": {"vi": title}, "publisher": city.own})
        slugs.append(made.get_json()["slug"])
        assert made.get_json()["title"]["vi"] == "Cảng biển Đồ Sơn"
    assert slugs == ["cang-bien-do-son", "cang-bien-do-son-2"]


def test_versions_rise_with_every_change(city: City) -> None:
    with city.platform.read(SYSTEM) as work:
        version = datasets.get(work, city.published).version
    answer = city.client().get(f"/api/v1/datasets/{city.published}")
    assert answer.get_json()["version"] == version
    assert answer.headers["ETag"].startswith(f'"v{version}-')


def test_an_id_in_capitals_is_the_same_id(city: City) -> None:
    client, (_, file) = city.client(), city.add_file()
    with city.platform.read(SYSTEM) as work:
        topic = organizations.get_topic(work, "bien-dao").id
        assert organizations.get_topic(work, topic.upper()).id == topic
    paths = (
        f"datasets/{{}}:{city.published}",
        f"resources/{{}}:{city.resources(city.published)[0]}",
        f"organizations/{{}}:{city.own}",
    )
    for path, key in (text.split(":") for text in paths):
        small, capital = (
            client.get("/api/v1/" + path.format(form), follow_redirects=True) for form in (key, key.upper())
        )
        assert (small.status_code, capital.status_code) == (200, 200), path
        assert small.json == capital.json
    download = client.get(f"/api/v1/resources/{file.upper()}/download")
    assert (download.status_code, download.data) == (200, CSV)
    history = city.client("operator").get(f"/api/v1/datasets/{city.draft.upper()}/revisions")
    assert history.status_code == 200
