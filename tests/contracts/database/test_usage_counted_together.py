"""Several hosts that count on one PostgreSQL: every call of each is in the sums, once."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from opendata.base.models import Base, FailedCall, Notice, UsageRollup, UsageSpool
from opendata.base.runtime import SYSTEM, Platform
from opendata.base.runtime.database import connect
from opendata.services.plans import archive, rollup
from opendata.services.plans.meter import Meter
from opendata.services.plans.spool import CALLS, FAILED, Spool
from opendata.settings import Settings
from opendata.testing.databases import new_database
from opendata.testing.servers import PostgresServer

AT = datetime(2026, 11, 26, 3, tzinfo=UTC).timestamp()
HOUR = "2026-11-26T10"
Host = tuple[Platform, Spool]


@pytest.fixture
def hosts(shared_database: PostgresServer, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Host]]:
    """Each with files of its own."""
    url, made = new_database(shared_database), []
    for name in ("web1", "web2"):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        settings = Settings(data_dir=str(tmp_path / name), mode="test", database_url=url)
        made.append((Platform(settings, connect(url)), Spool(settings.data / "usage" / "spool")))
    Base.metadata.create_all(made[0][0].engine)
    yield made
    for platform, _ in made:
        platform.close()


def counted(platform: Platform, grain: str) -> int:
    with platform.read(SYSTEM) as work:
        return work.session.scalar(select(func.sum(UsageRollup.calls)).where(UsageRollup.grain == grain)) or 0


def test_hosts_that_count_at_the_same_moment_lose_no_call(hosts: list[Host]) -> None:
    failed: list[Exception] = []

    def count(platform: Platform, spool: Spool, start: threading.Barrier) -> None:
        start.wait()
        try:
            rollup.run(platform, spool)
        except Exception as error:  # noqa: BLE001  # seen by the assertion below
            failed.append(error)

    for _ in range(4):
        for _, spool in hosts:
            spool.append(CALLS, HOUR, [{"t": AT, "route": f"/r{n % 40}", "s": 200} for n in range(100)])
        start = threading.Barrier(len(hosts))
        threads = [threading.Thread(target=count, args=(*host, start)) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed
    assert {grain: counted(hosts[0][0], grain) for grain in rollup.GRAINS} == dict.fromkeys(
        rollup.GRAINS, 800
    )


def test_a_character_that_no_text_of_the_database_holds_stops_no_counting(hosts: list[Host]) -> None:
    platform, spool = hosts[0]
    spool.append(CALLS, HOUR, [{"t": AT, "route": "/r", "s": 200, "ds": "a\0b"}])
    failed = {"t": AT, "app": "a", "key": "k", "m": "GET", "query": "", "s": 404, "code": "x", "id": "1"}
    spool.append(FAILED, HOUR, [failed | {"path": "/api/v1/datasets/a\0b"}])
    assert rollup.run(platform, spool) == 2
    assert counted(platform, "day") == 1
    with platform.read(SYSTEM) as work:
        assert work.session.scalars(select(FailedCall.path)).all() == ["/api/v1/datasets/ab"]


def test_a_method_longer_than_there_is_room_for_is_cut(hosts: list[Host]) -> None:
    platform, spool = hosts[0]
    failed = {"t": AT, "app": "a", "key": "k", "path": "/", "query": "", "s": 405, "code": "x", "id": "1"}
    spool.append(FAILED, HOUR, [failed | {"m": "PROPPATCH"}])
    assert rollup.run(platform, spool) == 1
    with platform.read(SYSTEM) as work:
        assert work.session.scalars(select(FailedCall.method)).all() == ["PROPPATC"]


def test_each_host_puts_away_its_own_calls_and_says_nothing_of_those_of_others(hosts: list[Host]) -> None:
    later = datetime(2026, 11, 27, 3, tzinfo=UTC)
    for calls, (platform, spool) in enumerate(hosts, start=1):
        platform.clock = lambda: later
        spool.append(CALLS, HOUR, [{"t": AT, "route": "/r", "s": 200, "n": 1}] * calls)
        for path in spool.waiting():
            os.utime(path, (AT, AT))
    for platform, _ in hosts:
        Meter(platform).count()
    archive.nightly(hosts[0][0])
    assert [archive.archived_calls(platform, "2026-11-26") for platform, _ in hosts] == [1, 2]
    assert not [path for _, spool in hosts for path in spool.waiting()]
    with hosts[0][0].read(SYSTEM) as work:
        assert not work.session.scalars(select(UsageSpool.name)).all()
        assert not work.session.scalars(select(Notice.kind)).all()
