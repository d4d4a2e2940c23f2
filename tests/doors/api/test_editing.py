"""Writing datasets over REST."""

import io
import threading
from dataclasses import replace
from typing import Any

import pytest

from opendata.services.catalog import datasets
from opendata.testing.records import CSV
from opendata.testing.web import City, problem_of

ANY = {"If-Match": "*"}


def fields_of(problem: Any) -> dict[str, str]:
    return {error["field"]: error["detail"] for error in problem["errors"]}


def test_a_dataset_goes_from_draft_to_public(city: City) -> None:
    editor, reviewer, anyone = city.client("editor"), city.client("reviewer"), city.client()
    record = anyone.get(f"/api/v1/datasets/{city.published}").get_json()
    kept = ("description", "keywords", "themes", "contact", "license", "access_level", "legal_basis")
    body = {name: record[name] for name in (*kept, "frequency", "pham_vi")}
    resource = {
        "kind": "table",
        "title": {"vi": "Bảng"},
        "format": "CSV",
        "download_url": "https://nguon.example/a.csv",
        "columns": [{"name": "ma", "label": {"vi": "Mã"}}],
    }
    made = editor.post(
        "/api/v1/datasets",
        json={
            **body,
            "title": {"vi": "Bộ mới"},
            "publisher": record["publisher"]["slug"],
            "resources": [resource],
        },
    )
    assert made.status_code == 201, made.data
    path = made.headers["Location"]
    assert made.get_json()["state"] == "draft"
    problem_of(anyone.get(path), 404)

    assert editor.post(path + "/submit").get_json()["state"] == "submitted"
    problem_of(editor.post(path + "/publish"), 403, "not_allowed")
    problem_of(reviewer.post(path + "/return", json={}), 422, "note_required")
    back = reviewer.post(path + "/return", json={"note": "Thiếu đơn vị tính."})
    assert back.get_json()["state"] == "returned"
    editor.post(path + "/submit")
    published = reviewer.post(path + "/publish", json={"note": "Đạt."})
    assert published.get_json()["state"] == "published"
    assert anyone.get(path).status_code == 200
    assert anyone.get("/api/v1/datasets?sort=newest").get_json()["meta"]["total"] == 3

    problem_of(reviewer.post(path + "/publish"), 409, "wrong_state")
    gone = reviewer.post(path + "/withdraw", json={"note": "Số liệu sai."})
    assert gone.get_json()["state"] == "withdrawn"
    problem_of(anyone.get(path), 404)


def test_publishing_names_what_is_missing(city: City) -> None:
    client = city.client("reviewer")
    made = client.post("/api/v1/datasets", json={"title": {"vi": "Trống"}, "publisher": city.own})
    problem = problem_of(client.post(made.headers["Location"] + "/publish"), 422, "not_publishable")
    assert {"license", "themes", "contact", "resources", "description.vi"} <= set(fields_of(problem))


@pytest.mark.parametrize("method", ["patch", "put"])
def test_a_change_names_the_version_it_was_made_on(city: City, method: str) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}"
    send = getattr(client, method)
    body = {"title": {"vi": "Đổi tên"}}
    problem_of(send(path, json=body), 428, "precondition_required")
    read = client.get(path)
    first = send(path, json=body, headers={"If-Match": read.headers["ETag"]})
    assert first.status_code == 200
    again = {"title": {"vi": "Đổi nữa"}}
    problem_of(send(path, json=again, headers={"If-Match": read.headers["ETag"]}), 412, "precondition_failed")
    problem_of(send(path, json=again, headers={"If-Match": "W/" + first.headers["ETag"]}), 412)
    problem = problem_of(
        send(path, json=again, headers={"If-Match": "hôm qua".encode().decode("latin-1")}), 400
    )
    assert "If-Match" in fields_of(problem)
    version = first.get_json()["version"]
    assert send(path, json=again, headers={"If-Match": f'"{version}"'}).status_code == 200


def test_of_two_changes_at_once_the_second_is_told_of_the_first(city: City) -> None:
    path, editor = f"/api/v1/datasets/{city.draft}", city.client("editor")
    etag = editor.get(path).headers["ETag"]
    answers: list[int] = []

    def change() -> None:
        body = {"title": {"vi": "Tên của người thứ hai"}}
        answers.append(editor.patch(path, json=body, headers={"If-Match": etag}).status_code)

    second = threading.Thread(target=change)
    with city.platform.work(city.caller("editor")) as work:
        found = datasets.get(work, city.draft, lock=True)
        datasets.edit(work, found, replace(datasets.record_of(work, found), title={"vi": "Tên thứ nhất"}))
        work.session.flush()
        second.start()
        second.join(0.5)
    second.join(30)
    assert answers == [412]
    assert editor.get(path).json["title"]["vi"] == "Tên thứ nhất"


def test_a_patch_changes_what_it_names(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}"
    before = client.get(path).get_json()
    patch = {"title": {"en": "Dykes"}, "frequency": None, "keywords": {"vi": ["đê"]}, "extras": {"so": 5}}
    after = client.patch(path, json=patch, headers=ANY).get_json()
    assert after["title"] == {"vi": before["title"]["vi"], "en": "Dykes"}
    assert after["frequency"] is None
    assert after["keywords"] == {"vi": ["đê"], "en": ["rainfall"]}
    assert after["extras"] == {"so": 5}
    untouched = ("description", "license", "contact", "resources", "themes", "slug", "id")
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}


def test_a_replacement_empties_what_it_leaves_out(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}"
    after = client.put(path, json={"title": {"vi": "Chỉ còn tên"}}, headers=ANY).get_json()
    assert after["license"] is None
    assert after["resources"] == []
    assert after["slug"] == "ban-nhap-ve-de-dieu"


@pytest.mark.parametrize(
    "field",
    ["id", "owner_org", "state", "is_admin", "publisher", "visibility", "version", "created", "source_id"],
)
@pytest.mark.parametrize("method", ["patch", "put"])
def test_nothing_undeclared_can_be_set(city: City, method: str, field: str) -> None:
    client = city.client("admin")
    path = f"/api/v1/datasets/{city.draft}"
    before = client.get(path).data
    answer = getattr(client, method)(path, json={"title": {"vi": "X"}, field: "x"}, headers=ANY)
    assert field in fields_of(problem_of(answer, 422, "invalid"))
    assert client.get(path).data == before


@pytest.mark.parametrize("field", ["sha256", "byte_size", "rows", "file_name", "encoding", "position"])
def test_nobody_claims_a_file_by_its_digest(city: City, field: str) -> None:
    resource = {"title": {"vi": "Của tôi"}, field: "0" * 64}
    answer = city.client("editor").patch(
        f"/api/v1/datasets/{city.draft}", json={"resources": [resource]}, headers=ANY
    )
    assert f"resources.0.{field}" in fields_of(problem_of(answer, 422))


def test_a_resource_of_another_dataset_cannot_be_taken(city: City) -> None:
    foreign = city.resources(city.published)[0]
    body = {"resources": [{"id": foreign, "title": {"vi": "Lấy"}}]}
    answer = city.client("editor").patch(f"/api/v1/datasets/{city.draft}", json=body, headers=ANY)
    assert "resources.0.id" in fields_of(problem_of(answer, 422))
    made = {"title": {"vi": "Mới"}, "publisher": city.own, **body}
    assert "resources.0.id" in fields_of(
        problem_of(city.client("editor").post("/api/v1/datasets", json=made), 422)
    )


def test_a_described_file_keeps_its_bytes(city: City) -> None:
    dataset, resource = city.add_file(CSV, name="a.csv")
    path = f"/api/v1/datasets/{dataset}"
    client = city.client("editor")
    body = {"resources": [{"id": resource, "title": {"vi": "Tên mới"}, "format": "PDF", "kind": "file"}]}
    after = client.patch(path, json=body, headers=ANY).get_json()["resources"]
    assert [(item["id"], item["title"]["vi"], item["format"]) for item in after] == [
        (resource, "Tên mới", "CSV")
    ]
    assert client.get(f"/api/v1/resources/{resource}/download").data == CSV


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": {"vi": ""}}, "title.vi"),
        ({"title": {"vi": 5}}, "title.vi"),
        ({"title": {"fr": "x"}}, "title.fr"),
        ({"title": "x"}, "title"),
        ({"license": "cua-toi"}, "license"),
        ({"themes": ["ABC"]}, "themes.0"),
        ({"frequency": "SOMETIMES"}, "frequency"),
        ({"landing_page": "javascript:alert(1)"}, "landing_page"),
        ({"resources": [{"access_url": "file:///etc/passwd"}]}, "resources.0.access_url"),
        ({"topics": ["khong-co"]}, "topics"),
        ({"synthetic": "yes"}, "synthetic"),
        ({"synthetic": 1}, "synthetic"),
        ({"spatial": {"bbox": [1, 2, 3]}}, "spatial.bbox"),
        ({"spatial": {"bbox": [1, 2, "3", 4]}}, "spatial.bbox.2"),
        ({"pham_vi": {"mode": "khac"}}, "pham_vi.mode"),
        ({"last_update": "9999-12-31"}, "last_update"),
        ({"temporal": {"start": "2020", "end": "²²²²"}}, "temporal.end"),
        ({"keywords": {"vi": ["x" * 33_000]}}, "keywords.vi.0"),
        ({"description": {"vi": "x" * 1_000_000}}, "description.vi"),
        ({"extras": {"a": "x" * 1_100_000}}, "record"),
        ({"slug": "../x"}, "slug"),
        ({"provenance": {"vi": "a\0b"}}, "provenance.vi"),
    ],
)
def test_a_wrong_value_is_named(city: City, body: dict[str, Any], field: str) -> None:
    answer = city.client("editor").patch(f"/api/v1/datasets/{city.draft}", json=body, headers=ANY)
    assert field in fields_of(problem_of(answer, 422))


def test_a_long_unbroken_value_is_found_by_its_title(city: City) -> None:
    body = {"title": {"vi": "Dài khác thường"}, "publisher": city.own, "extras": {"ma": "x" * 40_000}}
    made = city.client("editor").post("/api/v1/datasets", json=body)
    assert made.status_code == 201
    assert made.get_json()["extras"]["ma"] == "x" * 40_000


@pytest.mark.parametrize("title", ["A\x0bB", "A\x08B", "A\ufffeB", "A\u200bB"])
def test_control_characters_do_not_enter(city: City, title: str) -> None:
    made = city.client("editor").post(
        "/api/v1/datasets", json={"title": {"vi": title}, "publisher": city.own}
    )
    assert made.status_code == 201
    assert made.get_json()["title"]["vi"] in {"AB", "A B"}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"title": {"vi": "a"}, "title": {"vi": "b"}}', 400),
        (b'{"title": {"vi": "\\ud800"}}', 400),
        (b'{"extras": {"n": NaN}}', 400),
        (b'{"extras": {"n": 1e999}}', 400),
        (b'{"extras": ' + b'{"a":' * 200 + b"1" + b"}" * 201, 400),
        (b"[1, 2]", 422),
        (b'"x"', 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)
def test_ambiguous_json_is_refused(city: City, raw: bytes, status: int) -> None:
    answer = city.client("editor").patch(
        f"/api/v1/datasets/{city.draft}", data=raw, headers={**ANY, "Content-Type": "application/json"}
    )
    problem_of(answer, status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_change_comes_as_json(city: City, kind: str) -> None:
    answer = city.client("editor").patch(
        f"/api/v1/datasets/{city.draft}", data=b"{}", headers={**ANY, "Content-Type": kind}
    )
    problem_of(answer, 415, "unsupported")


def test_a_body_over_the_limit_is_refused(city: City) -> None:
    answer = city.client("editor").patch(
        f"/api/v1/datasets/{city.draft}", json={"extras": {"a": "x" * 3_000_000}}, headers=ANY
    )
    problem_of(answer, 413, "too_large")


def test_a_department_writes_only_its_own(city: City) -> None:
    foreign = city.client("foreign")
    made = {"title": {"vi": "Chen vào"}, "publisher": city.own}
    problem_of(foreign.post("/api/v1/datasets", json=made), 403, "not_allowed")
    patch = {"title": {"vi": "Chiếm"}}
    problem_of(foreign.patch(f"/api/v1/datasets/{city.published}", json=patch, headers=ANY), 403)
    problem_of(foreign.patch(f"/api/v1/datasets/{city.draft}", json=patch, headers=ANY), 404)
    problem_of(city.client().patch(f"/api/v1/datasets/{city.published}", json=patch, headers=ANY), 401)


def upload(client: Any, dataset: str, body: bytes = CSV, name: str = "số liệu.csv", **fields: str) -> Any:
    return client.post(
        f"/api/v1/datasets/{dataset}/resources", data={**fields, "file": (io.BytesIO(body), name)}
    )


def test_an_uploaded_file_is_typed_by_its_bytes_and_downloadable(city: City) -> None:
    client = city.client("editor")
    answer = upload(client, city.published, name="../../Đồ Sơn.xlsx", title_vi="Trạm")
    assert answer.status_code == 201, answer.data
    added = answer.get_json()["resources"][-1]
    assert (added["format"], added["rows"], added["title"]["vi"]) == ("CSV", 2, "Trạm")
    assert [column["name"] for column in added["columns"]] == ["mã", "tên", "số lượng"]
    assert added["file_name"] == "Đồ Sơn.xlsx"
    sent = city.client().get(added["download_url"])
    assert sent.data == CSV


def test_an_upload_may_replace_the_file_of_a_resource(city: City) -> None:
    dataset, resource = city.add_file(CSV, name="a.csv")
    client = city.client("editor")
    old = client.get(f"/api/v1/resources/{resource}/download").headers["ETag"]
    body = CSV + "00014,Kiến An,9\n".encode()
    assert upload(client, dataset, body, resource=resource).status_code == 201
    answer = city.client().get(
        f"/api/v1/resources/{resource}/download", headers={"Range": "bytes=0-9", "If-Range": old}
    )
    assert (answer.status_code, answer.data) == (200, body)
    problem_of(upload(client, dataset, resource="0" * 8), 404)
    problem_of(upload(client, dataset, resource=city.resources(city.published)[0]), 404)


def test_an_upload_that_is_wrong_is_named(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}/resources"
    assert "khac" in fields_of(problem_of(upload(client, city.draft, khac="x"), 400))
    problem_of(client.post(path, data=b"x", headers={"Content-Type": "text/csv"}), 415)
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    no_file = b'--b\r\nContent-Disposition: form-data; name="title_vi"\r\n\r\nx\r\n--b--\r\n'
    assert "file" in fields_of(problem_of(client.post(path, data=no_file, headers=boundary), 400))
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    for broken in (head + b"a,b\n", head + b"a,b\n\r\n--b", b"--b\r\nx\r\n\r\n--b--", b""):
        problem_of(client.post(path, data=broken, headers=boundary), 400)
    problem_of(client.post(path, data=b"\xff" * 300_000, headers=boundary), 413)
    second = head + b"a\n1\n\r\n" + no_file
    problem_of(client.post(path, data=second, headers=boundary), 400)
    assert len(city.resources(city.draft)) == 1


def test_a_file_over_the_limit_is_refused(city: City) -> None:
    from dataclasses import replace

    city.platform.settings = replace(city.platform.settings, max_upload_mb=1)
    client = city.client("editor")
    problem_of(upload(client, city.draft, b"a,b\n" * 300_000), 413, "too_large")
    problem_of(upload(client, city.draft, b"a,b\n" * 3_000_000), 413, "too_large")
    assert upload(client, city.draft, b"a,b\n" * 200_000).status_code == 201


def test_nobody_uploads_to_what_is_not_theirs(city: City) -> None:
    problem_of(upload(city.client("foreign"), city.published), 403)
    problem_of(upload(city.client("foreign"), city.draft), 404)
    problem_of(upload(city.client(), city.published), 401)
    problem_of(upload(city.client("member"), city.published), 403)


def test_a_session_without_its_token_changes_nothing(city: City) -> None:
    client = city.client("editor")
    path = f"/api/v1/datasets/{city.draft}"
    before = client.get(path).data
    for token in ("", "x", city.client("editor").token):
        client.token = ""
        headers = {**ANY, "X-CSRF-Token": token}
        problem_of(client.patch(path, json={"title": {"vi": "X"}}, headers=headers), 403, "foreign_form")
    assert client.get(path).data == before


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://khac.example"}],
)
def test_another_site_changes_nothing(city: City, headers: dict[str, str]) -> None:
    client = city.client("editor")
    answer = client.patch(
        f"/api/v1/datasets/{city.draft}", json={"title": {"vi": "X"}}, headers={**ANY, **headers}
    )
    problem_of(answer, 403, "foreign_form")


def test_look_alike_tags_are_one(city: City) -> None:
    import unicodedata

    client = city.client("editor")
    spellings = [
        "cảng biển",
        " cảng biển",
        "cảng\u00a0biển",
        "cảng biển\u200b",
        unicodedata.normalize("NFD", "cảng biển"),
        "Cảng Biển",
    ]
    for number, word in enumerate(spellings):
        body = {"title": {"vi": f"Bộ {number}"}, "publisher": city.own, "keywords": {"vi": [word]}}
        assert client.post("/api/v1/datasets", json=body).status_code == 201
    found = client.get("/api/v1/datasets?tag=cảng biển&facets=tag").get_json()["meta"]
    assert found["total"] == 6
    assert [f for f in found["facets"]["tag"] if "cảng" in f["value"].lower()] == [
        {"value": "cảng biển", "label": {"vi": "cảng biển"}, "count": 6}
    ]
    tags = client.get("/api/v1/tags?q=cang").get_json()["data"]
    assert tags == [{"value": "cảng biển", "datasets": 6}]
