"""Signing up for a product, from the portal or from a page of another site that shows it in a frame."""

import re
from typing import Any

import pytest

from opendata.testing.web import City, problem_of

PASSWORD = "một mật khẩu đủ dài"


def offered(city: City, **fields: Any) -> None:
    body = {"title": {"vi": "Lịch tàu", "en": "Ship calls"}, "plan": "partner", "approval": "auto", **fields}
    address = f"/api/v1/organizations/{city.own}/products/lich-tau"
    assert city.client("admin").put(address, json=body).status_code == 200


def signed_up(city: City, **fields: str) -> Any:
    client = city.app.test_client()
    form = client.get("/sign-up?product=lich-tau").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    data = {
        "csrf_token": token[1],
        "email": "moi@vidu.example",
        "name": "Mới",
        "password": PASSWORD,
        **fields,
    }
    return client, client.post("/sign-up", data=data)


@pytest.mark.parametrize(
    ("approval", "state", "words"),
    [("auto", "active", "đang hiệu lực"), ("manual", "pending", "chờ quyết định")],
)
def test_account_key_and_product_come_by_one_form(city: City, approval: str, state: str, words: str) -> None:
    offered(city, approval=approval)
    client, answer = signed_up(city, product="lich-tau")
    assert answer.status_code == 201
    assert words in answer.text
    (app,) = re.findall(r"/developers/apps/(app_\w+)", answer.text)[:1]
    (held,) = client.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"]
    assert (held["product"], held["state"]) == ("lich-tau", state)


def test_its_terms_are_accepted_on_the_form_or_nothing_is_made(city: City) -> None:
    offered(city, terms={"vi": "Ghi nguồn."}, terms_revision=1)
    _, refused = signed_up(city, product="lich-tau")
    assert refused.status_code == 422
    assert "Cần chấp nhận điều khoản" in refused.text
    assert "Ghi nguồn." in refused.text
    assert 'value="moi@vidu.example"' in refused.text
    client, answer = signed_up(city, product="lich-tau", terms="1")
    assert answer.status_code == 201
    assert len(client.get("/api/v1/apps").get_json()["data"]) == 1


def test_a_product_one_may_not_see_is_told_of_nowhere(city: City) -> None:
    offered(city, visibility="members")
    client = city.client()
    for address in ("/sign-up?product=lich-tau", "/embed/signup?product=lich-tau", "/embed/signup?product=x"):
        assert client.get(address).status_code == 404
    problem_of(client.get("/api/v1/products/lich-tau"), 404, "not_found")


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_other_sites_may_show_what_asks_for_nothing(city: City, prefix: str) -> None:
    offered(city)
    for _ in range(2):  # made anew, and told again
        answer = city.client().get(f"{prefix}/embed/signup?product=lich-tau")
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors *" in policy
        assert "form-action 'none'" in policy
    shown = answer.text
    assert f'href="{prefix}/sign-up?product=lich-tau"' in shown
    assert ("Ship calls" if prefix else "Lịch tàu") in shown
    assert "<form" not in shown
    assert "<input" not in shown
    assert "site-footer" not in shown
    assert city.client().get(f"{prefix}/embed/signup").status_code == 200
    for page in (f"{prefix}/sign-up?product=lich-tau", f"{prefix}/products/lich-tau"):
        assert "frame-ancestors 'none'" in city.client().get(page).headers["Content-Security-Policy"]


def test_the_department_finds_what_to_paste(city: City) -> None:
    offered(city)
    words = "&lt;iframe src=&#34;http://localhost/embed/signup?product=lich-tau&#34;"
    assert words in city.client("admin").get("/products/lich-tau").text
    assert "iframe" not in city.client("member").get("/products/lich-tau").text
