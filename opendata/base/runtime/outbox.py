"""Drains the outbox: applies effects after commit, in order, each until it succeeds or is given up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from itertools import groupby, islice

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import ARRAY, Select, String, case, cast, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import REGCLASS

from opendata.base.kit.errors import StorageFull, Unavailable
from opendata.base.models import OutboxEntry
from opendata.base.runtime.backoff import spread
from opendata.base.runtime.database import is_shared
from opendata.base.runtime.database_faults import told_in_our_words
from opendata.base.runtime.platform import Platform, Work

log = structlog.get_logger(__name__)
BATCH = 500
MAX_ATTEMPTS = 8
CLAIM_SECONDS = 600
"""Longest that a claim stands still while one handler is at work: a search cluster that is busy takes minutes
over a batch, longer than any other transaction may be idle."""
LONGEST_WAIT = 15
"""Seconds between two tries of an engine that is away."""
TRIES_TO_WAIT = 4
"""As many tries an engine that is away counts for, enough for the longest wait: the others are for faults of
the entry."""
_thread = threading.local()

Settle = Callable[[], AbstractContextManager[Work]]
"""Opens the transaction in which entries that were dealt with are taken out."""


def drain(platform: Platform, *, wait: float = 5.0, batches: int | None = None) -> int:
    """Apply everything that is due, or no more than so many batches; returns the number of entries applied.

    SQLite: one process drains at a time. Another that finds it busy for `wait` seconds leaves its entries
    to the one at work or, where that one does a few batches only, to the worker. PostgreSQL: any number of
    processes on any number of hosts drain side by side, see `_claim`. A handler that commits work of its own
    leaves its entries to the drain that called it.
    """
    if getattr(_thread, "draining", False):
        return 0
    _thread.draining = True
    try:
        if is_shared(platform.engine):
            return sum(islice(_drain_shared(platform), batches))
        with FileLock(platform.settings.data / "outbox.lock", timeout=wait):
            return sum(islice(_drain_alone(platform), batches))
    except Timeout:
        log.info("outbox.busy")
        return 0
    finally:
        _thread.draining = False


def _drain_alone(platform: Platform) -> Iterator[int]:
    while entries := _due(platform):
        yield _apply(platform, entries, platform.work)


def _drain_shared(platform: Platform) -> Iterator[int]:
    """Each batch is claimed, applied and forgotten in one transaction: a killed drainer's claim ends with
    its connection, and its entries are applied again by another."""
    while True:
        with platform.work() as claim:
            entries = _claim(claim)
            if not entries:
                return
            idle = ("idle_in_transaction_session_timeout", f"{CLAIM_SECONDS}s")
            claim.session.execute(select(func.set_config(*idle, True)))
            applied = _apply(platform, entries, lambda claim=claim: nullcontext(claim))  # type: ignore[misc]
        yield applied  # when it is committed: nobody may ask for another


def _claim(work: Work) -> list[OutboxEntry]:
    """Entries that no other drainer has, of objects that no other drainer is at: so the entries of one
    object are applied in order, by one drainer at a time. The locks end with the transaction."""
    query = _due_entries(work.platform).limit(BATCH).with_for_update(skip_locked=True)
    entries = work.session.scalars(query).all()
    names = sorted({_name(entry) for entry in entries})
    wanted = func.unnest(cast(names, ARRAY(String))).table_valued("name")
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(wanted.c.name, 0))
    held = {name for name, ours in work.session.execute(select(wanted.c.name, lock)) if ours}
    held -= _overtaken(work, entries)
    return [entry for entry in entries if _name(entry) in held]


def _overtaken(work: Work, entries: Sequence[OutboxEntry]) -> set[str]:
    """Objects with an earlier entry that was passed by: another drainer has it in its hands and will not
    apply it either. Conclusive only under the locks."""
    ours = {entry.id for entry in entries}
    last = {_name(entry): entry.id for entry in entries}
    waiting = _due_entries(work.platform).where(OutboxEntry.object_id.in_([e.object_id for e in entries]))
    found = work.session.execute(
        waiting.with_only_columns(OutboxEntry.id, OutboxEntry.topic, OutboxEntry.object_id)
    )
    return {
        name
        for entry_id, topic, object_id in found
        if entry_id not in ours and entry_id < last.get(name := f"{topic}:{object_id}", 0)
    }


def _name(entry: OutboxEntry) -> str:
    return f"{entry.topic}:{entry.object_id}"


def go_on_behind(work: Work, sequence: int) -> None:
    """Let the next entries have numbers behind this one: of a database that was put back to an earlier day
    they would else be older than what an index beside it holds."""
    if sequence <= (work.session.scalar(select(func.max(OutboxEntry.id))) or 0):
        return
    if is_shared(work.platform.engine):
        name = func.pg_get_serial_sequence(OutboxEntry.__tablename__, OutboxEntry.id.key)
        last = select(func.coalesce(func.pg_sequence_last_value(cast(name, REGCLASS)), 0)).scalar_subquery()
        work.session.execute(select(func.setval(name, func.greatest(last, sequence))))
        return
    table = {"name": OutboxEntry.__tablename__, "sequence": sequence}
    counted = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    if (last := work.session.scalar(counted, table)) is None:
        work.session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :sequence)"), table)
    elif last < sequence:
        work.session.execute(text("UPDATE sqlite_sequence SET seq = :sequence WHERE name = :name"), table)


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


def _apply(platform: Platform, entries: Sequence[OutboxEntry], settle: Settle) -> int:
    by_topic = sorted(entries, key=lambda e: (e.topic, e.id))
    return sum(
        _apply_topic(platform, topic, list(group), settle)
        for topic, group in groupby(by_topic, lambda e: e.topic)
    )


def _apply_topic(platform: Platform, topic: str, entries: list[OutboxEntry], settle: Settle) -> int:
    """A batch that fails is tried again entry by entry, so that one poison entry stops no other."""
    newest = list({entry.object_id: entry for entry in entries}.values())
    try:
        with told_in_our_words():  # stores of a handler's own may lie on the same disk
            platform.handlers[topic](platform, newest)
    except (StorageFull, Unavailable) as error:
        _wait(platform, entries, error, settle)
        return 0
    except Exception as error:  # noqa: BLE001  # any fault of an effect is recorded, never lost
        if len(entries) > 1:
            return sum(_apply_topic(platform, topic, [entry], settle) for entry in entries)
        _postpone(platform, entries[0], error, settle)
        return 0
    _forget([entry.id for entry in entries], settle)
    return len(entries)


def _forget(ids: list[int], settle: Settle) -> None:
    with settle() as work:
        work.session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(ids)))


def _wait(
    platform: Platform, entries: list[OutboxEntry], error: StorageFull | Unavailable, settle: Settle
) -> None:
    """An engine that is away comes back, and a disk that is full is made room on: entries wait, however long,
    and are never given up."""
    attempts = max(entry.attempts for entry in entries) + 1
    tried = case((OutboxEntry.attempts < TRIES_TO_WAIT, OutboxEntry.attempts + 1), else_=OutboxEntry.attempts)
    log.warning("outbox.waiting", topic=entries[0].topic, entries=len(entries), error=repr(error))
    with settle() as work:
        work.session.execute(
            update(OutboxEntry)
            .where(OutboxEntry.id.in_([entry.id for entry in entries]))
            .values(
                attempts=tried,
                not_before=platform.clock() + timedelta(seconds=spread(min(2**attempts, LONGEST_WAIT))),
            )
        )


def _postpone(platform: Platform, entry: OutboxEntry, error: Exception, settle: Settle) -> None:
    attempts = entry.attempts + 1
    given_up = attempts >= MAX_ATTEMPTS
    log.warning(
        "outbox.failed", topic=entry.topic, object=entry.object_id, attempts=attempts, error=repr(error)
    )
    with settle() as work:
        work.session.execute(
            update(OutboxEntry)
            .where(OutboxEntry.id == entry.id)
            .values(
                attempts=attempts,
                not_before=platform.clock() + timedelta(seconds=spread(2**attempts)),
                problem=repr(error)[:500] if given_up else None,
            )
        )
