"""Tells a process that something was taken from the public, for what it holds of earlier answers.

Looked up in the audit trail every two seconds, off the path of requests; a withdrawal of the last two seconds
before the database is away is not seen.
"""

import time
from collections.abc import Callable

from sqlalchemy import func, select

from opendata.base.models import AuditEvent
from opendata.base.runtime import Platform

ACTION = "dataset.withdraw"
EVERY = 2.0
LATE = 2_000
"""Events looked at once more: one may become visible after others with a higher number."""


class Withdrawals:
    """Calls `forget` for each round in which there are new ones, and on the first. One per holder."""

    def __init__(self, platform: Platform, forget: Callable[[], None]) -> None:
        self._platform = platform
        self._forget = forget
        self._known: set[int] | None = None
        self._newest = 0
        self._looked = float("-inf")

    def tick(self) -> None:
        if time.monotonic() - self._looked >= EVERY:
            self._looked = time.monotonic()
            self.look()

    def look(self) -> None:
        with self._platform.read() as work:
            newest = work.session.scalar(select(func.max(AuditEvent.id))) or 0
            since = min(self._newest or newest, newest) - LATE
            found = set(
                work.session.scalars(
                    select(AuditEvent.id).where(AuditEvent.id > since, AuditEvent.action == ACTION)
                )
            )
        if self._known is None or found - self._known:
            self._forget()
        self._known, self._newest = found, newest
