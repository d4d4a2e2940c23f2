"""One credential from one place; good, or refused with its reason; never silently nobody."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from opendata.base.kit import secrets
from opendata.base.models import ApiKey, Application, User
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.http.gate import MISSES
from opendata.services.access import accounts, applications, authenticator
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.changes import Changes, next_version
from opendata.services.plans.book import PlanBook
from opendata.testing.queries import counted
from opendata.testing.web import City, problem_of

URL = "/api/v1/datasets"
SEED = random.randrange(2**32)


@pytest.fixture
def secret(still_city: City) -> str:
    return still_city.key_of("member")


@pytest.fixture(autouse=True)
def calm(still_city: City) -> None:
    """No test meets the misses of another."""
    still_city.app.extensions[MISSES].forgive("127.0.0.1")


def ways(secret: str) -> list[dict[str, str]]:
    return [
        {"X-Api-Key": secret},
        {"x-api-key": f"  {secret}  "},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer   {secret} "},
        {"Authorization": f"BEARER {secret}"},
        {"Authorization": f"ApiKey {secret}"},
        {"Authorization": f"apikey {secret}"},
    ]


@pytest.mark.parametrize("way", range(7))
def test_a_key_is_taken_from_each_of_its_places(still_city: City, secret: str, way: int) -> None:
    me = still_city.client().get("/api/v1/me", headers=ways(secret)[way]).get_json()
    assert me["kind"] == "key"
    assert me["scopes"] == ["read", "download", "query"]
    assert me["credential"].startswith("key_")


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_needs_no_key(still_city: City, method: str) -> None:
    answer = getattr(still_city.client(), method)(URL)
    assert answer.status_code == 200
    assert "WWW-Authenticate" not in answer.headers


def test_nobody_and_a_key_read_the_same(still_city: City, secret: str) -> None:
    client = still_city.client()
    assert client.get(URL).get_json() == client.get(URL, headers={"X-Api-Key": secret}).get_json()


EMPTY: list[dict[str, str]] = [
    {"X-Api-Key": ""},
    {"X-Api-Key": "   "},
    {"X-Api-Key": "\t"},
    {"Authorization": ""},
    {"Authorization": " "},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "ApiKey"},
    {"Authorization": "ApiKey    "},
    {"Authorization": "Basic dTpw"},
    {"Authorization": "Digest x"},
    {"Authorization": "none"},
]


@pytest.mark.parametrize("headers", EMPTY, ids=str)
def test_an_empty_or_unreadable_credential_is_refused(still_city: City, headers: dict[str, str]) -> None:
    """P48: one clear 401, never an error of the server or a silent visitor."""
    answer = still_city.client().get(URL, headers=headers)
    problem_of(answer, 401, "key_malformed")
    assert_challenged(answer)


def assert_challenged(answer: Any) -> None:
    bearer, key = answer.headers.getlist("WWW-Authenticate")
    assert bearer.startswith('Bearer realm="opendata", error="invalid_token", resource_metadata="')
    assert bearer.endswith('/.well-known/oauth-protected-resource"')
    assert key == 'ApiKey realm="opendata"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_two_credentials_are_one_too_many(still_city: City, secret: str) -> None:
    """KEY-04, RFC 6750 §2: also when they are equal, and whatever their worth."""
    other = secrets.draw("hpd", "live")
    chance = random.Random(SEED)
    places = [
        {"X-Api-Key": f"{secret}, {secret}"},
        {"X-Api-Key": f"{secret},{other}"},
        {"X-Api-Key": f"{secret},"},
        {"Authorization": f"Bearer {secret}, Bearer {other}"},
        {"Authorization": f"Bearer {secret},{secret}"},
    ]
    for _ in range(10):
        first, second = chance.choice([secret, other, "x", ""]), chance.choice([secret, other, "x", ""])
        scheme = chance.choice(["Bearer", "ApiKey", "bearer", "Basic"])
        places.append({"X-Api-Key": first, "Authorization": f"{scheme} {second}"})
    for headers in places:
        problem_of(still_city.client().get(URL, headers=headers), 400, "ambiguous_request")
    both = still_city.client().get(f"{URL}?api_key={secret}", headers={"X-Api-Key": secret})
    problem_of(both, 400, "ambiguous_request")
    problem_of(still_city.client().get(f"{URL}?api_key={secret}&api_key={secret}"), 400, "ambiguous_request")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("api_key=", 401, "key_malformed"),
        ("api_key", 401, "key_malformed"),
        ("api_key=%0A", 401, "key_malformed"),
        ("api%5Fkey=nonsense", 401, "key_malformed"),
        ("api_key={}", 403, "query_key_not_allowed"),
        ("api_key={}%0A", 403, "query_key_not_allowed"),
        ("api_key=%20{}", 403, "query_key_not_allowed"),
        ("q=a&api_key={}&size=1", 403, "query_key_not_allowed"),
    ],
)
def test_a_key_in_the_address_is_refused_unless_the_plan_allows_it(
    still_city: City, secret: str, query: str, status: int, code: str
) -> None:
    answer = still_city.client().get(f"{URL}?{query.format(secret)}")
    problem_of(answer, status, code)
    assert secret not in answer.text


def test_an_allowed_key_in_the_address_leaves_no_trace(
    still_city: City, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = PlanBook.of
    monkeypatch.setattr(
        PlanBook, "of", lambda *a, **named: replace(found(*a, **named), query_key_allowed=True)
    )
    answer = still_city.client().get(f"{URL}?size=1&api_key={secret}&sort=title")
    assert answer.status_code == 200
    assert secret not in answer.text
    assert "size=1&sort=title" in answer.get_json()["links"]["self"]
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_wrong_keys_cost_no_look_into_the_database(still_city: City) -> None:
    """Random, mistyped and wrongly summed keys are told by their form."""
    chance = random.Random(SEED)
    wrong = [secrets.draw("hpd", "live")[:-1] + "-" for _ in range(5)]
    wrong += ["".join(chance.choices("abcXYZ019_-.", k=chance.randrange(60))) or "x" for _ in range(10)]
    client = still_city.client()
    with counted(still_city.platform) as statements:
        for text in wrong:
            problem_of(client.get(URL, headers={"X-Api-Key": text}), 401, "key_malformed")
    assert statements == []


def test_an_unknown_key_is_looked_up_once_in_half_a_minute(still_city: City) -> None:
    unknown, client = secrets.draw("hpd", "live"), still_city.client()
    problem_of(client.get(URL, headers={"X-Api-Key": unknown}), 401, "key_unknown")
    with counted(still_city.platform) as statements:
        for _ in range(10):
            problem_of(client.get(URL, headers={"X-Api-Key": unknown}), 401, "key_unknown")
    assert not [text for text in statements if "api_key" in text]


def test_who_tries_keys_has_to_wait_and_others_do_not(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty misses a minute for a network; a /64 is one, a mapped address is its IPv4 (P44)."""
    good = city.key_of("member")
    client = city.client()

    def called(address: str, key: str) -> int:
        return client.get(URL, headers={"X-Api-Key": key}, environ_base={"REMOTE_ADDR": address}).status_code

    known = city.key_of("editor")
    assert called("203.0.113.99", known) == 200
    found = [called(f"2001:db8:1:2::{n:x}", secrets.draw("hpd", "live")) for n in range(1, 26)]
    assert found == [401] * 20 + [429] * 5
    assert called("2001:db8:1:2:ffff::1", good) == 429
    assert called("2001:db8:1:2:ffff::1", known) == 200  # a key in use suffers from no neighbour
    assert called("2001:db8:1:3::1", good) == 200
    found = [called("::ffff:203.0.113.5" if n % 2 else "203.0.113.5", "x") for n in range(25)]
    assert found == [401] * 20 + [429] * 5
    assert called("203.0.113.6", good) == 200
    answer = client.get(URL, headers={"X-Api-Key": "x"}, environ_base={"REMOTE_ADDR": "203.0.113.5"})
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("cidrs", "address", "status"),
    [
        (["203.0.113.0/24"], "203.0.113.9", 200),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", 200),
        (["203.0.113.0/24"], "203.0.114.9", 403),
        (["203.0.113.0/24"], "2001:db8::1", 403),
        (["203.0.113.7"], "203.0.113.7", 200),
        (["203.0.113.7"], "203.0.113.8", 403),
        (["2001:db8::/32", "198.51.100.0/24"], "2001:db8:ffff::1", 200),
        (["2001:db8::/32"], "2001:db9::1", 403),
        (["0.0.0.0/0"], "2001:db8::1", 403),
    ],
)
def test_a_key_bound_to_networks(city: City, cidrs: list[str], address: str, status: int) -> None:
    secret = city.key_of("member", cidrs=cidrs)
    answer = city.client().get(URL, headers={"X-Api-Key": secret}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    if status == 403:
        problem_of(answer, 403, "network_not_allowed")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://app.example", 200),
        ("https://app.example:8443", 403),
        ("http://app.example", 403),
        ("https://app.example.evil.example", 403),
        ("https://APP.example", 403),
        ("null", 403),
        (None, 403),
    ],
)
def test_a_key_bound_to_pages(still_city: City, origin: str | None, status: int) -> None:
    secret = still_city.key_of("member", origins=["https://app.example"])
    headers = {"X-Api-Key": secret} | ({"Origin": origin} if origin else {})
    answer = still_city.client().get(URL, headers=headers)
    assert answer.status_code == status
    if status == 403:
        problem_of(answer, 403, "origin_not_allowed")


def stored(city: City, secret: str) -> tuple[Any, Any]:
    found = authenticator.Authenticator.key(city.platform.part(Authenticator), secret)
    return found.id, found.application_id


@pytest.mark.parametrize("state", ["revoked", "expired", "suspended", "closed", "blocked"])
def test_what_has_ended_is_refused_with_its_reason(city: City, state: str) -> None:
    secret = city.key_of("member")
    key_id, application_id = stored(city, secret)
    with city.platform.work(SYSTEM) as work:
        key, application = (
            work.session.get_one(ApiKey, key_id),
            work.session.get_one(Application, application_id),
        )
        if state == "suspended":
            applications.suspend(work, application, reason="thử")
        elif state == "closed":
            applications.close(work, application, reason="thử")
        elif state == "blocked":
            accounts.block(work, work.session.get_one(User, application.owner_user_id), reason="thử")
        elif state == "revoked":
            key.revoked_at, key.version = work.now, next_version(work)
        else:
            key.expires_at, key.version = work.now - timedelta(seconds=1), next_version(work)
    city.platform.part(Changes).look()
    expected = {
        "revoked": (401, "key_revoked"),
        "closed": (401, "key_revoked"),
        "expired": (403, "key_expired"),
        "suspended": (403, "app_suspended"),
        "blocked": (403, "account_blocked"),
    }[state]
    answer = city.client().get(URL, headers={"X-Api-Key": secret})
    problem_of(answer, *expected)
    if expected[0] == 401:
        assert_challenged(answer)


def test_a_scope_that_is_missing_is_named(still_city: City) -> None:
    secret = still_city.key_of("editor", "download")
    answer = still_city.client().get(URL, headers={"X-Api-Key": secret})
    problem_of(answer, 403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="opendata", error="insufficient_scope", scope="read"'
    )


def test_a_database_that_is_away_is_no_reason_to_call_a_key_unknown(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm, cold = city.key_of("member"), city.key_of("editor")
    client = city.client()
    assert client.get("/api/v1/openapi.json", headers={"X-Api-Key": warm}).status_code == 200

    def away(_self: Platform, *_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(Platform, "read", away)
    assert client.get("/api/v1/openapi.json", headers={"X-Api-Key": warm}).status_code == 200
    answer = client.get("/api/v1/openapi.json", headers={"X-Api-Key": cold})
    problem_of(answer, 503, "temporarily_unavailable")
    assert "Retry-After" in answer.headers


def test_a_warm_key_asks_nothing_of_the_database(still_city: City, secret: str) -> None:
    known = still_city.platform.part(Authenticator)
    known.key(secret)
    still_city.platform.part(Changes).look()
    with counted(still_city.platform) as statements:
        for _ in range(1000):
            known.key(secret)
    assert not [text for text in statements if "api_key" in text or "user" in text]


def test_a_key_speaks_for_itself_beside_a_session(still_city: City, secret: str) -> None:
    """The rights of the browser it is tried in do not come with it."""
    client = still_city.client("operator")
    assert client.get("/api/v1/me", headers={"X-Api-Key": secret}).get_json()["kind"] == "key"
    problem_of(client.get(f"{URL}/{still_city.draft}", headers={"X-Api-Key": secret}), 404)


def test_pages_know_browsers_only(still_city: City) -> None:
    assert still_city.client().get("/datasets", headers={"Authorization": "Basic dTpw"}).status_code == 200


def test_scripts_of_other_sites_may_send_a_key_and_read_what_is_said_of_it(still_city: City) -> None:
    answer = still_city.client().options(URL, headers={"Origin": "https://app.example"})
    assert {"X-Api-Key", "Authorization"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert "WWW-Authenticate" in exposed
    assert "X-Credential-Expires" in exposed
    assert "Access-Control-Allow-Credentials" not in answer.headers
