"""What is measured is counted once, whatever is killed while it is counted."""

import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import event, func, select

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Notice, QuotaLedger, UsageRollup, User
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.plans import rollup
from opendata.services.plans.spool import CALLS, SPENT, Spool, read_all

ZONE_DAY = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
"""00:00 on 1 December in the city."""


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def call(at: float, status: int = 200, route: str = "/api/v1/datasets", **more: Any) -> dict[str, Any]:
    return {"t": at, "app": "app_a", "key": "key_a", "route": route, "s": status, "ms": 3.0, "b": 10} | more


def total(platform: Platform, grain: str) -> int:
    with platform.read(SYSTEM) as work:
        return work.session.scalar(select(func.sum(UsageRollup.calls)).where(UsageRollup.grain == grain)) or 0


def test_a_counter_killed_at_any_point_loses_and_repeats_nothing(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.services.plans.spool.READ", 600)
    spool, draw = Spool(tmp_path / "spool"), random.Random(11)
    began = ZONE_DAY.timestamp() - 40
    written: Counter[int] = Counter()
    kills = {"left": 100}

    def maybe_killed(*_arguments: Any, **_named: Any) -> None:
        if kills["left"] and draw.random() < 0.08:
            kills["left"] -= 1
            raise Killed

    real: dict[str, Any] = {"raise": rollup._raise, "claim": rollup._claim}

    def raised(*arguments: Any) -> None:
        maybe_killed()
        real["raise"](*arguments)
        maybe_killed()

    def claimed(*arguments: Any) -> bool:
        maybe_killed()
        return real["claim"](*arguments)

    monkeypatch.setattr(rollup, "_raise", raised)
    monkeypatch.setattr(rollup, "_claim", claimed)
    rounds = 0
    while kills["left"] or rounds < 20:
        rounds += 1
        status = draw.choice((200, 200, 304, 404, 429, 500))
        lines = [call(began + draw.random() * 90, status) for _ in range(draw.randint(1, 12))]
        spool.append(CALLS, draw.choice(("2026-11-30T23", "2026-12-01T00")), lines)
        written[status // 100] += len(lines)
        try:
            rollup.run(platform, spool)
        except Killed:
            continue
    rollup.run(platform, spool)
    assert sum(1 for path in spool.waiting() for _ in read_all(path)) == sum(written.values())
    for grain in rollup.GRAINS:
        assert total(platform, grain) == sum(written.values())
    with platform.read(SYSTEM) as work:
        by_class = select(UsageRollup.status_class, func.sum(UsageRollup.calls)).where(
            UsageRollup.grain == "day"
        )
        assert dict(work.session.execute(by_class.group_by(UsageRollup.status_class)).all()) == written


def test_days_and_months_are_those_of_the_city(platform: Platform, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(CALLS, "2026-11-30T23", [call(ZONE_DAY.timestamp() - 0.001)])
    spool.append(CALLS, "2026-12-01T00", [call(ZONE_DAY.timestamp())])
    rollup.run(platform, spool)
    with platform.read(SYSTEM) as work:
        starts = work.session.scalars(
            select(UsageRollup.start).where(UsageRollup.grain == "month").order_by(UsageRollup.start)
        ).all()
    assert starts == [datetime(2026, 10, 31, 17, tzinfo=UTC), ZONE_DAY]


def test_half_a_line_is_no_line_until_it_is_whole(platform: Platform, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(CALLS, "2026-11-30T23", [call(1.0)])
    path = spool.waiting()[0]
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert rollup.run(platform, spool) == 1
    spool.append(CALLS, "2026-11-30T23", [call(2.0)])
    assert rollup.run(platform, spool) == 1
    assert total(platform, "day") == 2


def test_files_that_wait_to_be_put_away_are_not_asked_for_one_by_one(
    platform: Platform, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    for hour in range(24):
        spool.append(CALLS, f"2026-11-30T{hour:02}", [call(1.0)])
    assert rollup.run(platform, spool) == 24
    statements: list[str] = []
    event.listen(platform.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert rollup.run(platform, spool) == 0
    assert len(statements) == 1


def test_a_file_that_cannot_be_counted_holds_up_no_other(platform: Platform, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(CALLS, "2026-11-30T22", [{"t": "no time at all", "s": 200}])
    spool.append(CALLS, "2026-11-30T23", [call(1.0)])
    assert rollup.run(platform, spool) == 1
    assert total(platform, "day") == 1


def test_a_database_that_is_away_is_told_and_nothing_is_skipped(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise Unavailable

    spool = Spool(tmp_path)
    spool.append(CALLS, "2026-11-30T23", [call(1.0)])
    monkeypatch.setattr(rollup, "_claim", away)
    with pytest.raises(Unavailable):
        rollup.run(platform, spool)


def test_what_nobody_was_served_is_looked_for_in_no_table(platform: Platform) -> None:
    statements: list[str] = []
    event.listen(platform.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    with platform.work(SYSTEM) as work:
        rollup.apply_calls(work, [call(1.0, 404, ds="whatever-somebody-wrote")])
    assert statements
    assert not [statement for statement in statements if "FROM dataset" in statement]


def spend(platform: Platform, spool: Spool, amount: int, subject: str, limit: int = 100) -> None:
    line = {"subject": subject, "rule": "calmonth", "period": "2026-11", "n": amount, "limit": limit}
    spool.append(SPENT, "2026-11-30T23", [line])
    rollup.run(platform, spool)


def test_the_ledger_grows_and_tells_at_eighty_and_a_hundred_once(platform: Platform, tmp_path: Path) -> None:
    with platform.work(SYSTEM) as work:
        user = User(email="a@b.example", email_key="a@b.example", name="A", created=work.now)
        work.session.add(user)
        work.session.flush()
        subject = f"user:{user.id}"
    spool, seen = Spool(tmp_path), []
    for amount in (70, 9, 1, 10, 9, 1, 30, 30):
        spend(platform, spool, amount, subject)
        with platform.read(SYSTEM) as work:
            used = work.session.scalars(select(QuotaLedger.used)).one()
            told = select(Notice.kind).where(Notice.user_id == user.id).order_by(Notice.id)
            kinds = work.session.scalars(told).all()
        seen.append((used, list(kinds)))
    warned, both = ["quota.warning"], ["quota.warning", "quota.exhausted"]
    assert seen == [
        (70, []),
        (79, []),
        (80, warned),
        (90, warned),
        (99, warned),
        (100, both),
        (130, both),
        (160, both),
    ]


def test_soft_rules_are_counted_and_nobody_is_told(platform: Platform, tmp_path: Path) -> None:
    spend(platform, Spool(tmp_path), 500, "user:none", limit=0)
    with platform.read(SYSTEM) as work:
        assert work.session.scalars(select(QuotaLedger.used)).all() == [500]
        assert not work.session.scalars(select(Notice.id)).all()


@pytest.mark.parametrize(("ms", "place"), [(0.2, 0), (1.0, 0), (1.1, 1), (60_000, 14), (70_000, 15)])
def test_latencies_fall_into_sixteen_buckets(ms: float, place: int) -> None:
    assert rollup.bucket_of(ms) == place
    assert len(rollup.BOUNDS) == 15


def test_only_one_counts_at_a_time(platform: Platform, tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(CALLS, "2026-11-30T23", [call(time.time())])
    with FileLock(tmp_path / "rollup.lock"):
        assert rollup.run(platform, spool) == 0
    assert rollup.run(platform, spool) == 1
