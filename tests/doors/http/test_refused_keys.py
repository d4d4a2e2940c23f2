"""A key that is known and refused: its owner sees the call, answers tell the limits, nothing is charged."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.base.kit import secrets
from opendata.base.kit.errors import RateLimited
from opendata.base.models import ApiKey, Application, FailedCall, QuotaLedger, UsageRollup
from opendata.base.runtime import SYSTEM
from opendata.doors.http import gate
from opendata.doors.http.misses import MOST, MOST_OF_A_KEY, Misses
from opendata.engines.counters import Counters
from opendata.engines.counters.memory import MemoryCounters
from opendata.services.access import applications
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.changes import Changes, next_version
from opendata.services.plans.meter import Meter
from opendata.testing.queries import counted
from opendata.testing.web import City, problem_of

URL = "/api/v1/datasets"
LEFT = re.compile(r'"minute";r=(\d+);t=\d+')

REFUSALS: dict[str, tuple[int, str]] = {
    "network": (403, "network_not_allowed"),
    "origin": (403, "origin_not_allowed"),
    "scope": (403, "insufficient_scope"),
    "address": (403, "query_key_not_allowed"),
    "revoked": (401, "key_revoked"),
    "closed": (401, "key_revoked"),
    "expired": (403, "key_expired"),
    "suspended": (403, "app_suspended"),
}
LIMITS: dict[str, dict[str, Any]] = {
    "network": {"cidrs": ["203.0.113.0/24"]},
    "origin": {"origins": ["https://app.example"]},
}


def refused_key(city: City, way: str) -> tuple[str, str, str]:
    """(text, key, application) of a key that is refused in this way."""
    text = city.key_of("member", *(("download",) if way == "scope" else ()), **LIMITS.get(way, {}))
    found = city.platform.part(Authenticator).key(text)
    with city.platform.work(SYSTEM) as work:
        key = work.session.get_one(ApiKey, found.id)
        application = work.session.get_one(Application, found.application_id)
        if way == "suspended":
            applications.suspend(work, application, reason="thử")
        elif way == "closed":
            applications.close(work, application, reason="thử")
        elif way == "revoked":
            key.revoked_at, key.version = work.now, next_version(work)
        elif way == "expired":
            key.expires_at, key.version = work.now - timedelta(seconds=1), next_version(work)
    city.platform.part(Changes).look()
    return text, found.id, found.application_id


def asked_with(city: City, text: str, way: str = "") -> Any:
    if way == "address":
        return city.client().get(URL, query_string={"api_key": text})
    return city.client().get(URL, headers={"X-Api-Key": text})


@pytest.mark.parametrize("way", REFUSALS)
def test_a_known_key_that_is_refused_is_metered_for_its_owner_and_charged_nothing(
    city: City, way: str
) -> None:
    city.limit("basic", "1000/minute", "5000/calmonth")
    text, key, application = refused_key(city, way)
    answers = [asked_with(city, text, way) for _ in range(2)]
    for answer in answers:
        problem_of(answer, *REFUSALS[way])
        assert answer.headers["RateLimit-Policy"].startswith('"minute";q=1000;w=60, "calmonth";q=5000;')
        assert LEFT.search(answer.headers["RateLimit"])[1] == "1000"  # type: ignore[index]
    city.platform.part(Meter).count()
    with city.platform.read(SYSTEM) as work:
        failed = work.session.scalars(select(FailedCall)).all()
        rows = work.session.scalars(select(UsageRollup).where(UsageRollup.grain == "day")).all()
        assert not work.session.scalars(select(QuotaLedger)).all()
    status, code = REFUSALS[way]
    seen = [(call.application_id, call.key_id, call.status, call.code) for call in failed]
    assert seen == [(application, key, status, code)] * 2
    assert [(row.application_id, row.key_id, row.status_class, row.calls) for row in rows] == [
        (application, key, 4, 2)
    ]
    assert text not in repr([vars(call) for call in failed])


@pytest.mark.parametrize("text", ["x", ""], ids=["malformed", "empty"])
def test_what_is_no_key_stays_nobody_and_is_told_the_open_plan(city: City, text: str) -> None:
    city.limit("anonymous", "77/minute")
    answer = asked_with(city, text)
    problem_of(answer, 401, "key_malformed")
    assert answer.headers["RateLimit-Policy"] == '"minute";q=77;w=60'
    assert LEFT.search(answer.headers["RateLimit"])[1] == "77"  # type: ignore[index]
    city.platform.part(Meter).count()
    with city.platform.read(SYSTEM) as work:
        assert not work.session.scalars(select(FailedCall)).all()
        apps = work.session.scalars(select(UsageRollup.application_id)).all()
    assert set(apps) == {""}


@pytest.mark.parametrize("way", ["unknown", "two", "free"])
def test_whatever_is_answered_tells_the_limits(city: City, way: str) -> None:
    headers = {
        "unknown": {"X-Api-Key": secrets.draw("hpd", "live")},
        "two": {"X-Api-Key": "x, y"},
        "free": {},
    }[way]
    answer = city.client().get("/api/v1/me/limits", headers=headers)
    assert answer.status_code == {"unknown": 401, "two": 400, "free": 200}[way]
    assert {"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit"} <= set(answer.headers.keys())


def test_a_refused_key_that_is_known_asks_nothing_of_the_database(city: City) -> None:
    text, _, _ = refused_key(city, "revoked")
    asked_with(city, text)
    with counted(city.platform) as statements:
        for _ in range(5):
            problem_of(asked_with(city, text), 401, "key_revoked")
    assert statements == []


def test_a_key_that_is_refused_again_and_again_waits_for_itself_alone(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MOST_OF_A_KEY", 3)
    text, _, _ = refused_key(city, "revoked")
    half, good = city.key_of("editor", "download"), city.key_of("editor")
    assert [asked_with(city, text).status_code for _ in range(5)] == [401] * 3 + [429] * 2
    assert [asked_with(city, half).status_code for _ in range(4)] == [403] * 3 + [429]
    told = problem_of(asked_with(city, text), 429, "rate_limited")
    assert told["status"] == 429
    assert asked_with(city, good).status_code == 200, "a cold key of the same network"
    of_its_own = city.client().get("/api/v1/me", headers={"X-Api-Key": half})
    assert of_its_own.status_code == 200, "what the key is good for"
    elsewhere = city.client().get(
        URL, headers={"X-Api-Key": text}, environ_base={"REMOTE_ADDR": "203.0.113.7"}
    )
    problem_of(elsewhere, 401, "key_revoked")


def note(misses: Misses, who: str, most: int) -> None:
    """At one moment, as often as is let in."""
    for _ in range(most):
        misses.note(who, most)


def test_a_page_that_asks_once_a_second_is_told_the_reason_each_time() -> None:
    now = [0.0]
    counters: Counters = MemoryCounters(clock=lambda: now[0])
    misses = Misses(counters)
    for _ in range(5 * MOST_OF_A_KEY):
        misses.note("203.0.113.5 key_a", MOST_OF_A_KEY)
        now[0] += 1
    with pytest.raises(RateLimited):
        note(misses, "203.0.113.5 key_a", MOST_OF_A_KEY)
    note(misses, "203.0.113.5", MOST)
