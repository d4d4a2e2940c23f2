"""Background jobs: asked for in a transaction, done once, tried again, never lost with a worker."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.base.kit.errors import NotFound
from opendata.base.models import Job
from opendata.base.runtime import SYSTEM, Platform, jobs, outbox


class Deliveries(list[tuple[str, Mapping[str, Any], float]]):
    """A queue that keeps what it was given."""

    def put(self, kind: str, message: Mapping[str, Any], delay: float) -> None:
        self.append((kind, dict(message), delay))


@pytest.fixture
def deliveries(platform: Platform) -> Deliveries:
    found = Deliveries()
    platform.handlers[jobs.TOPIC] = jobs.sender(found.put)
    platform.after_commit = lambda: outbox.drain(platform) and None
    return found


def enqueue(platform: Platform, **arguments: Any) -> str:
    with platform.work(SYSTEM) as work:
        return jobs.enqueue(work, "count", arguments)


def state_of(platform: Platform, job_id: str) -> tuple[str, int, str | None]:
    with platform.read(SYSTEM) as work:
        job = work.session.scalars(select(Job).where(Job.id == job_id)).one()
        return job.state, job.attempt, job.problem


def test_jobs_done_long_ago_are_forgotten_and_failed_ones_stay(
    platform: Platform, deliveries: Deliveries
) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    platform.clock = lambda: datetime(2026, 3, 1, tzinfo=UTC)
    with platform.work(SYSTEM) as work:
        for state, ended in (("done", long_ago), ("failed", long_ago), ("done", work.now), ("queued", None)):
            work.session.add(Job(kind="count", arguments={}, state=state, queued_at=long_ago, ended_at=ended))
    assert jobs.forget_done(platform) == 1
    assert jobs.counts(platform) == {"failed": 1, "queued": 1}


def test_a_job_is_queued_after_commit_and_not_before(platform: Platform, deliveries: Deliveries) -> None:
    def fail() -> None:
        with platform.work(SYSTEM) as work:
            jobs.enqueue(work, "count", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert deliveries == []
    job_id = enqueue(platform, n=1)
    assert deliveries == [("count", {"job": job_id}, 0.0)]


def test_a_job_of_the_timetable_neither_piles_up_nor_leaves_its_failures(
    platform: Platform, deliveries: Deliveries
) -> None:
    with platform.work(SYSTEM) as work:
        for kind in ("count", "other"):
            work.session.add(Job(kind=kind, arguments={}, state="failed", queued_at=work.now))
    for _ in range(3):
        with platform.work(SYSTEM) as work:
            jobs.enqueue_one(work, "count")
    assert jobs.counts(platform) == {"failed": 1, "queued": 1}
    ((_, message, _),) = deliveries
    with platform.work(SYSTEM) as work:
        work.session.get_one(Job, message["job"]).state = "running"
    with platform.work(SYSTEM) as work:
        jobs.enqueue_one(work, "count")
    assert jobs.counts(platform) == {"failed": 1, "running": 1}


def test_a_job_runs_once_however_often_it_is_delivered(platform: Platform, deliveries: Deliveries) -> None:
    seen = []
    run = jobs.runner(platform, lambda _platform, arguments: seen.append(dict(arguments)))
    job_id = enqueue(platform, n=1)
    run({"job": job_id})
    run({"job": job_id})
    assert seen == [{"n": 1}]
    assert state_of(platform, job_id) == ("done", 1, None)


@pytest.mark.parametrize("fault", [OSError, jobs.Interrupted, NotFound])
def test_a_job_queued_again_meanwhile_is_left_alone_by_the_fault_of_its_former_worker(
    platform: Platform, deliveries: Deliveries, fault: type[Exception]
) -> None:
    def lose(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        jobs.requeue(platform)
        raise fault

    job_id = enqueue(platform)
    jobs.runner(platform, lose)({"job": job_id})
    assert state_of(platform, job_id) == ("queued", 1, "interrupted")
    assert len(deliveries) == 2


def test_a_fault_is_tried_again_later_each_time_and_then_given_up(
    platform: Platform, deliveries: Deliveries
) -> None:
    def fail(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise OSError("disk")

    run = jobs.runner(platform, fail)
    job_id = enqueue(platform)
    for _ in range(5):
        run({"job": job_id})
    at_once, soon, later = [delay for _, _, delay in deliveries]
    assert at_once == 0
    assert 10 <= soon <= 20
    assert 40 <= later <= 80
    assert state_of(platform, job_id) == ("failed", 3, "OSError: disk")


def test_jobs_that_failed_together_do_not_come_back_together(
    platform: Platform, deliveries: Deliveries
) -> None:
    def fail(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise OSError("disk")

    failed = [enqueue(platform) for _ in range(8)]
    deliveries.clear()
    for job_id in failed:
        jobs.runner(platform, fail)({"job": job_id})
    assert len({delay for _, _, delay in deliveries}) > 1


def test_a_job_whose_worker_leaves_is_queued_at_once_and_has_lost_no_attempt(
    platform: Platform, deliveries: Deliveries
) -> None:
    def leave(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise jobs.Interrupted

    job_id = enqueue(platform)
    for _ in range(5):
        jobs.runner(platform, leave)({"job": job_id})
        assert state_of(platform, job_id)[:2] == ("queued", 0)
    assert [delay for _, _, delay in deliveries] == [0.0] * 6
    jobs.runner(platform, lambda _platform, _arguments: None)({"job": job_id})
    assert state_of(platform, job_id) == ("done", 1, None)


def test_a_job_that_must_wait_loses_no_attempt_and_is_not_taken_for_lost_meanwhile(
    platform: Platform, deliveries: Deliveries
) -> None:
    class Later(jobs.Postponed):
        delay = 1800.0

    def wait(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise Later

    now = datetime(2026, 3, 1, tzinfo=UTC)
    platform.clock = lambda: now
    job_id = enqueue(platform)
    for _ in range(5):
        jobs.runner(platform, wait)({"job": job_id})
        assert state_of(platform, job_id)[:2] == ("queued", 0)
    assert [delay for _, _, delay in deliveries] == [0.0] + [1800.0] * 5
    with platform.read(SYSTEM) as work:
        assert work.session.get_one(Job, job_id).queued_at == now + timedelta(minutes=30)
    platform.clock = lambda: now + timedelta(minutes=10)
    assert jobs.requeue(platform) == 1
    assert deliveries[-1][2] == 1200.0, "a worker that starts lets it wait for the rest"


def test_a_refusal_is_final(platform: Platform, deliveries: Deliveries) -> None:
    def refuse(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise NotFound

    job_id = enqueue(platform)
    jobs.runner(platform, refuse)({"job": job_id})
    state, attempt, problem = state_of(platform, job_id)
    assert (state, attempt) == ("failed", 1)
    assert problem is not None
    assert problem.startswith("NotFound")
    assert len(deliveries) == 1


def test_a_killed_worker_leaves_its_job_to_the_next(platform: Platform, deliveries: Deliveries) -> None:
    def die(_platform: Platform, _arguments: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    job_id = enqueue(platform)
    with pytest.raises(KeyboardInterrupt):
        jobs.runner(platform, die)({"job": job_id})
    assert state_of(platform, job_id)[0] == "running"
    assert jobs.requeue(platform) == 1
    assert deliveries[-1] == ("count", {"job": job_id}, 0.0)
    done = []
    jobs.runner(platform, lambda *_: done.append(1))({"job": job_id})
    assert (done, state_of(platform, job_id)[:2]) == ([1], ("done", 2))


def test_a_lost_message_is_sent_again(platform: Platform, deliveries: Deliveries) -> None:
    job_id = enqueue(platform)
    deliveries.clear()
    assert jobs.requeue(platform) == 1
    assert [message["job"] for _, message, _ in deliveries] == [job_id]


def test_jobs_are_counted_by_state(platform: Platform, deliveries: Deliveries) -> None:
    enqueue(platform)
    done = enqueue(platform)
    jobs.runner(platform, lambda *_: None)({"job": done})
    assert jobs.counts(platform) == {"queued": 1}


def test_a_handler_that_commits_waits_for_no_lock_of_its_own(platform: Platform) -> None:
    seen = []

    def handler(inner: Platform, entries: Any) -> None:
        seen.extend(entry.object_id for entry in entries)
        if len(seen) == 1:
            with inner.work(SYSTEM) as work:
                work.after("echo", "second")

    platform.handlers["echo"] = handler
    platform.after_commit = lambda: outbox.drain(platform) and None
    began = datetime.now(UTC)
    with platform.work(SYSTEM) as work:
        work.after("echo", "first")
    assert seen == ["first", "second"]
    assert (datetime.now(UTC) - began).total_seconds() < 4
    assert outbox.backlog(platform) == (0, 0)
