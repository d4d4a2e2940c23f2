"""At night: raw calls into a file a day, sums checked, what is old dropped."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select

from opendata.base.models import FailedCall, Job, Notice, UsageRollup
from opendata.base.runtime import SYSTEM, Platform
from opendata.base.runtime.database import is_shared
from opendata.services.plans import archive, rollup
from opendata.services.plans.spool import CALLS, Spool

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def spool(platform: Platform) -> Spool:
    platform.clock = lambda: NOON
    made = Spool(platform.settings.data / "usage" / "spool")
    at = datetime(2026, 11, 30, 15, 30, tzinfo=UTC).timestamp()  # 22:30 in the city
    line = {"t": at, "app": "app_a", "route": "/api/v1/datasets", "s": 200, "ms": 2.0, "b": 9, "n": 1}
    made.append(CALLS, "2026-11-30T22", [line] * 5)
    made.append(CALLS, "2026-12-01T19", [line | {"t": NOON.timestamp()}])
    for path in made.waiting():
        old = NOON.timestamp() - 3600
        os.utime(path, (old, old))
    return made


def alarms(platform: Platform) -> int:
    with platform.read(SYSTEM) as work:
        return len(work.session.scalars(select(Notice.id).where(Notice.kind == "usage.mismatch")).all())


def test_a_day_that_is_over_becomes_a_file(platform: Platform, spool: Spool) -> None:
    rollup.run(platform, spool)
    archive.put_away(platform, spool)
    table = pq.read_table(platform.settings.data / "usage" / "raw" / "2026-11-30.parquet")
    assert table.num_rows == 5
    assert set(table["app"].to_pylist()) == {"app_a"}
    assert [path.name.rsplit("-", 3)[-1] for path in spool.waiting()] == ["01T19.ndjson"]
    assert alarms(platform) == 0


def test_a_day_larger_than_is_held_in_memory_is_put_away_whole(
    platform: Platform, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "AT_ONCE", 2)
    rollup.run(platform, spool)
    archive.archive(platform, spool, "2026-11-30")
    line = {"t": NOON.timestamp() - 86_400, "route": "/late", "s": 200, "n": 3}
    (spool.folder / "calls.other-1-2026-11-30T22.ndjson").write_bytes(orjson.dumps(line) + b"\n")
    archive.archive(platform, spool, "2026-11-30")
    assert archive.archived_calls(platform, "2026-11-30") == 8


def test_at_night_the_files_are_seen_to_where_there_is_one_host(platform: Platform, spool: Spool) -> None:
    rollup.run(platform, spool)
    archive.nightly(platform)
    assert len(spool.waiting()) == (2 if is_shared(platform.engine) else 1)


def test_what_was_not_counted_is_not_put_away(platform: Platform, spool: Spool) -> None:
    archive.put_away(platform, spool)
    assert len(spool.waiting()) == 2


def test_half_a_line_of_a_killed_process_keeps_no_day_from_being_put_away(
    platform: Platform, spool: Spool
) -> None:
    path = spool.of_day("2026-11-30")[0]
    path.write_bytes(path.read_bytes() + b'{"t":17')
    old = NOON.timestamp() - 3600
    os.utime(path, (old, old))
    rollup.run(platform, spool)
    archive.put_away(platform, spool)
    assert archive.archived_calls(platform, "2026-11-30") == 5
    assert not path.exists()
    assert alarms(platform) == 0


def test_one_who_is_killed_between_writing_and_dropping_adds_nothing_twice(
    platform: Platform, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollup.run(platform, spool)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_drop", lambda *_: None)
        archive.archive(platform, spool, "2026-11-30")
    archive.put_away(platform, spool)
    assert archive.archived_calls(platform, "2026-11-30") == 5
    assert alarms(platform) == 0


def test_sums_that_differ_raise_an_alarm_once(platform: Platform, spool: Spool) -> None:
    rollup.run(platform, spool)
    with platform.work(SYSTEM) as work:
        work.session.execute(delete(UsageRollup).where(UsageRollup.grain == "day"))
    assert not archive.reconcile(platform, spool, "2026-11-30")
    assert not archive.reconcile(platform, spool, "2026-11-30")
    assert alarms(platform) == 1


def test_old_sums_and_failed_calls_are_dropped_and_months_stay(platform: Platform, tmp_path: Path) -> None:
    platform.clock = lambda: NOON
    spool = Spool(tmp_path)
    for days in (0, 8, 100, 3000):
        at = NOON - timedelta(days=days)
        spool.append(CALLS, "2026-12-01T19", [{"t": at.timestamp(), "route": "/r", "s": 200}])
    rollup.run(platform, spool)
    with platform.work(SYSTEM) as work:
        work.session.add_all(
            FailedCall(
                at=NOON - timedelta(hours=hours), application_id="a", method="GET", path="/", status=400,
                code="x", request_id="r",
            )
            for hours in (1, 25)
        )  # fmt: skip
    archive.prune(platform)
    with platform.read(SYSTEM) as work:
        left = [row.grain for row in work.session.scalars(select(UsageRollup))]
        assert {grain: left.count(grain) for grain in rollup.GRAINS} == {
            "minute": 1, "hour": 2, "day": 3, "month": 4,
        }  # fmt: skip
        assert len(work.session.scalars(select(FailedCall.id)).all()) == 1


def test_the_job_is_asked_for_once_a_day_and_not_at_midnight(platform: Platform) -> None:
    asked = []
    for hour in (16, 17, 18, 19, 30):
        platform.clock = lambda hour=hour: datetime(2026, 11, 30, tzinfo=UTC) + timedelta(hours=hour)
        asked.append(archive.ask(platform))
    assert asked == [1, 0, 1, 0, 0]
    with platform.read(SYSTEM) as work:
        assert len(work.session.scalars(select(Job.id)).all()) == 2
