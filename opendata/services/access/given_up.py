"""What runs behind the doors and was given up: jobs that failed, effects that could not be applied. An
operator lets it be tried again once the cause is gone, or drops it for a reason that is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from opendata.base.kit.errors import NotFound
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Job, OutboxEntry
from opendata.base.runtime import Work, jobs
from opendata.services.access import audit, policy
from opendata.services.access.policy import Action

MOST = 1000
_HIGHEST = 2**31 - 1
"""Number in the outbox."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """`what` is "job" or "effect"; `id` that of the job, or the number of the effect in the outbox; `details`
    are the arguments of a job, or what goes with an effect."""

    id: str
    what: str
    kind: str
    about: str | None
    attempts: int
    at: datetime | None
    problem: str | None
    details: Mapping[str, Any]


def listing(work: Work, *, limit: int = MOST) -> Sequence[GivenUp]:
    """Jobs, then effects, the newest first."""
    policy.require(work.caller, Action.PLATFORM)
    failed = select(Job).where(Job.state == "failed").order_by(Job.ended_at.desc(), Job.id)
    dropped = select(OutboxEntry).where(OutboxEntry.problem.is_not(None)).order_by(OutboxEntry.id.desc())
    return [
        *map(_of_job, work.session.scalars(failed.limit(limit))),
        *map(_of_effect, work.session.scalars(dropped.limit(limit))),
    ]


def get(work: Work, name: str) -> GivenUp:
    """Raises `NotFound`."""
    policy.require(work.caller, Action.PLATFORM)
    return _told(_found(work, name))


def retry(work: Work, name: str) -> str:
    """Its id from now on. A job is asked for anew: the fence of the old one stays with whoever had it.
    Raises `NotFound`."""
    policy.require(work.caller, Action.PLATFORM)
    row = _found(work, name, lock=True)
    _record(work, "retry", row)
    if isinstance(row, OutboxEntry):
        row.problem, row.attempts, row.not_before = None, 0, None
        return str(row.id)
    again = jobs.enqueue(work, row.kind, row.arguments)
    work.session.get_one(Job, again).by_id = row.by_id
    work.session.delete(row)
    return again


def discard(work: Work, name: str, *, reason: str) -> None:
    """Raises `NotFound`, `Invalid` without a reason."""
    policy.operate(work.caller, reason)
    row = _found(work, name, lock=True)
    _record(work, "discard", row, reason=clean(reason)[:500])
    work.session.delete(row)


def _found(work: Work, name: str, *, lock: bool = False) -> Job | OutboxEntry:
    if (number := _number(name)) is not None:
        entry = work.session.get(OutboxEntry, number, with_for_update=lock or None)
        if entry is not None and entry.problem is not None:
            return entry
    job = work.find(Job, name, lock=lock)
    if job is None or job.state != "failed":
        raise NotFound
    return job


def _number(name: str) -> int | None:
    """None also for one no entry can have, which PostgreSQL would refuse to look for."""
    plain = name.isascii() and name.isdecimal() and len(name) <= len(str(_HIGHEST))
    return int(name) if plain and int(name) <= _HIGHEST else None


def _record(work: Work, step: str, row: Job | OutboxEntry, **data: str) -> None:
    told = _told(row)
    about = {"kind": told.kind, "about": told.about, "problem": told.problem}
    audit.record(work, f"{told.what}.{step}", told.what, told.id, {**about, **data})


def _told(row: Job | OutboxEntry) -> GivenUp:
    return _of_job(row) if isinstance(row, Job) else _of_effect(row)


def _of_job(job: Job) -> GivenUp:
    return GivenUp(
        id=job.id,
        what="job",
        kind=job.kind,
        about=None,
        attempts=job.attempt,
        at=job.ended_at,
        problem=job.problem,
        details=job.arguments,
    )


def _of_effect(entry: OutboxEntry) -> GivenUp:
    return GivenUp(
        id=str(entry.id),
        what="effect",
        kind=entry.topic,
        about=entry.object_id,
        attempts=entry.attempts,
        at=entry.at,
        problem=entry.problem,
        details=entry.payload or {},
    )
