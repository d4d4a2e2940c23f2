"""A limiter that fails closes nothing, and is seen: in the health answer, the trail and `opendata doctor`."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.base.models import AuditEvent
from opendata.base.runtime import SYSTEM
from opendata.doors.cli import limit_checks
from opendata.doors.http.limits import FAULTS
from opendata.services.plans import faults
from opendata.services.plans.faults import LimitFaults
from opendata.services.plans.gate import PlanGate
from opendata.testing.web import City

URL = "/api/v1/datasets?size=1"


def broken(*_args: object, **_named: object) -> Any:
    raise RuntimeError("a rule nobody can count by")


def faults_of(city: City) -> LimitFaults:
    found: LimitFaults = city.app.extensions[FAULTS]
    return found


def told(city: City) -> list[AuditEvent]:
    with city.platform.read(SYSTEM) as work:
        return list(work.session.scalars(select(AuditEvent).where(AuditEvent.action == faults.ACTION)))


def doctor(city: City) -> str:
    [finding] = limit_checks.limit_state(city.platform)
    return finding.state


@pytest.mark.parametrize("part", ["check", "charge"])
def test_a_fault_of_the_limits_is_counted_and_told_once_an_hour(
    city: City, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    city.limit("anonymous", "1000/minute", "1000000 bytes/day")
    assert city.client().get("/health/ready").get_json()["limit_faults"] == 0
    assert doctor(city) == "ok"
    monkeypatch.setattr(PlanGate, part, broken)
    client = city.client()
    for _ in range(3):
        answer = client.get(URL)
        assert answer.status_code == 200
    health = city.client().get("/health/ready")
    assert health.status_code == 200
    assert (health.get_json()["status"], health.get_json()["parts"]["limits"]) == ("degraded", "degraded")
    assert health.get_json()["limit_faults"] == 3
    for _ in range(2):
        faults_of(city).flush()
        client.get(URL)
    LimitFaults(city.platform).flush()
    [event] = told(city)
    assert event.data == {"error": "RuntimeError", "calls": 3}
    assert doctor(city) == "warn"


def test_another_process_tells_nothing_of_the_same_hour_and_of_the_next_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (LimitFaults(city.platform) for _ in range(3))
    for process in (first, second, third):
        process.note(RuntimeError())
    first.flush()
    second.flush()
    assert len(told(city)) == 1
    later = city.platform.clock() + faults.PERIOD
    monkeypatch.setattr(city.platform, "clock", lambda: later)
    third.flush()
    assert len(told(city)) == 2
    assert doctor(city) == "warn"
    monkeypatch.setattr(city.platform, "clock", lambda: later + timedelta(days=2))
    assert doctor(city) == "ok"


def test_a_trail_that_is_away_is_told_later_and_never_by_a_call(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = city.client()
    assert client.get(URL).status_code == 200
    monkeypatch.setattr(PlanGate, "check", broken)
    with monkeypatch.context() as away:
        away.setattr(city.platform, "work", broken)
        assert client.get(URL).status_code == 200
        with pytest.raises(RuntimeError):
            faults_of(city).flush()
    faults_of(city).flush()
    assert len(told(city)) == 1
