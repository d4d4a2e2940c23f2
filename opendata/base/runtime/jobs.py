"""Background jobs: their state in our table, one wrapper around every function that does one.

A job is asked for in the transaction of the change that needs it; the outbox puts it into the queue after
commit. The queue may deliver a job twice or lose it with a killed process: taking one is a conditional
update that leases it, and what was lost or left behind is queued again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Exists, String, Update, and_, cast, delete, exists, or_, select, update

from opendata.base.kit.errors import OpenDataError, Unavailable
from opendata.base.kit.ids import new_id
from opendata.base.models import Job, OutboxEntry
from opendata.base.runtime.backoff import spread
from opendata.base.runtime.caller import SYSTEM
from opendata.base.runtime.heartbeat import beating
from opendata.base.runtime.platform import Platform, Work

log = structlog.get_logger(__name__)
TOPIC = "job"
MAX_ATTEMPTS = 3
LIMIT = 500
RETRY = 5.0
LEASE = timedelta(seconds=60)
DONE_KEPT = timedelta(days=30)
LOST_AFTER = timedelta(minutes=2)
"""How long a job may be queued while the queue is empty, beyond the delay before a new attempt."""


class Postponed(Unavailable):
    """Raised by a job that must wait for something that is no fault, say for whoever holds what it needs; it
    is queued again after `delay` seconds, and what it did so far is no attempt."""

    delay: float = 20.0


class Interrupted(Postponed):
    """Raised by a job that stops half-way because its worker leaves."""

    delay = 0.0


Perform = Callable[[Platform, Mapping[str, Any]], None]
Put = Callable[[str, Mapping[str, Any], float], Any]


def enqueue(work: Work, kind: str, arguments: Mapping[str, Any]) -> str:
    """Ask for a job after this transaction; the id of its row."""
    job = Job(
        id=new_id(), kind=kind, arguments=dict(arguments), queued_at=work.now, by_id=work.caller.user_id
    )
    work.session.add(job)
    work.after(TOPIC, job.id, {"kind": kind})
    return job.id


def enqueue_one(work: Work, kind: str) -> None:
    """Ask for a job that the timetable asks for again and again, unless one is queued or at work. It takes
    the place of those of its kind that failed."""
    under_way = exists().where(Job.kind == kind, Job.state.in_(("queued", "running")))
    if work.session.scalar(select(under_way)):
        return
    work.session.execute(delete(Job).where(Job.kind == kind, Job.state == "failed"))
    enqueue(work, kind, {})


def sender(put: Put) -> Callable[[Platform, Sequence[OutboxEntry]], None]:
    """Outbox handler that hands jobs to the queue. `put(kind, arguments, delay)`."""

    def send(_platform: Platform, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            payload = entry.payload or {}
            put(payload["kind"], {"job": entry.object_id}, float(payload.get("delay", 0)))

    return send


def runner(platform: Platform, perform: Perform) -> Callable[[Mapping[str, Any]], None]:
    """What the queue calls for one kind of job; it keeps the row up to date and never raises."""

    def run(message: Mapping[str, Any]) -> None:
        job_id = str(message["job"])
        try:
            taken = _take(platform, job_id)
        except Exception as error:  # noqa: BLE001  # the job stays queued: see `recover`
            log.warning("job.not_taken", job=job_id, error=repr(error))
            return
        if taken is None:
            log.info("job.skipped", job=job_id)
            return
        _perform(platform, job_id, taken, perform)

    return run


def _perform(platform: Platform, job_id: str, taken: "_Taken", perform: Perform) -> None:
    try:
        with beating(job_id[:8], lambda: _prolong(platform, job_id, taken.fence)):
            perform(platform, taken.arguments)
    except Exception as fault:  # noqa: BLE001  # a job's fault is its state, not the worker's end
        log.warning("job.failed", job=job_id, error=repr(fault))
        _told(job_id, partial(_fail, platform, job_id, taken.fence, fault))
    else:
        _told(job_id, partial(_finish, platform, job_id, taken.fence))


def _told(job_id: str, tell: Callable[[], None]) -> None:
    """Write the end of a job down. Where the database is away its lease runs out and it is done again:
    jobs can be, and what they write is fenced by what they write to."""
    try:
        tell()
    except Exception as error:  # noqa: BLE001
        log.warning("job.end_untold", job=job_id, error=repr(error))


def requeue(platform: Platform) -> int:
    """Queue again what a worker left undone. Call it while no other worker runs; the number of jobs."""
    return _requeue(platform, (Job.state.in_(("queued", "running")),))


def recover(platform: Platform, *, queue_empty: bool = False) -> int:
    """Queue again the jobs of workers that died, and with `queue_empty` those the queue has lost. Safe
    while other workers run: they hold leases. The number of jobs."""
    with platform.read(SYSTEM) as work:
        now = work.shared_now
    left = [and_(Job.state == "running", or_(Job.lease_until.is_(None), Job.lease_until < now))]
    if queue_empty:
        left.append(and_(Job.state == "queued", Job.queued_at < now - LOST_AFTER, ~_waits_in_outbox()))
    return _requeue(platform, (or_(*left),))


def _waits_in_outbox() -> Exists:
    waiting = (OutboxEntry.topic == TOPIC, OutboxEntry.problem.is_(None))
    return exists().where(*waiting, OutboxEntry.object_id == cast(Job.id, String))


def _requeue(platform: Platform, left: Sequence[ColumnElement[bool]]) -> int:
    with platform.work(SYSTEM) as work:
        query = select(Job).where(*left).order_by(Job.queued_at).limit(LIMIT)
        found = work.session.scalars(query.with_for_update(skip_locked=True)).all()
        for job in found:
            problem = job.problem or ("interrupted" if job.state == "running" else None)
            wait = max(0.0, (job.queued_at - work.now).total_seconds())  # what was put off stays so
            _again(work, job, problem=problem, delay=wait if job.state == "queued" else 0.0)
    return len(found)


def forget_done(platform: Platform) -> int:
    """Forget jobs that were done a while ago; those that failed stay until somebody has looked."""
    with platform.work(SYSTEM) as work:
        old = delete(Job).where(Job.state == "done", Job.ended_at < work.now - DONE_KEPT)
        return int(work.session.execute(old).rowcount)  # type: ignore[attr-defined]


def counts(platform: Platform) -> dict[str, int]:
    """Jobs by state, of those that are not done."""
    with platform.read(SYSTEM) as work:
        states = work.session.scalars(select(Job.state).where(Job.state != "done")).all()
    return {state: states.count(state) for state in sorted(set(states))}


@dataclass(frozen=True, slots=True)
class _Taken:
    arguments: dict[str, Any]
    fence: int


def _take(platform: Platform, job_id: str) -> _Taken | None:
    """The job, if this call won it; committed before the work starts."""
    with platform.work(SYSTEM) as work:
        now = work.shared_now
        taken = work.session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == "queued")
            .values(state="running", attempt=Job.attempt + 1, started_at=now, lease_until=now + LEASE)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            return None
        row = work.session.execute(select(Job.arguments, Job.attempt).where(Job.id == job_id)).one()
        return _Taken(row.arguments, row.attempt)


def _prolong(platform: Platform, job_id: str, fence: int) -> None:
    with platform.work(SYSTEM) as work:
        work.session.execute(_held(job_id, fence).values(lease_until=work.shared_now + LEASE))


def _held(job_id: str, fence: int) -> Update:
    """Of the job, while nobody has taken it over."""
    return update(Job).where(Job.id == job_id, Job.attempt == fence, Job.state == "running")


def _finish(platform: Platform, job_id: str, fence: int) -> None:
    with platform.work(SYSTEM) as work:
        work.session.execute(
            _held(job_id, fence).values(state="done", problem=None, ended_at=work.now, lease_until=None)
        )


def _fail(platform: Platform, job_id: str, fence: int, error: Exception) -> None:
    """A refusal stays refused; anything else is tried again, later each time."""
    final = isinstance(error, OpenDataError) and error.status < 500
    delay = spread(RETRY * 4**fence)
    with platform.work(SYSTEM) as work:
        job = work.session.get_one(Job, job_id, with_for_update=True)
        if job.attempt != fence or job.state != "running":  # somebody took it away and queued it again
            return
        problem = f"{type(error).__name__}: {error}"[:2000]
        if isinstance(error, Postponed):
            job.attempt, delay = (
                fence - 1,
                error.delay,
            )  # nobody else had this fence, and its holder ends here
        if final:
            _end(work, job, problem)
        else:
            _again(work, job, problem=problem, delay=delay)


def _again(work: Work, job: Job, *, problem: str | None, delay: float = 0.0) -> None:
    if job.attempt >= MAX_ATTEMPTS:
        _end(work, job, problem)
        return
    job.state = "queued"
    job.lease_until = None
    job.queued_at = work.now + timedelta(seconds=delay)
    job.problem = problem
    work.after(TOPIC, job.id, {"kind": job.kind, "delay": delay})


def _end(work: Work, job: Job, problem: str | None) -> None:
    job.state = "failed"
    job.problem = problem
    job.ended_at = work.now
