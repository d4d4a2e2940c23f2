"""Starts the runs that are due by their sources' schedules."""

from datetime import datetime

import structlog
from sqlalchemy import or_, select, update

from opendata.base.kit.errors import Unavailable
from opendata.base.models import HarvestSource
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.harvest import runs, sources

log = structlog.get_logger(__name__)
LIMIT = 200
READING = ("scheduled", "manual")
"""Kinds of runs that do what a schedule asks for: beside any other a source stays due."""


def start(platform: Platform) -> int:
    """Queue a run of every accepted source whose time has come; their number. A tick is taken once, by
    whichever worker moves the source to its next; ticks that were missed collapse into one. A source that
    cannot be started keeps no other from its turn. First what ended without a word is found, also of sources
    without a schedule."""
    with platform.work(SYSTEM) as work:
        runs.reap(work)
    with platform.read(SYSTEM) as work:
        found = _waiting(work)
    return sum(_started(platform, source_id, seen) for source_id, seen in found)


def _started(platform: Platform, source_id: str, seen: datetime | None) -> int:
    try:
        return _start(platform, source_id, seen)
    except Unavailable:  # it is the database that is away, for all of them
        raise
    except Exception as error:  # noqa: BLE001  # say, a schedule from before schedules were checked
        log.warning("harvest.not_started", source=source_id, error=repr(error))
        return 0


def _waiting(work: Work) -> list[tuple[str, datetime | None]]:
    """Sources that are due, and those that were never given a time."""
    is_due = or_(HarvestSource.next_due.is_(None), HarvestSource.next_due <= work.shared_now)
    query = select(HarvestSource.id, HarvestSource.next_due).where(
        HarvestSource.state == "accepted", HarvestSource.schedule.is_not(None), is_due
    )
    rows = work.session.execute(query.order_by(HarvestSource.next_due, HarvestSource.id).limit(LIMIT))
    return [(row.id, row.next_due) for row in rows]


def _start(platform: Platform, source_id: str, seen: datetime | None) -> int:
    with platform.work(SYSTEM) as work:
        source = work.session.get(HarvestSource, source_id)
        if source is None or source.state != "accepted":
            return 0
        if not _take_tick(work, source, seen) or seen is None:
            return 0
        run = runs.start(work, source, "scheduled")
        if run.kind not in READING:
            source.next_due = seen
            return 0
    log.info("harvest.due", source=source_id, run=run.id)
    return 1


def _take_tick(work: Work, source: HarvestSource, seen: datetime | None) -> bool:
    """Whether the source's tick was still there to be taken. The other worker waits at the row."""
    taken = update(HarvestSource).where(
        HarvestSource.id == source.id, HarvestSource.next_due.is_not_distinct_from(seen)
    )
    moved = work.session.execute(
        taken.values(next_due=sources.next_due(work, source)).execution_options(synchronize_session=False)
    )
    work.session.expire(source)
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]
