"""Faults of the limits themselves. They close nothing, and so nobody would notice: counted beside the calls,
told in the health answer, and the first of an hour written into the trail.
"""

import threading
import time
from datetime import timedelta
from math import inf

from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access import audit

ACTION = "limits.failed"
KIND, ONE = "limits", "plans"
PERIOD = timedelta(hours=1)
WRITTEN_EVERY = 5.0
RECENT_SECONDS = 60.0
TURN = 0x6F64_6C66
"""By this processes tell of it one after the other."""


class LimitFaults:
    """One per process; `flush` is for a thread that no call waits for."""

    def __init__(self, platform: Platform) -> None:
        self.count = 0
        """Since the start."""
        self._platform = platform
        self._lock = threading.Lock()
        self._at = -inf
        self._untold = ""
        self._told_at = -inf

    def note(self, error: Exception) -> None:
        """A call was let in, or not charged, because of this."""
        now = time.monotonic()
        with self._lock:
            self.count += 1
            self._at = now
            if now - self._told_at >= PERIOD.total_seconds():
                self._untold = self._untold or type(error).__name__

    @property
    def recent(self) -> bool:
        """Whether one happened within the last minute."""
        return time.monotonic() - self._at < RECENT_SECONDS

    def flush(self) -> None:
        """Into the trail, unless another process has told of this hour. While that is away it waits."""
        with self._lock:
            named = self._untold
        if not named:
            return
        with self._platform.work(SYSTEM) as work:
            _tell(work, named, self.count)
        with self._lock:
            self._untold, self._told_at = "", time.monotonic()


def _tell(work: Work, error: str, calls: int) -> None:
    work.wait_for_turn(TURN)
    newest = audit.trail(work, KIND, ONE, limit=1)
    if not newest or newest[0].at <= work.now - PERIOD:
        audit.record(work, ACTION, KIND, ONE, {"error": error, "calls": calls})
