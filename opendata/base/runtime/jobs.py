"""Background jobs: their state in our table, one wrapper around every function that does one.

A job is asked for in the transaction of the change that needs it; the outbox puts it into the queue after
commit. The queue may deliver a job twice or lose it with a killed process: taking one is a conditional
update, and what was lost is queued again when a worker starts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import select, update

from opendata.base.kit.errors import OpenDataError
from opendata.base.kit.ids import new_id
from opendata.base.models import Job, OutboxEntry
from opendata.base.runtime.caller import SYSTEM
from opendata.base.runtime.platform import Platform, Work

log = structlog.get_logger(__name__)
TOPIC = "job"
MAX_ATTEMPTS = 3
LIMIT = 500

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
        arguments = _take(platform, job_id)
        if arguments is None:
            log.info("job.skipped", job=job_id)
            return
        try:
            perform(platform, arguments)
        except Exception as error:  # noqa: BLE001  # a job's fault is its state, not the worker's end
            log.warning("job.failed", job=job_id, error=repr(error))
            _fail(platform, job_id, error)
        else:
            _finish(platform, job_id)

    return run


def requeue(platform: Platform) -> int:
    """Queue again what a worker left undone. Call it while no other worker runs; the number of jobs."""
    with platform.work(SYSTEM) as work:
        left = work.session.scalars(
            select(Job).where(Job.state.in_(("queued", "running"))).order_by(Job.queued_at).limit(LIMIT)
        ).all()
        for job in left:
            _again(work, job, problem=job.problem or ("interrupted" if job.state == "running" else None))
    return len(left)


def counts(platform: Platform) -> dict[str, int]:
    """Jobs by state, of those that are not done."""
    with platform.read(SYSTEM) as work:
        states = work.session.scalars(select(Job.state).where(Job.state != "done")).all()
    return {state: states.count(state) for state in sorted(set(states))}


def _take(platform: Platform, job_id: str) -> dict[str, Any] | None:
    """The arguments, if this call won the job; committed before the work starts."""
    with platform.work(SYSTEM) as work:
        taken = work.session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == "queued")
            .values(state="running", attempt=Job.attempt + 1, started_at=work.now)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return work.session.scalars(select(Job.arguments).where(Job.id == job_id)).one()


def _finish(platform: Platform, job_id: str) -> None:
    with platform.work(SYSTEM) as work:
        work.session.execute(
            update(Job).where(Job.id == job_id).values(state="done", problem=None, ended_at=work.now)
        )


def _fail(platform: Platform, job_id: str, error: Exception) -> None:
    """A refusal stays refused; anything else is tried again, later each time."""
    final = isinstance(error, OpenDataError) and error.status < 500
    with platform.work(SYSTEM) as work:
        job = work.session.get_one(Job, job_id)
        problem = f"{type(error).__name__}: {error}"[:2000]
        if final:
            _end(work, job, problem)
        else:
            _again(work, job, problem=problem, delay=5.0 * 4**job.attempt)


def _again(work: Work, job: Job, *, problem: str | None, delay: float = 0.0) -> None:
    if job.attempt >= MAX_ATTEMPTS:
        _end(work, job, problem)
        return
    job.state = "queued"
    job.problem = problem
    work.after(TOPIC, job.id, {"kind": job.kind, "delay": delay})


def _end(work: Work, job: Job, problem: str | None) -> None:
    job.state = "failed"
    job.problem = problem
    job.ended_at = work.now
