"""Effects are applied until they succeed; an entry is given up for faults of its own alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Base, OutboxEntry
from opendata.base.runtime import SYSTEM, Platform, outbox
from opendata.base.runtime.database import connect
from opendata.settings import Settings


class Faulty:
    """A handler that raises what it is told to."""

    def __init__(self):
        self.fault = None

    def __call__(self, _platform, _entries):
        if self.fault:
            raise self.fault


@pytest.fixture
def now():
    return [datetime(2026, 1, 5, tzinfo=UTC)]


@pytest.fixture
def platform(tmp_path, now):
    settings = Settings(data_dir=str(tmp_path), mode="test")
    made = Platform(settings, connect("sqlite:///:memory:"), clock=lambda: now[0])
    made.handlers["count"] = Faulty()
    Base.metadata.create_all(made.engine)
    yield made
    made.close()


def try_again(platform, now, times):
    for _ in range(times):
        outbox.drain(platform)
        now[0] += timedelta(minutes=10)


def ask(platform, *objects):
    with platform.work(SYSTEM) as work:
        for name in objects:
            work.after("count", name)


def test_the_wait_for_an_engine_uses_up_no_tries(platform, now):
    handler = platform.handlers["count"]
    ask(platform, "a")
    handler.fault = Unavailable()
    try_again(platform, now, outbox.MAX_ATTEMPTS + 2)
    handler.fault = RuntimeError("a passing fault")
    try_again(platform, now, 3)
    assert outbox.backlog(platform) == (1, 0)
    handler.fault = None
    try_again(platform, now, 1)
    assert outbox.backlog(platform) == (0, 0)


def test_the_wait_for_an_engine_gives_back_no_tries(platform, now):
    handler = platform.handlers["count"]
    ask(platform, "a")
    handler.fault = RuntimeError("a lasting fault")
    try_again(platform, now, outbox.MAX_ATTEMPTS - 1)
    handler.fault = Unavailable()
    try_again(platform, now, 2)
    assert outbox.backlog(platform) == (1, 0)
    handler.fault = RuntimeError("a lasting fault")
    try_again(platform, now, 1)
    assert outbox.backlog(platform) == (0, 1)


def test_entries_that_failed_together_do_not_come_back_together(platform):
    platform.handlers["count"].fault = RuntimeError("a fault")
    ask(platform, *"abcdefgh")
    outbox.drain(platform)
    with platform.read(SYSTEM) as work:
        waits = work.session.scalars(select(OutboxEntry.not_before)).all()
    assert len(waits) == 8
    assert len(set(waits)) > 1
    assert all(1 <= (wait - platform.clock()).total_seconds() <= 2 for wait in waits)


def test_no_more_batches_are_applied_than_asked_for(platform, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 2)
    ask(platform, *"abcde")
    assert outbox.drain(platform, batches=2) == 4
    assert outbox.backlog(platform) == (1, 0)
    assert outbox.drain(platform) == 1
