"""Tells a process that something was taken from the public, for what it holds of earlier answers.

Looked up in the audit trail every two seconds, off the path of requests; a withdrawal of the last two seconds
before the database is away is not seen. Answers may name a dataset until the outbox has applied its
withdrawal, and a moment longer, until this process has looked at the index again.
"""

import time
from collections.abc import Callable

from sqlalchemy import func, select

from opendata.base.models import AuditEvent, DatasetDocument, OutboxEntry
from opendata.base.runtime import Platform, Work

ACTION = "dataset.withdraw"
EVERY = 2.0
SETTLES = 5.0
"""Seconds after which every process has seen what was applied."""
LATE = 2_000
"""Events looked at once more: one may become visible after others with a higher number."""


class Withdrawals:
    """Calls `forget` for each round in which there are new ones, or some that are not applied yet, once more
    when those have settled, and on the first. One per holder."""

    def __init__(self, platform: Platform, forget: Callable[[], None]) -> None:
        self._platform = platform
        self._forget = forget
        self._known: set[int] | None = None
        self._newest = 0
        self._waiting: set[str] = set()
        self._settled = float("inf")

    def look(self) -> None:
        with self._platform.read() as work:
            newest = work.session.scalar(select(func.max(AuditEvent.id))) or 0
            found = _events(work, since=min(self._newest or newest, newest) - LATE)
            new = found.keys() - (self._known or set())
            concerned = self._waiting | {found[event] for event in new}
            waiting = _unapplied(work, concerned)
        settled = time.monotonic() >= self._settled
        if concerned or settled or self._known is None:
            self._forget()
        if concerned or settled:
            self._settled = time.monotonic() + SETTLES if concerned else float("inf")
        self._known, self._newest, self._waiting = set(found), newest, waiting


def _events(work: Work, since: int) -> dict[int, str]:
    """Dataset by event."""
    query = select(AuditEvent.id, AuditEvent.object_id)
    query = query.where(AuditEvent.id > since, AuditEvent.action == ACTION)
    return dict(work.session.execute(query).all())


def _unapplied(work: Work, datasets: set[str]) -> set[str]:
    """Those of them with an entry in the outbox that is newer than their document; what it has given up is
    one too."""
    if not datasets:
        return set()
    applied = select(DatasetDocument.dataset_id, DatasetDocument.sequence)
    sequences = dict(work.session.execute(applied.where(DatasetDocument.dataset_id.in_(datasets))).all())
    entries = select(OutboxEntry.object_id, OutboxEntry.id).where(OutboxEntry.topic == "dataset")
    found = work.session.execute(entries.where(OutboxEntry.object_id.in_(datasets)))
    return {dataset for dataset, number in found if number > sequences.get(dataset, 0)}
