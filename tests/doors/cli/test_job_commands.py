"""`opendata job`: what was given up is seen, tried again or dropped by command."""

from contextlib import contextmanager

import pytest
from sqlalchemy import select

from opendata.base.kit.errors import NotAllowed
from opendata.base.models import AuditEvent, Job, OutboxEntry
from opendata.base.runtime import SYSTEM, Caller, Platform
from opendata.base.runtime.database import connect
from opendata.services.access import given_up
from opendata.services.catalog import indexing
from opendata.settings import Settings

PROBLEM = "OSError: the disk was away"
GONE = "00000000-0000-7000-8000-000000000001"


@contextmanager
def platform_of(terminal):
    settings = Settings(**terminal.installed, mode="test")
    platform = Platform(settings, connect(settings.url("database_url", "sqlite:///{data}/opendata.db")))
    yield platform
    platform.close()


@pytest.fixture
def failed(terminal):
    """The ids of a job that failed and of an effect that was given up."""
    with platform_of(terminal) as platform, platform.work(SYSTEM) as work:
        job = Job(
            kind="files.tidy",
            arguments={},
            state="failed",
            attempt=3,
            problem=PROBLEM,
            queued_at=work.now,
            ended_at=work.now,
        )
        effect = OutboxEntry(topic="dataset", object_id=GONE, at=work.now, attempts=8, problem=PROBLEM)
        work.session.add_all([job, effect])
        work.session.flush()
        return job.id, str(effect.id)


def doctor(terminal):
    terminal.call("doctor", "--json")
    return terminal.out


def trail(terminal):
    with platform_of(terminal) as platform, platform.read(SYSTEM) as work:
        query = (
            select(AuditEvent).where(AuditEvent.object_type.in_(("job", "effect"))).order_by(AuditEvent.id)
        )
        return [(event.action, event.object_id, event.data) for event in work.session.scalars(query)]


def test_what_was_given_up_is_listed_with_its_cause(terminal, failed):
    job, effect = failed
    rows = terminal.json("job", "list")
    assert [(row["id"], row["what"], row["attempts"]) for row in rows] == [
        (job, "job", 3),
        (effect, "effect", 8),
    ]
    assert {row["problem"] for row in rows} == {PROBLEM}
    assert terminal.json("job", "show", effect)["about"] == GONE
    assert terminal.call("job", "show", "0" * 32) == 1
    assert doctor(terminal).count("opendata job list") == 2


def test_a_failed_job_is_done_once_its_cause_is_mended(terminal, failed):
    job, _ = failed
    told = terminal.ok("job", "retry", job)
    again = told.partition(":")[0]
    assert told == f"{again}: done.\n"
    assert again != job, "the fence of the old one may be in somebody's hands"
    assert [row["what"] for row in terminal.json("job", "list")] == ["effect"]
    assert [(action, about) for action, about, _ in trail(terminal)] == [("job.retry", job)]


def test_all_of_it_is_tried_again(terminal, failed):
    told = terminal.ok("job", "retry", "--all")
    assert told.count(": done.") == 2
    assert terminal.json("job", "list") == []
    assert terminal.call("job", "retry") == 2
    assert terminal.call("job", "retry", "--all", failed[1]) == 2


def test_what_was_dealt_with_meanwhile_stops_none_of_the_others(terminal, failed):
    with platform_of(terminal) as platform, platform.work(SYSTEM) as work:
        work.session.get_one(Job, failed[0]).kind = indexing.FULL_SCAN  # it asks for that effect anew
        work.session.add(OutboxEntry(topic="organization", object_id=GONE, at=work.now, problem=PROBLEM))
    assert terminal.ok("job", "retry", "--all").count(": done.") == 2
    assert terminal.json("job", "list") == []
    assert terminal.call("job", "retry", failed[1]) == 1


@pytest.mark.parametrize("at", [0, 1], ids=["job", "effect"])
def test_what_is_wanted_no_more_is_dropped_for_a_reason_that_is_kept(terminal, failed, at):
    name, what = failed[at], ("job", "effect")[at]
    assert terminal.call("job", "discard", name) == 2
    assert terminal.call("job", "discard", name, "--reason", " ") == 1
    terminal.ok("job", "discard", name, "--reason", "the source is gone")
    assert terminal.call("job", "discard", name, "--reason", "again") == 1
    assert len(terminal.json("job", "list")) == 1
    ((action, about, data),) = trail(terminal)
    assert (action, about) == (f"{what}.discard", name)
    assert (data["reason"], data["problem"]) == ("the source is gone", PROBLEM)


def test_what_is_under_way_is_nobodys_to_drop(terminal, failed):
    with platform_of(terminal) as platform, platform.work(SYSTEM) as work:
        work.session.get_one(Job, failed[0]).state = "running"
        work.session.get_one(OutboxEntry, int(failed[1])).problem = None
    for name in failed:
        assert terminal.call("job", "discard", name, "--reason", "x") == 1
        assert terminal.call("job", "retry", name) == 1


def test_it_is_for_operators_alone(terminal, failed):
    with platform_of(terminal) as platform, platform.read(Caller(kind="user", user_id=GONE)) as work:
        for step in (
            lambda: given_up.listing(work),
            lambda: given_up.get(work, failed[0]),
            lambda: given_up.retry(work, failed[0]),
            lambda: given_up.discard(work, failed[0], reason="x"),
        ):
            with pytest.raises(NotAllowed):
                step()
