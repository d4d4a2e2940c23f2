"""Clients that register themselves and look after themselves."""

import pytest
from joserfc.jwk import ECKey

from opendata.base.kit import secrets
from opendata.base.kit.errors import NotAllowed
from opendata.base.models import Organization
from opendata.base.runtime import SYSTEM
from opendata.services.access import members, people
from opendata.services.access.changes import Changes
from opendata.services.access.oauth import registration

WEB = {"client_name": "Ứng dụng xe buýt", "redirect_uris": ["https://bus.example/cb"]}

SERVER = {**WEB, "grant_types": ["client_credentials"]}


@pytest.fixture
def ticket(office):
    return invite(office)


def invite(office, uses=1, role="admin"):
    with office.platform.work() as work:
        user = people.by_id(work, office.city.users[role])
        user.confirmed_at = work.now
        work.caller = people.caller_of(work, user)
        return registration.invite(work, work.session.get_one(Organization, office.city.own), uses=uses)


def register(office, token, metadata):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return office.city.app.test_client().post("/oauth/register", json=metadata, headers=headers)


def manage(office, method, body, *, token=None, json=None):
    headers = {"Authorization": f"Bearer {token or body['registration_access_token']}"}
    path = "/oauth/register/" + body["client_id"]
    return office.city.app.test_client().open(path, method=method, headers=headers, json=json)


def test_a_client_registers_and_works(office, ticket, monkeypatch):
    moment = office.now()
    monkeypatch.setattr(office.platform, "clock", lambda: moment)
    answer = register(office, ticket, {**WEB, "grant_types": ["client_credentials", "authorization_code"]})
    assert answer.status_code == 201, answer.get_json()
    body = answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert body["client_secret"].startswith("hpd_cs_")
    assert body["registration_access_token"].startswith("hpd_ra_")
    assert body["client_secret_expires_at"] - body["client_id_issued_at"] == 365 * 86400
    token = office.token(
        {"grant_type": "client_credentials"}, auth=(body["client_id"], body["client_secret"])
    )
    assert office.get(token.get_json()["access_token"]).status_code == 200


def test_a_ticket_is_good_as_often_as_it_says_and_for_a_day(office):
    ticket = invite(office, uses=2)
    assert [register(office, ticket, WEB).status_code for _ in range(3)] == [201, 201, 401]
    late = invite(office)
    office.seconds_later(86401)
    assert register(office, late, WEB).status_code == 401


def test_a_refused_registration_uses_nothing_up(office, ticket):
    assert register(office, ticket, {**WEB, "scope": "nonsense"}).status_code == 400
    assert register(office, ticket, WEB).status_code == 201


@pytest.mark.parametrize("token", ["", "x", "hpd_ia_" + "0" * 38])
def test_nobody_registers_without_a_ticket(office, token):
    answer = register(office, token, WEB)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": ["http://bus.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://bus.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://bus.example/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": [5]}, "invalid_redirect_uri"),
        ({"grant_types": ["password"]}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": {"a": 1}}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://x.example"},
            "invalid_client_metadata",
        ),
        ({"jwks": "x"}, "invalid_client_metadata"),
        ({"client_name": {"vi": "x"}}, "invalid_client_metadata"),
        ({"client_name": "x" * 3000}, "invalid_client_metadata"),
        ({"scope": "nonsense"}, "invalid_client_metadata"),
        ({"logo_uri": 5}, "invalid_client_metadata"),
    ],
    ids=str,
)
def test_metadata_that_cannot_be_is_refused(office, ticket, metadata, error):
    answer = register(office, ticket, {**WEB, **metadata})
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(office, ticket, body):
    headers = {"Authorization": f"Bearer {ticket}", "Content-Type": "application/json"}
    answer = office.city.app.test_client().post("/oauth/register", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client_metadata")


def test_keys_are_given_inline_and_never_private(office):
    key = ECKey.generate_key("P-256")
    metadata = {**WEB, "token_endpoint_auth_method": "private_key_jwt"}
    bad = {**metadata, "jwks": {"keys": [key.as_dict(private=True)]}}
    assert register(office, invite(office), bad).status_code == 400
    good = {**metadata, "jwks": {"keys": [key.as_dict(private=False)]}}
    answer = register(office, invite(office), good)
    assert answer.status_code == 201
    assert "client_secret" not in answer.get_json()


def test_a_client_reads_changes_and_ends_itself(office, ticket):
    body = register(office, ticket, {**WEB, "grant_types": ["client_credentials"]}).get_json()
    seen = manage(office, "GET", body)
    assert seen.status_code == 200
    assert "client_secret" not in seen.get_json()
    changed = {**WEB, "client_id": body["client_id"], "client_name": "Tên mới"}
    answer = manage(office, "PUT", body, json=changed)
    assert answer.status_code == 200, answer.get_json()
    assert (answer.get_json()["client_name"], answer.get_json()["grant_types"]) == (
        "Tên mới",
        ["authorization_code"],
    )
    for wrong in ({**changed, "client_id": "other"}, {**changed, "registration_access_token": "x"}, []):
        assert manage(office, "PUT", body, json=wrong).status_code == 400
    assert manage(office, "DELETE", body).status_code == 204
    assert manage(office, "GET", body).status_code == 401
    changes = office.platform.part(Changes)
    changes._looked = 0.0
    changes.look()
    auth = (body["client_id"], body["client_secret"])
    assert office.token({"grant_type": "client_credentials"}, auth=auth).status_code == 401


def used(office, body, secret):
    asked = {"grant_type": "client_credentials"}
    return office.token(asked, auth=(body["client_id"], secret)).status_code


def renew(office, body, **more):
    json = {**SERVER, "client_id": body["client_id"], **more}
    return manage(office, "PUT", body, json=json)


def test_a_client_renews_its_secret_before_it_ends_and_after(own_office):
    office = own_office
    body = register(office, invite(office), SERVER).get_json()
    first = body["client_secret"]
    office.seconds_later(334 * 86400)
    early = renew(office, body).get_json()
    assert "client_secret" not in early
    office.seconds_later(2 * 86400)
    assert "client_secret" not in manage(office, "GET", body).get_json()
    answer = renew(office, body, client_secret=first).get_json()
    second = answer["client_secret"]
    assert answer["client_secret_expires_at"] > early["client_secret_expires_at"] + 300 * 86400
    assert (used(office, body, first), used(office, body, second)) == (200, 200)
    assert "client_secret" not in renew(office, body).get_json()
    office.seconds_later(366 * 86400)
    told = manage(office, "GET", body).get_json()
    assert told["client_secret_expires_at"] == answer["client_secret_expires_at"]
    assert used(office, body, second) == 401
    third = renew(office, body, client_secret=second).get_json()["client_secret"]
    assert used(office, body, third) == 200


def test_a_client_that_never_got_its_new_secret_gets_another(own_office):
    office = own_office
    body = register(office, invite(office), SERVER).get_json()
    office.seconds_later(340 * 86400)
    assert "client_secret" in renew(office, body).get_json()
    again = renew(office, body, client_secret=body["client_secret"]).get_json()
    assert used(office, body, again["client_secret"]) == 200


def test_a_client_names_no_secret_but_its_own(office):
    body, other = (register(office, invite(office), SERVER).get_json() for _ in range(2))
    for wrong in ("x", "", 5, other["client_secret"], secrets.draw("hpd", "cs")):
        answer = renew(office, body, client_secret=wrong)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client_metadata")
    assert renew(office, body, client_secret=body["client_secret"]).status_code == 200
    public = register(office, invite(office), {**WEB, "token_endpoint_auth_method": "none"}).get_json()
    answer = manage(office, "PUT", public, json={**WEB, "client_id": public["client_id"]})
    assert answer.status_code == 200
    assert not {"client_secret", "client_secret_expires_at"} & set(answer.get_json())


def test_nobody_looks_after_the_client_of_another(office):
    one = register(office, invite(office), WEB).get_json()
    other = register(office, invite(office), WEB).get_json()
    token = other["registration_access_token"]
    for method in ("GET", "PUT", "DELETE"):
        assert manage(office, method, one, token=token, json={}).status_code == 401
    assert manage(office, "GET", {**one, "client_id": "none"}).status_code == 401
    assert manage(office, "GET", one, token="hpd_rt_" + "0" * 38).status_code == 401


@pytest.mark.parametrize("role", ["foreign", "member", "editor", "reviewer"])
def test_tickets_come_from_the_administrators_of_the_organisation(office, role):
    with pytest.raises(NotAllowed):
        invite(office, role=role)


def assign(office, name, role):
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users[name])
        members.assign(work, user, work.session.get_one(Organization, office.city.own), role)


def test_a_ticket_ends_with_the_right_of_who_gave_it(office):
    assign(office, "spare", "admin")
    ticket = invite(office, uses=2, role="spare")
    assert register(office, ticket, WEB).status_code == 201
    assign(office, "spare", "member")
    assert register(office, ticket, WEB).status_code == 401
