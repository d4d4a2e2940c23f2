"""Drains the outbox: applies effects after commit, in order, each until it succeeds or is given up."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Select, delete, func, or_, select, update

from opendata.base.models import OutboxEntry
from opendata.base.runtime.platform import Platform

log = structlog.get_logger(__name__)
BATCH = 1000
MAX_ATTEMPTS = 8
_thread = threading.local()


def drain(platform: Platform, *, wait: float = 5.0) -> int:
    """Apply everything that is due; returns the number of entries applied.

    One process drains at a time. Another that finds it busy for `wait` seconds leaves its entries to
    the one at work, which goes on until nothing is due. A handler that commits work of its own leaves
    its entries to the drain that called it.
    """
    applied = 0
    if getattr(_thread, "draining", False):
        return applied
    _thread.draining = True
    try:
        with FileLock(platform.settings.data / "outbox.lock", timeout=wait):
            while entries := _due(platform):
                applied += _apply(platform, entries)
    except Timeout:
        log.info("outbox.busy")
    finally:
        _thread.draining = False
    return applied


def backlog(platform: Platform) -> tuple[int, int]:
    """(entries waiting, entries given up)."""
    with platform.read() as work:
        total, given_up = work.session.execute(
            select(func.count(OutboxEntry.id), func.count(OutboxEntry.problem))
        ).one()
    return total - given_up, given_up


def is_due(platform: Platform) -> bool:
    """Whether a drain would find something to do; one small read."""
    with platform.read() as work:
        return work.session.scalar(_due_entries(platform).limit(1)) is not None


def _due(platform: Platform) -> Sequence[OutboxEntry]:
    with platform.read() as work:
        return work.session.scalars(_due_entries(platform).limit(BATCH)).all()


def _due_entries(platform: Platform) -> Select[OutboxEntry]:
    return (
        select(OutboxEntry)
        .where(OutboxEntry.problem.is_(None))
        .where(or_(OutboxEntry.not_before.is_(None), OutboxEntry.not_before <= platform.clock()))
        .order_by(OutboxEntry.id)
    )


def _apply(platform: Platform, entries: Sequence[OutboxEntry]) -> int:
    by_topic = sorted(entries, key=lambda e: (e.topic, e.id))
    return sum(
        _apply_topic(platform, topic, list(group)) for topic, group in groupby(by_topic, lambda e: e.topic)
    )


def _apply_topic(platform: Platform, topic: str, entries: list[OutboxEntry]) -> int:
    """A batch that fails is tried again entry by entry, so that one poison entry stops no other."""
    newest = list({entry.object_id: entry for entry in entries}.values())
    try:
        platform.handlers[topic](platform, newest)
    except Exception as error:  # noqa: BLE001  # any fault of an effect is recorded, never lost
        if len(entries) > 1:
            return sum(_apply_topic(platform, topic, [entry]) for entry in entries)
        _postpone(platform, entries[0], error)
        return 0
    _forget(platform, [entry.id for entry in entries])
    return len(entries)


def _forget(platform: Platform, ids: list[int]) -> None:
    with platform.work() as work:
        work.session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(ids)))


def _postpone(platform: Platform, entry: OutboxEntry, error: Exception) -> None:
    attempts = entry.attempts + 1
    given_up = attempts >= MAX_ATTEMPTS
    log.warning(
        "outbox.failed", topic=entry.topic, object=entry.object_id, attempts=attempts, error=repr(error)
    )
    with platform.work() as work:
        work.session.execute(
            update(OutboxEntry)
            .where(OutboxEntry.id == entry.id)
            .values(
                attempts=attempts,
                not_before=platform.clock() + timedelta(seconds=2**attempts),
                problem=repr(error)[:500] if given_up else None,
            )
        )
