"""OAuth2 clients and consents on pages, in both languages, without a script."""

import re
from typing import Any

import pytest

from opendata.services.access import applications
from opendata.services.access.oauth import families, refresh
from opendata.testing.web import City

BOTH = pytest.mark.parametrize("prefix", ["", "/en"])
SECRET = re.compile(r"hpd_cs_[0-9A-Za-z]{38}")
WEB = {
    "action": "create",
    "name": "Xe buýt",
    "auth_method": "client_secret_basic",
    "grants": ["authorization_code", "refresh_token"],
    "scopes": ["read"],
    "redirect_uris": "https://bus.example/cb\nhttp://127.0.0.1:8400/cb",
}


@pytest.fixture
def address(city: City) -> str:
    with city.platform.work(city.caller("editor")) as work:
        return f"/developers/apps/{applications.create(work, 'Xe buýt').id}/client"


def secret_in(page: Any) -> str:
    assert page.status_code == 201
    assert "no-store" in page.headers["Cache-Control"]
    found = SECRET.search(page.text)
    assert found is not None
    return found[0]


def token(city: City, client_id: str, secret: str) -> int:
    data = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "y", "code_verifier": "z"}
    return city.app.test_client().post("/oauth/token", data=data, auth=(client_id, secret)).status_code


@BOTH
def test_a_client_is_made_changed_and_revoked_by_forms(city: City, address: str, prefix: str) -> None:
    browser, address = city.client("editor"), prefix + address
    assert f'href="{address}"' in browser.get(address.removesuffix("/client")).text
    first = secret_in(browser.post(address, data=WEB))
    page = browser.get(address).text
    assert first not in page
    client = re.search(r"<code>(client_\w+)</code>", page)
    assert client is not None
    assert "https://bus.example/cb" in page
    second = secret_in(browser.post(address, data={"action": "secret"}))
    assert [token(city, client[1], text) for text in (first, second)] == [400, 400], "both are good"
    shown = re.findall(r'name="secret" value="(\w+)"', browser.get(address).text)
    assert len(shown) == 2
    assert browser.post(address, data={"action": "end-secret", "secret": shown[1]}).status_code == 303
    assert [token(city, client[1], text) for text in (first, second)] == [401, 400]
    changed = {**WEB, "action": "edit", "name": "Xe điện", "redirect_uris": "https://tram.example/cb"}
    assert browser.post(address, data=changed).status_code == 303
    assert "https://tram.example/cb" in browser.get(address).text
    assert browser.post(address, data={"action": "revoke"}).status_code == 303
    assert token(city, client[1], second) == 401
    assert client[1] in browser.get(address).text
    secret_in(browser.post(address, data=WEB))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"redirect_uris": "http://bus.example/cb"}, "redirect_uris"),
        ({"redirect_uris": "https://bus.example/#x"}, "redirect_uris"),
        ({"name": ""}, "name"),
        ({"grants": []}, "grants"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"auth_method": "private_key_jwt"}, "jwks"),
        ({"jwks": "not json"}, "jwks"),
        ({"jwks": "[]"}, "jwks"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_beside_its_field(
    city: City, address: str, changes: dict[str, Any], field: str
) -> None:
    page = city.client("editor").post(address, data={**WEB, **changes})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert not SECRET.search(page.text)


def test_others_see_no_client_and_change_none(city: City, address: str) -> None:
    city.client("editor").post(address, data=WEB)
    assert city.client("admin").get(address).status_code == 404
    assert city.client("admin").post(address, data={"action": "secret"}).status_code == 404
    assert city.client().get(address).status_code in {303, 401}
    assert city.client("operator").post(address, data={"action": "secret"}).status_code == 403


@BOTH
def test_a_person_sees_who_was_let_in_and_shows_it_out(city: City, prefix: str) -> None:
    with city.platform.work() as work:
        family = families.begin(work, city.oauth_client, city.users["editor"], "read")
        refresh.store(work, family, scope="read", resource=None)
    browser = city.client("editor")
    page = browser.get(f"{prefix}/account/apps").text
    assert "Cổng của sở" in page
    assert city.oauth_client in page
    assert f'href="{prefix}/account/apps"' in browser.get(f"{prefix}/account").text
    assert city.oauth_client not in city.client("admin").get(f"{prefix}/account/apps").text
    data = {"client_id": city.oauth_client}
    assert city.client("admin").post(f"{prefix}/account/apps", data=data).status_code == 404
    assert browser.post(f"{prefix}/account/apps", data=data).status_code == 303
    assert city.oauth_client not in browser.get(f"{prefix}/account/apps").text


def test_one_session_is_ended_by_a_form(city: City) -> None:
    here, there = city.client("editor"), city.client("editor")
    (name,) = re.findall(r'name="session" value="(\w+)"', here.get("/account/security").text)
    assert here.post("/account/security", data={"action": "end", "session": name}).status_code == 303
    assert there.get("/api/v1/me/sessions").status_code == 401
    assert here.get("/api/v1/me/sessions").status_code == 200


@BOTH
def test_an_organisation_gets_a_token_for_registration(city: City, prefix: str) -> None:
    slug = city.client("editor").get("/api/v1/me/organizations").get_json()["data"][0]["slug"]
    address = f"{prefix}/developers/organizations/{slug}"
    page = city.client("admin").post(address, data={"action": "register", "uses": "1"})
    assert page.status_code == 201
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    found = re.search(r"hpd_ia_[0-9A-Za-z]{38}", page.text)
    assert found is not None
    metadata = {"redirect_uris": ["https://bus.example/cb"]}
    headers = {"Authorization": f"Bearer {found[0]}"}
    answer = city.app.test_client().post("/oauth/register", json=metadata, headers=headers)
    assert answer.status_code == 201
    wrong = city.client("admin").post(address, data={"action": "register", "uses": "x"})
    assert wrong.status_code == 422
    assert 'id="uses-error"' in wrong.text
    assert 'value="register"' not in city.client("editor").get(address).text
    refused = city.client("editor").post(address, data={"action": "register", "uses": "1"})
    assert refused.status_code == 403
    assert "hpd_ia_" not in refused.text
