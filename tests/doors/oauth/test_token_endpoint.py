"""Client credentials, client authentication, and access tokens at the gate."""

import base64
import json
import logging
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from sqlalchemy.exc import OperationalError

from opendata.base.kit.errors import NotAllowed
from opendata.base.models import Organization, SigningKey
from opendata.base.runtime import ANONYMOUS, SYSTEM
from opendata.doors.http.gate import MISSES
from opendata.services.access import accounts, applications, people
from opendata.services.access.changes import Changes, next_version
from opendata.services.access.oauth import addresses, clients, jwts, signing
from opendata.services.access.oauth.access_tokens import AccessTokens
from opendata.services.access.oauth.signing import SigningKeys
from opendata.testing.queries import counted

ITSELF = {"grant_type": "client_credentials"}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def claims_of(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def settle(office) -> None:
    """As the watch of a worker does at least twice a second."""
    changes = office.platform.part(Changes)
    changes._looked = 0.0
    changes.look()


def test_a_server_gets_a_token_and_uses_it(office):
    client = office.server()
    answer = office.token(ITSELF, auth=client)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert body["expires_in"] == 3600
    assert body["scope"] == "read download query"
    assert "refresh_token" not in body
    claims = claims_of(body["access_token"])
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["sub"] == claims["client_id"] == client[0]
    assert set(claims) == {"iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "app_id"}
    assert len(body["access_token"]) < 700
    seen = office.get(body["access_token"])
    assert seen.status_code == 200
    assert "X-Credential-Expires" not in seen.headers


def test_a_token_has_no_more_rights_than_its_scopes(office):
    client = office.server(wanted=["read", "publish"])
    reading = office.token({**ITSELF, "scope": "read"}, auth=client).get_json()["access_token"]
    writing = office.token({**ITSELF, "scope": "read publish"}, auth=client).get_json()["access_token"]
    draft = f"/api/v1/datasets/{office.city.draft}"
    assert office.get(reading, draft).status_code == 404
    assert office.get(writing, draft).status_code == 200


@pytest.mark.parametrize("scope", ["admin", "publish", "read nonsense", "read publish"])
def test_a_scope_the_client_does_not_have_is_refused(office, scope):
    answer = office.token({**ITSELF, "scope": scope}, auth=office.server())
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_scope"


@pytest.mark.parametrize("scope", ["", "read", "read read"])
def test_the_scope_that_is_given_is_told(office, scope):
    answer = office.token({**ITSELF, "scope": scope}, auth=office.server())
    assert answer.get_json()["scope"] == ("read" if scope else "read download query")


def test_nobody_is_told_which_part_of_a_credential_was_wrong(office):
    client_id, secret = office.server()
    public = office.web()
    tries = [
        office.token(ITSELF, auth=("client_none", secret)),
        office.token(ITSELF, auth=(client_id, "hpd_cs_" + "0" * 38)),
        office.token(ITSELF, auth=(public, secret)),
        office.token({**ITSELF, "client_id": client_id}),
        office.token({**ITSELF, "client_id": "\0"}),
        office.token({**ITSELF, "client_id": client_id, "client_secret": secret}),
        office.token(ITSELF, headers={"Authorization": "Basic !!!"}),
        office.token({**ITSELF, "client_id": public}, auth=(client_id, secret)),
        office.token(ITSELF),
    ]
    assert {answer.status_code for answer in tries} == {401}
    assert len({answer.get_data() for answer in tries}) == 1
    assert tries[0].get_json()["error"] == "invalid_client"
    assert tries[0].headers["WWW-Authenticate"].startswith('Basic realm="opendata", ')


def test_two_ways_of_authentication_at_once_are_refused(office):
    client_id, secret = office.server()
    answer = office.token(
        {**ITSELF, "client_id": client_id, "client_secret": secret}, auth=(client_id, secret)
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["token", "revoke", "introspect", "device_authorization"])
def test_nothing_is_read_from_the_address(office, path):
    client = office.server()
    answer = office.post(f"/oauth/{path}?grant_type=client_credentials&scope=read&token=x", {}, auth=client)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_parameter_sent_twice_is_refused(office):
    answer = office.token({**ITSELF, "scope": ["read", "query"]}, auth=office.server())
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "grant", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "", 'a"b']
)
def test_other_grants_do_not_exist(office, grant):
    answer = office.token({"grant_type": grant, "username": "a", "password": "b"}, auth=office.server())
    assert (answer.status_code, answer.get_json()["error"]) == (400, "unsupported_grant_type")


def test_a_client_uses_only_the_grants_it_has(office):
    public = office.web()
    answer = office.token({**ITSELF, "client_id": public})
    assert answer.status_code == 401
    answer = office.token({"grant_type": "refresh_token", "refresh_token": "x"}, auth=office.server())
    assert answer.get_json()["error"] == "unauthorized_client"


def test_a_session_of_a_browser_counts_for_nothing(office, browser):
    answer = browser.post("/oauth/token", data=ITSELF)
    assert answer.status_code == 401


def test_a_resource_of_somebody_else_is_refused(office):
    client = office.server()
    own = office.token({**ITSELF, "resource": "http://localhost"}, auth=client)
    assert claims_of(own.get_json()["access_token"])["aud"] == "http://localhost"
    foreign = office.token({**ITSELF, "resource": ["http://localhost", "https://bank.example"]}, auth=client)
    assert (foreign.status_code, foreign.get_json()["error"]) == (400, "invalid_target")


def test_errors_of_these_endpoints_are_never_pages(office):
    browser = office.city.app.test_client()
    answer = browser.get("/oauth/token", headers={"Accept": "text/html"})
    assert answer.status_code == 405


# --- secrets ---------------------------------------------------------------------------------------


def test_a_secret_changes_without_a_gap(office):
    client_id, first = office.server()
    with office.platform.work(office.city.caller("editor")) as work:
        second = clients.add_secret(work, work.session.get_one(clients.OAuthClient, client_id)).text
    assert all(office.token(ITSELF, auth=(client_id, text)).status_code == 200 for text in (first, second))
    with office.platform.work(office.city.caller("editor")) as work:
        third = clients.add_secret(work, work.session.get_one(clients.OAuthClient, client_id)).text
    assert office.token(ITSELF, auth=(client_id, first)).status_code == 401
    assert office.token(ITSELF, auth=(client_id, third)).status_code == 200


@pytest.mark.parametrize("role", ["anonymous", "member", "operator"])
def test_only_who_answers_for_a_client_changes_its_secrets(office, role):
    client_id, text = office.server()
    caller = ANONYMOUS if role == "anonymous" else office.city.caller(role)
    with office.platform.work(caller) as work:
        client = work.session.get_one(clients.OAuthClient, client_id)
        with pytest.raises(NotAllowed):
            clients.add_secret(work, client)
        with pytest.raises(NotAllowed):
            clients.end_secret(work, client, clients.live_secrets(work, client)[0].id)
    assert office.token(ITSELF, auth=(client_id, text)).status_code == 200


def shared(office, role, *wanted, **values) -> tuple[str, str | None]:
    """A client of the department, made by one of its people: its id and secret."""
    office.number += 1
    with office.platform.work(office.city.caller(role)) as work:
        body = work.session.get_one(Organization, office.city.own)
        name = f"Máy chủ {office.number}"
        application = applications.create(work, name, organization=body, wanted=wanted)
        grants = values.pop("grants", [addresses.CREDENTIALS])
        made = clients.create(work, application, name, grants=grants, wanted=wanted, **values)
        return made.client.id, made.text


def added(office, role, client_id) -> tuple[str, str | None]:
    with office.platform.work(office.city.caller(role)) as work:
        return client_id, clients.add_secret(work, clients.opened(work, client_id)).text


def edited(office, role, client_id, **changes) -> None:
    with office.platform.work(office.city.caller(role)) as work:
        clients.edit(work, clients.opened(work, client_id), changes)


def role_of(office, client) -> str | None:
    """In whose role the tokens of a client act in its department."""
    token = office.token({**ITSELF, "scope": "publish"}, auth=client).get_json()["access_token"]
    settle(office)
    return office.platform.part(AccessTokens).read(token).caller.roles.get(office.city.own)


def test_who_adds_a_secret_does_not_act_as_who_made_the_client(office):
    client_id, first = shared(office, "admin", "read", "publish")
    assert role_of(office, (client_id, first)) == "admin"
    known = office.token({**ITSELF, "scope": "publish"}, auth=(client_id, first)).get_json()["access_token"]
    reader = office.platform.part(AccessTokens)
    assert reader.read(known).caller.user_id == office.city.users["admin"]
    second = added(office, "editor", client_id)
    assert role_of(office, second) == role_of(office, (client_id, first)) == "editor"
    assert reader.read(known).caller.user_id == office.city.users["editor"]  # a worker that had seen it


def test_who_knows_a_secret_does_not_rise_with_who_adds_another(office):
    client = shared(office, "editor", "read", "publish")
    newer = added(office, "admin", client[0])
    assert role_of(office, client) == role_of(office, newer) == "editor"
    edited(office, "admin", client[0], grants=[addresses.CREDENTIALS, addresses.REFRESH])
    assert role_of(office, client) == "editor"


def test_who_changes_grants_does_not_act_as_who_made_the_client(office):
    client = shared(
        office, "admin", "read", "publish", grants=[addresses.CODE], redirect_uris=["https://app.example/cb"]
    )
    edited(office, "editor", client[0], grants=[addresses.CODE, addresses.CREDENTIALS])
    assert role_of(office, client) == "editor"


def test_who_changes_keys_does_not_act_as_who_made_the_client(office):
    def keys() -> dict:
        public = ECKey.generate_key("P-256", private=False).as_dict(private=False)
        return {"keys": [{**public, "kid": "k1"}]}

    client, _ = shared(office, "admin", "read", "publish", auth_method="private_key_jwt", jwks=keys())

    def maker() -> str:
        with office.platform.read() as work:
            return work.session.get_one(clients.OAuthClient, client).metadata_["created_by"]

    edited(office, "editor", client, name="Tên khác")
    assert maker() == office.city.users["admin"]
    edited(office, "editor", client, jwks=keys())
    assert maker() == office.city.users["editor"]


def test_who_does_not_hold_what_a_client_may_gets_no_way_to_its_tokens(office):
    client = shared(office, "admin", "read", "publish", "admin")
    with pytest.raises(NotAllowed):
        added(office, "editor", client[0])
    with pytest.raises(NotAllowed):
        edited(office, "editor", client[0], grants=[addresses.CREDENTIALS, addresses.REFRESH])
    assert role_of(office, client) == "admin"


def test_operators_leave_a_client_whose_it_is(office):
    client_id, _ = shared(office, "reviewer", "read", "publish")
    assert role_of(office, added(office, "operator", client_id)) == "reviewer"
    with office.platform.work(SYSTEM) as work:
        text = clients.add_secret_for_owner(work, client_id).text
    assert role_of(office, (client_id, text)) == "reviewer"


def test_a_secret_ends_after_a_year(office):
    client = office.server()
    office.seconds_later(366 * 86400)
    assert office.token(ITSELF, auth=client).status_code == 401


# --- the gate --------------------------------------------------------------------------------------


def forged(office, *, header=None, key=None, **changes) -> str:
    """A token like ours, with something changed."""
    keys = office.platform.part(SigningKeys)
    client_id, secret = office.server()
    claims = claims_of(office.token(ITSELF, auth=(client_id, secret)).get_json()["access_token"])
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not ...}
    key = key or keys.signing()
    usual = {"alg": "ES256", "typ": "at+jwt", "kid": keys.signing().kid}
    head = {name: value for name, value in {**usual, **(header or {})}.items() if value is not ...}
    return jwt.encode(head, claims, key, [head["alg"]], default_type=None)


def refused(office, token: str) -> None:
    answer = office.get(token)
    assert answer.status_code == 401, answer.get_json()
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert "/.well-known/oauth-protected-resource" in answer.headers["WWW-Authenticate"]


@pytest.fixture(autouse=True)
def patient(office):
    """Many bad tokens from one address are not what these tests are about."""
    office.city.app.extensions[MISSES].forgive("127.0.0.1")


def test_our_forger_can_make_good_tokens(office):
    assert office.get(forged(office)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [{"typ": ...}, {"typ": "JWT"}, {"kid": ...}, {"kid": "unknown"}, {"x5u": "https://evil.example/k"}],
    ids=["no typ", "typ JWT", "no kid", "unknown kid", "foreign parameter"],
)
def test_headers_that_are_not_ours_are_refused(office, header):
    refused(office, forged(office, header=header))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://bank.example"},
        {"aud": ...},
        {"iss": "https://evil.example"},
        {"iss": ...},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": ...},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": 7},
        {"jti": ...},
        {"jti": ["x"]},
        {"client_id": "client_none"},
        {"scope": ...},
        {"gid": "unknown"},
    ],
    ids=str,
)
def test_claims_that_are_not_ours_are_refused(office, changes):
    refused(office, forged(office, **changes))


def test_algorithms_and_keys_of_others_are_refused(office):
    public = office.platform.part(SigningKeys).document()["keys"][0]
    other = ECKey.generate_key("P-256")
    for token in (
        forged(office, key=other),
        forged(office, key=other, header={"jwk": other.as_dict(private=False)}),
        forged(office, key=RSAKey.generate_key(2048), header={"alg": "RS256"}),
        forged(office, key=OctKey.import_key(json.dumps(public)), header={"alg": "HS256"}),
    ):
        refused(office, token)


def test_unsigned_tokens_are_refused(office):
    good = forged(office)
    for header in (
        {"alg": "none"},
        {"alg": "none", "typ": "at+jwt"},
        {"alg": "None", "typ": "at+jwt", "kid": "x"},
    ):
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        refused(office, f"{head}.{good.split('.')[1]}.")
        refused(office, ".".join([head, *good.split(".")[1:]]))


@pytest.mark.parametrize("text", ["..", "a.b.c", "é.b.c", "W10.W10.W10", "bnVsbA.bnVsbA.x", "e30.e30.e30"])
def test_garbage_is_refused_fast(office, text):
    began = time.perf_counter()
    answer = office.city.app.test_client().get(
        "/api/v1/datasets", headers={"Authorization": f"Bearer {text}".encode().decode("latin-1")}
    )
    assert answer.status_code == 401
    assert time.perf_counter() - began < 0.5


def test_a_token_too_long_is_not_decoded(office):
    refused(office, forged(office, more="x" * jwts.LONGEST))


@pytest.mark.parametrize(("skew", "good"), [(-50, True), (-90, False), (3640, True), (3690, False)])
def test_clocks_may_differ_by_a_minute(office, skew, good):
    """`skew` seconds after it was made by the clock of another."""
    made = int(office.now().timestamp()) - skew
    token = forged(office, iat=made, nbf=made, exp=made + 3600)
    assert (office.get(token).status_code == 200) is good


def test_a_token_a_worker_knows_ends_as_well(office):
    token = forged(office)
    assert office.get(token).status_code == 200
    office.seconds_later(3670)
    refused(office, token)


def test_a_known_token_needs_no_statement(office):
    token = forged(office)
    settle(office)  # a worker that sees of a change just now reads again
    office.get(token, "/api/v1/licences")
    with counted(office.platform) as seen:
        assert office.get(token, "/api/v1/licences").status_code == 200
    assert [text for text in seen if "oauth" in text or "signing" in text or "denied" in text] == []


def test_the_end_of_a_client_ends_its_tokens(office):
    client = office.server()
    token = office.token(ITSELF, auth=client).get_json()["access_token"]
    assert office.get(token).status_code == 200
    with office.platform.work(SYSTEM) as work:
        clients.revoke(work, work.session.get_one(clients.OAuthClient, client[0]), reason="thử")
    settle(office)
    refused(office, token)
    assert office.token(ITSELF, auth=client).status_code == 401


def test_a_blocked_owner_has_no_tokens(office):
    client = office.server(role="reviewer")
    token = office.token(ITSELF, auth=client).get_json()["access_token"]
    assert office.get(token).status_code == 200
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users["reviewer"])
        user.active, user.version = False, next_version(work)
    settle(office)
    assert office.get(token).status_code == 403
    assert office.token(ITSELF, auth=client).status_code == 401
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users["reviewer"])
        user.active, user.version = True, next_version(work)


def blocked(office, role, *, active=False) -> None:
    with office.platform.work(SYSTEM) as work:
        user = people.by_id(work, office.city.users[role])
        if active:
            accounts.unblock(work, user, reason="thử")
        else:
            accounts.block(work, user, reason="thử")
    settle(office)


def test_a_blocked_owner_stops_what_others_gave_the_application(office):
    token = office.tokens(office.web(role="reviewer"), role="editor")["access_token"]
    settle(office)
    assert office.get(token).status_code == 200
    blocked(office, "reviewer")
    try:
        assert office.get(token).status_code == 403
    finally:
        blocked(office, "reviewer", active=True)
    assert office.get(token).status_code == 200


def test_tokens_that_were_refused_during_a_block_are_good_after_it(office):
    own = office.token(ITSELF, auth=office.server(role="reviewer")).get_json()["access_token"]
    client = shared(office, "reviewer", "read", "publish")
    bodys = office.token({**ITSELF, "scope": "publish"}, auth=client).get_json()["access_token"]
    reader = office.platform.part(AccessTokens)
    blocked(office, "reviewer")
    try:
        assert office.get(own).status_code == 403
        assert reader.read(bodys).caller.roles == {}
    finally:
        blocked(office, "reviewer", active=True)
    assert office.get(own).status_code == 200
    assert reader.read(bodys).caller.roles == {office.city.own: "reviewer"}


# --- signing keys ----------------------------------------------------------------------------------


def test_keys_are_published_before_they_sign_and_after(office):
    with office.platform.work(SYSTEM) as work:
        signing.rotate(work, reason="thử", at_once=True)
    settle(office)
    document = office.city.app.test_client().get("/oauth/jwks.json")
    assert document.headers["Cache-Control"] == "public, max-age=3600"
    published = {key["kid"] for key in document.get_json()["keys"]}
    assert not any("d" in key for key in document.get_json()["keys"])
    with office.platform.work(SYSTEM) as work, pytest.raises(signing.NextKeyTooYoung):
        signing.rotate(work, reason="đến hạn")
    office.seconds_later(25 * 3600)
    old = forged(office)
    with office.platform.work(SYSTEM) as work:
        current = signing.rotate(work, reason="đến hạn").kid
    settle(office)
    new = forged(office)
    assert current in published
    assert jwt.decode(new, KeySet.import_key_set(document.get_json())).header["kid"] == current
    assert office.get(old).status_code == office.get(new).status_code == 200
    office.seconds_later(3 * 3600)
    left = {key["kid"] for key in office.platform.part(SigningKeys).document()["keys"]}
    assert left & published == {current}


def test_a_removed_key_is_dead_at_once(office):
    token = forged(office)
    assert office.get(token).status_code == 200
    kid = office.platform.part(SigningKeys).signing().kid
    with office.platform.work(SYSTEM) as work:
        signing.remove(work, kid, reason="lộ khóa")
    settle(office)
    refused(office, token)
    assert kid not in {key["kid"] for key in office.platform.part(SigningKeys).document()["keys"]}
    assert office.get(forged(office)).status_code == 200


def test_private_keys_are_sealed(office):
    office.token(ITSELF, auth=office.server())
    with office.platform.read() as work:
        rows = work.session.query(SigningKey).all()
    assert rows
    assert not any('"d"' in row.private or "d" in row.public for row in rows)


# --- private_key_jwt -------------------------------------------------------------------------------


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
def robot(office, key):
    jwks = {"keys": [key.as_dict(private=False)]}
    return office.server(auth_method="private_key_jwt", jwks=jwks)[0]


def asserted(office, client_id, key, *, header=None, **changes):
    now = int(office.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": "http://localhost/oauth/token",
        "iat": now,
        "exp": now + 60,
        "jti": f"{time.monotonic_ns()}",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not ...}
    text = jwt.encode({"alg": "ES256", **(header or {})}, claims, key, [(header or {}).get("alg", "ES256")])
    return office.token({**ITSELF, "client_assertion_type": ASSERTION, "client_assertion": text}), text


def test_a_client_proves_itself_with_its_key(office, robot, key):
    answer, text = asserted(office, robot, key)
    assert answer.status_code == 200, answer.get_json()
    again = office.token({**ITSELF, "client_assertion_type": ASSERTION, "client_assertion": text})
    assert again.status_code == 401


def test_an_assertion_is_used_up_by_a_refusal_too(office, robot, key):
    _, text = asserted(office, robot, key)
    data = {**ITSELF, "client_assertion_type": ASSERTION, "client_assertion": text}
    now = int(office.now().timestamp())
    fresh = jwt.encode(
        {"alg": "ES256"},
        {"iss": robot, "sub": robot, "aud": "http://localhost", "exp": now + 60, "jti": "once"},
        key,
    )
    data["client_assertion"] = fresh
    assert office.token({**data, "scope": "admin"}).get_json()["error"] == "invalid_scope"
    assert office.token(data).status_code == 401


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"iat": 3, "nbf": 3}, True),
        ({"iat": 600, "nbf": 600}, False),
        ({"exp": -3}, True),
        ({"exp": -120}, False),
        ({"exp": 7 * 86400}, False),
    ],
    ids=str,
)
def test_assertions_of_clocks_that_differ(office, robot, key, changes, good):
    now = int(office.now().timestamp())
    answer, _ = asserted(office, robot, key, **{name: now + value for name, value in changes.items()})
    assert answer.status_code == (200 if good else 401)
    assert good or answer.get_json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "x"},
        {"sub": "x"},
        {"sub": 5},
        {"aud": "https://x.example"},
        {"exp": ...},
        {"exp": "x"},
        {"jti": ...},
    ],
    ids=str,
)
def test_assertions_that_say_something_else_are_refused(office, robot, key, changes):
    answer, _ = asserted(office, robot, key, **changes)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_assertions_of_other_keys_are_refused(office, robot, key):
    other = ECKey.generate_key("P-256")
    shared = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    tries = [
        asserted(office, robot, other)[0],
        asserted(office, robot, other, header={"jwk": other.as_dict(private=False)})[0],
        asserted(office, robot, shared, header={"alg": "HS256"})[0],
        asserted(office, robot, key, header={"kid": "unknown"})[0],
    ]
    assert [answer.status_code for answer in tries] == [401] * 4


def test_a_database_that_is_away_is_no_wrong_credential(office, monkeypatch):
    client = office.server()
    known, unknown = forged(office), forged(office)
    assert office.get(known, "/api/v1/licences").status_code == 200

    def away(*_arguments):
        raise OperationalError("SELECT 1", {}, Exception("away"))

    with monkeypatch.context() as faults:
        faults.setattr(office.platform, "work", away)
        faults.setattr(office.platform, "read", away)
        assert office.token(ITSELF, auth=client).status_code == 503
        assert office.get(unknown, "/api/v1/licences").status_code == 503
        assert office.get(known, "/api/v1/licences").status_code == 200


# --- metadata and logs -----------------------------------------------------------------------------


def test_metadata_is_what_the_standard_asks_for(office):
    from authlib.oauth2 import rfc8414, rfc9207

    client = office.city.app.test_client()
    told = client.get("/.well-known/oauth-authorization-server").get_json()
    secured = json.loads(json.dumps(told).replace("http://localhost", "https://data.example"))
    rfc8414.AuthorizationServerMetadata(secured).validate([rfc9207.AuthorizationServerMetadata])
    assert told["code_challenge_methods_supported"] == ["S256"]
    resource = client.get("/.well-known/oauth-protected-resource").get_json()
    assert resource["authorization_servers"] == [told["issuer"]]
    assert resource["bearer_methods_supported"] == ["header"]


def test_logs_hold_no_token(office, caplog):
    logging.getLogger("authlib").setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            client = office.server()
            token = office.token(ITSELF, auth=client).get_json()["access_token"]
            office.get(token)
            tokens = office.tokens(office.web())
            office.refresh(office.web(), tokens["refresh_token"])
    finally:
        logging.getLogger("authlib").setLevel(logging.WARNING)
    text = caplog.text
    for secret in (client[1], token, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in text
        assert secret.rsplit(".", 1)[-1] not in text
