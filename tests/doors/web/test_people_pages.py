"""Signing in, the department's desk and the operator's pages."""

import io
import re

import pytest

from opendata.testing.records import complete_record
from opendata.testing.web import City

EMAIL, PASSWORD = "operator@city.example", "a long enough password"


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def person(city: City) -> str:
    from opendata.base.runtime import SYSTEM
    from opendata.services.access import people

    with city.platform.work(SYSTEM) as work:
        return people.create(work, "nguoi.moi@city.example", "Người mới", PASSWORD).email


def test_a_person_signs_in_and_out(city: City) -> None:
    email, client = person(city), city.client()
    token = token_in(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token, "next": "/about"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/about")
    cookie = answer.headers.getlist("Set-Cookie")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/account")
    assert "Người mới" in page.text
    assert client.post("/sign-out", data={"csrf_token": token_in(page.text)}).status_code == 303
    assert client.get("/account").status_code == 401


def test_a_wrong_password_and_an_unknown_account_look_alike(city: City) -> None:
    email, client = person(city), city.client()
    token = token_in(client.get("/sign-in").text)
    answers = [
        client.post("/sign-in", data={"email": who, "password": "not the password", "csrf_token": token})
        for who in (email, "khong.co@city.example")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    bodies = [re.sub(r"[\w.]+@city\.example|[0-9a-f]{8}-[0-9a-f]{4}", "", answer.text) for answer in answers]
    assert bodies[0] == bodies[1]


def test_a_form_without_its_token_is_refused(city: City) -> None:
    answer = city.client().post("/sign-in", data={"email": "a@b.vn", "password": "x"})
    assert answer.status_code == 403


def test_a_form_of_another_site_is_refused(city: City) -> None:
    client = city.client()
    token = token_in(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in",
        data={"email": "a@b.vn", "password": "x", "csrf_token": token},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(("site", "status"), [("same-origin", 401), ("cross-site", 403), (None, 403)])
def test_a_form_of_a_page_that_gives_no_referrer_is_ours_where_the_browser_says_so(
    city: City, site: str | None, status: int
) -> None:
    client = city.client()
    data = {"email": "a@b.vn", "password": "x", "csrf_token": token_in(client.get("/sign-in").text)}
    headers = {"Origin": "null"} | ({"Sec-Fetch-Site": site} if site else {})
    assert client.post("/sign-in", data=data, headers=headers).status_code == status


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/%0d%0aX: y"],
)
def test_signing_in_leads_nowhere_else(city: City, target: str) -> None:
    email, client = person(city), city.client()
    token = token_in(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token, "next": target}
    )
    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"].split("?")[0]


@pytest.mark.parametrize(
    "path", ["/desk", "/account", "/operator/harvest", "/desk/datasets/new", "/operator/harvest/new"]
)
def test_a_visitor_is_asked_to_sign_in(still_city: City, path: str) -> None:
    assert still_city.client().get(path).status_code == 401


def test_a_department_describes_uploads_and_publishes(city: City) -> None:
    editor, reviewer = city.client("editor"), city.client("reviewer")
    record = complete_record("Giá nước sạch sinh hoạt")
    created = editor.post("/desk/datasets/new", data=form_of(city, record) | {"csrf_token": editor.token})
    assert created.status_code == 303, created.text[:500]
    dataset_id = created.headers["Location"].split("/")[3]
    page = editor.get(f"/desk/datasets/{dataset_id}/files").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    upload = editor.post(
        f"/desk/datasets/{dataset_id}/files",
        data={
            "action": "upload",
            "version": version[1],
            "csrf_token": editor.token,
            "file": (io.BytesIO("ma,ten\n1,Đồ Sơn\n".encode()), "giá nước.csv"),
        },
    )
    assert upload.status_code == 303, upload.text[:800]
    page = editor.get(f"/desk/datasets/{dataset_id}/files").text
    assert "giá nước.csv" in page
    resource_id = re.search(rf"/desk/datasets/{dataset_id}/files/([0-9a-f-]{{36}})", page)
    assert resource_id is not None
    described = editor.post(
        f"/desk/datasets/{dataset_id}/files/{resource_id[1]}",
        data={
            "version": _version(page),
            "title.vi": "Giá nước",
            "columns.0.name": "ma",
            "columns.0.label.vi": "Mã",
            "columns.0.type": "text",
            "columns.1.name": "ten",
            "columns.1.label.vi": "Tên",
            "columns.1.type": "text",
        },
    )
    assert described.status_code == 303, described.text[:800]
    step(editor, dataset_id, "submit")
    step(reviewer, dataset_id, "publish")
    public = city.client().get(f"/dataset/{dataset_id}", follow_redirects=True)
    assert public.status_code == 200
    assert "Giá nước sạch sinh hoạt" in public.text


def test_a_step_that_is_not_possible_says_why(city: City) -> None:
    editor = city.client("editor")
    answer = editor.post(
        f"/desk/datasets/{city.published}/workflow", data={"action": "withdraw", "note": "x"}
    )
    assert answer.status_code == 403


def test_a_stale_form_loses_nothing(city: City) -> None:
    editor = city.client("editor")
    form = form_of(city, complete_record("Tên đổi lần hai")) | {"version": "0"}
    answer = editor.post(f"/desk/datasets/{city.draft}/edit", data=form)
    assert answer.status_code == 412
    assert "Tên đổi lần hai" in answer.text


def test_history_shows_who_changed_what(city: City) -> None:
    page = city.client("member").get(f"/desk/datasets/{city.draft}/workflow")
    assert page.status_code == 200
    assert "Tạo bản nháp" in page.text


def test_an_operator_sees_previews_runs_and_quarantine(city: City) -> None:
    client = city.client("operator")
    assert client.get("/operator/harvest").status_code == 200
    source = f"/operator/harvest/{city.source}"
    assert client.get(source).status_code == 200
    started = client.post(source, data={"action": "preview"})
    assert started.status_code == 303
    shown = client.get(started.headers["Location"])
    assert shown.status_code == 200
    run = client.post(source, data={"action": "run"})
    assert client.get(run.headers["Location"]).status_code == 200
    assert client.get(f"{source}/quarantine").status_code == 200


def test_a_new_source_is_asked_for_in_four_steps(city: City, tmp_path: object) -> None:
    client = city.client("operator")
    values = {"type": "folder", "title": "Thư mục mới", "url": str(tmp_path)}
    page = client.post("/operator/harvest/new", data=values | {"step": "1"})
    assert page.status_code == 200
    values |= {"organization": city.own, "schedule": ""}
    for step_number in ("2", "3"):
        assert client.post("/operator/harvest/new", data=values | {"step": step_number}).status_code == 200
    saved = client.post("/operator/harvest/new", data=values | {"step": "4"})
    assert saved.status_code in {303, 422}, saved.text[:500]


def test_a_foreign_department_sees_nothing_of_a_source(city: City) -> None:
    assert city.client("foreign").get(f"/operator/harvest/{city.source}").status_code == 404


def form_of(city: City, record: object) -> dict[str, object]:
    return {
        "publisher": city.own,
        "title.vi": record.title["vi"],  # type: ignore[attr-defined]
        "description.vi": record.description["vi"],  # type: ignore[attr-defined]
        "themes": ["ENVI"],
        "contact.0.name.vi": "Phòng Kế hoạch",
        "contact.0.email": "kehoach@city.example",
        "legal_basis.0.code": "Luật 20/2023/QH15",
        "license": "cc-by-4.0",
        "access_level": "public",
        "frequency": "MONTHLY",
        "pham_vi.mode": "moi_only",
        "language": ["VIE"],
    }


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def step(client: object, dataset_id: str, action: str) -> None:
    page = client.get(f"/desk/datasets/{dataset_id}/workflow").text  # type: ignore[attr-defined]
    answer = client.post(  # type: ignore[attr-defined]
        f"/desk/datasets/{dataset_id}/workflow", data={"action": action, "version": _version(page)}
    )
    assert answer.status_code == 303, answer.text[:800]
