"""The OAuth2 client of an application over REST."""

from typing import Any

import pytest

from opendata.services.access import applications
from opendata.services.access.changes import Changes
from opendata.testing.web import ApiClient, City, problem_of

ITSELF = {"grant_type": "client_credentials"}
SERVER = {"name": "Máy chủ", "grants": ["client_credentials"]}


@pytest.fixture
def address(city: City) -> str:
    with city.platform.work(city.caller("editor")) as work:
        made = applications.create(work, "Xe buýt", wanted=["read", "download", "query", "publish"])
    return f"/api/v1/apps/{made.id}/client"


@pytest.fixture
def developer(city: City) -> ApiClient:
    return city.client("editor")


def token(city: City, client_id: str, secret: str, scope: str = "") -> Any:
    data = {**ITSELF, "scope": scope}
    return city.app.test_client().post("/oauth/token", data=data, auth=(client_id, secret))


def works(city: City, access_token: str) -> bool:
    city.platform.part(Changes).look()
    headers = {"Authorization": f"Bearer {access_token}"}
    return city.client().get("/api/v1/datasets", headers=headers).status_code == 200


def test_a_client_is_made_and_its_secret_is_shown_once(
    city: City, developer: ApiClient, address: str
) -> None:
    problem_of(developer.get(address), 404)
    made = developer.post(address, json=SERVER)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    body = made.get_json()
    assert token(city, body["id"], body["secret"]).status_code == 200
    shown = developer.get(address)
    assert body["secret"] not in shown.text
    assert [secret["display"] for secret in shown.get_json()["secrets"]] == [body["secret"][:13] + "…"]
    problem_of(developer.post(address, json=SERVER), 409, "client_exists")


def test_a_secret_is_changed_without_a_gap(city: City, developer: ApiClient, address: str) -> None:
    first = developer.post(address, json=SERVER).get_json()
    second = developer.post(f"{address}/secrets").get_json()
    third = developer.post(f"{address}/secrets").get_json()
    statuses = [token(city, first["id"], one["secret"]).status_code for one in (first, second, third)]
    assert statuses == [401, 200, 200]
    left = developer.delete(f"{address}/secrets/{second['id']}").get_json()["secrets"]
    assert [secret["id"] for secret in left] == [third["id"]]
    assert token(city, first["id"], second["secret"]).status_code == 401
    problem_of(developer.delete(f"{address}/secrets/{second['id']}"), 404)


def test_what_is_named_is_changed(developer: ApiClient, address: str) -> None:
    uris = ["https://app.example/cb", "http://127.0.0.1:8400/cb"]
    made = developer.post(
        address,
        json={
            "name": "A",
            "auth_method": "none",
            "redirect_uris": uris[:1],
            "grants": ["authorization_code"],
        },
    ).get_json()
    assert (made["type"], made["secret"]) == ("public", None)
    changed = developer.patch(address, json={"redirect_uris": uris}).get_json()
    assert (changed["redirect_uris"], changed["name"]) == (uris, "A")
    problem_of(developer.patch(address, json={"redirect_uris": ["http://app.example/cb"]}), 422)
    problem_of(developer.patch(address, json={"auth_method": "client_secret_basic"}), 422)
    problem_of(developer.patch(address, json={"may_introspect": True}), 422)
    problem_of(developer.post(f"{address}/secrets"), 422)
    assert developer.get(address).get_json()["redirect_uris"] == uris


def test_nobody_gives_a_client_what_its_application_lacks(developer: ApiClient, address: str) -> None:
    problem_of(developer.post(address, json={**SERVER, "scopes": ["admin"]}), 422)
    assert developer.post(address, json={**SERVER, "scopes": ["publish"]}).status_code == 201


def test_fewer_scopes_bind_the_tokens_there_are(city: City, developer: ApiClient, address: str) -> None:
    made = developer.post(address, json={**SERVER, "scopes": ["read", "publish"]}).get_json()
    told = token(city, made["id"], made["secret"], "read publish").get_json()
    draft = f"/api/v1/datasets/{city.draft}"
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert city.client().get(draft, headers=headers).status_code == 200
    developer.patch(address, json={"scopes": ["read"]})
    city.platform.part(Changes).look()
    assert city.client().get(draft, headers=headers).status_code == 404


def test_a_revoked_client_is_dead_and_another_takes_its_place(
    city: City, developer: ApiClient, address: str
) -> None:
    first = developer.post(address, json=SERVER).get_json()
    held = token(city, first["id"], first["secret"]).get_json()["access_token"]
    assert works(city, held)
    assert "effective_by" in developer.delete(address).get_json()
    assert not works(city, held)
    assert token(city, first["id"], first["secret"]).status_code == 401
    assert developer.get(address).get_json()["revoked_at"]
    problem_of(developer.patch(address, json={"name": "B"}), 409, "client_revoked")
    second = developer.post(address, json=SERVER).get_json()
    assert second["id"] != first["id"]
    assert token(city, second["id"], second["secret"]).status_code == 200
    assert not works(city, held)


def test_an_operator_says_why_a_client_of_others_ends(city: City, developer: ApiClient, address: str) -> None:
    developer.post(address, json=SERVER)
    operator = city.client("operator")
    problem_of(operator.delete(address), 422)
    problem_of(operator.post(f"{address}/secrets"), 403)
    problem_of(operator.patch(address, json={"name": "B"}), 403)
    assert operator.delete(address, json={"reason": "lạm dụng"}).status_code == 200


def test_clients_register_with_a_token_of_the_organisation(city: City) -> None:
    address, admin = f"/api/v1/organizations/{city.own}/registration-tokens", city.client("admin")
    made = admin.post(address, json={"uses": 2})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    body = made.get_json()
    headers = {"Authorization": f"Bearer {body['token']}"}
    metadata = {"client_name": "Xe buýt", "redirect_uris": ["https://bus.example/cb"]}
    path = body["registration_endpoint"].removeprefix("http://localhost")
    registered = [
        city.app.test_client().post(path, json=metadata, headers=headers).status_code for _ in range(3)
    ]
    assert registered == [201, 201, 401]
    problem_of(admin.post(address, json={"uses": 21}), 422)
    problem_of(city.client("editor").post(address), 403)
    problem_of(city.client("foreign").post(address), 404)
