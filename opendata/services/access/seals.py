"""Seals over the trail: each event's seal holds the one before it, so that a row cannot be changed, put in
between or taken out without breaking all that follow.

They are set a little after the events, by one worker at a time, and not in the transactions of the changes:
those would have to wait for each other, all of them, for the seal of the one before. A seal proves nothing
against somebody who writes all later ones anew. For that the newest is told to the log, which leaves the
machine, and `check` compares one that was kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

import structlog
from sqlalchemy import func, select, update

from opendata.base.kit.hashes import digest
from opendata.base.models import AuditEvent
from opendata.base.runtime import SYSTEM, Platform, Work

TASK = "audit.seal"
BATCH = 1000
BEFORE_THE_FIRST = "0" * 64
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest one: the number of events it stands for, and itself in hex."""

    link: int = 0
    seal: str = BEFORE_THE_FIRST


@dataclass(frozen=True, slots=True)
class Check:
    """`broken` is the first link that does not hold; None where all do. `waiting` have no seal yet."""

    newest: Seal
    waiting: int
    broken: int | None = None


def seal(platform: Platform) -> Mapping[str, object]:
    """Seal what has none. A task of the timetable; of two that meet, the second waits and finds less."""
    sealed = 0
    while number := _seal_batch(platform):
        sealed += number
    with platform.read(SYSTEM) as work:
        newest = _newest(work)
    if sealed:
        log.info("audit.sealed", link=newest.link, seal=newest.seal, events=sealed)
    return {"link": newest.link, "seal": newest.seal}


def check(work: Work, known: Seal | None = None) -> Check:
    """Compute every seal anew, and compare `known`, a seal that somebody kept."""
    before = Seal()
    broken = None
    query = select(AuditEvent).where(AuditEvent.link.is_not(None)).order_by(AuditEvent.link)
    for event in work.session.scalars(query.execution_options(yield_per=BATCH)):
        expected = Seal(before.link + 1, _sealed(event, before))
        if (event.link, event.seal) != (expected.link, expected.seal) or _differs(expected, known):
            broken = expected.link
            break
        before = expected
        work.session.expunge(event)
    if broken is None and known is not None and known.link > before.link:
        broken = before.link + 1
    return Check(before, _waiting(work), broken)


def _seal_batch(platform: Platform) -> int:
    with platform.work(SYSTEM) as work:
        query = select(AuditEvent).where(AuditEvent.link.is_(None)).order_by(AuditEvent.id).limit(BATCH)
        events = work.session.scalars(query.with_for_update()).all()
        before = _newest(work)
        rows = []
        for event in events:
            before = Seal(before.link + 1, _sealed(event, before))
            rows.append({"id": event.id, "link": before.link, "seal": before.seal})
        if rows:
            work.session.execute(update(AuditEvent), rows)
        return len(rows)


def _sealed(event: AuditEvent, before: Seal) -> str:
    told = (event.actor_id, event.actor, event.action, event.object_type, event.object_id, event.data)
    return digest([before.seal, event.at.astimezone(UTC).isoformat(), *told])


def _newest(work: Work) -> Seal:
    query = select(AuditEvent.link, AuditEvent.seal).where(AuditEvent.link.is_not(None))
    link, seal = work.session.execute(query.order_by(AuditEvent.link.desc()).limit(1)).first() or (0, None)
    return Seal(link or 0, seal or BEFORE_THE_FIRST)


def _differs(here: Seal, known: Seal | None) -> bool:
    return known is not None and known.link == here.link and known.seal != here.seal


def _waiting(work: Work) -> int:
    return work.session.scalar(select(func.count()).where(AuditEvent.link.is_(None))) or 0
