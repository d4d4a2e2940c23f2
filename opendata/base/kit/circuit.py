"""A breaker before a server: while it is away nobody waits for it in turn."""

import threading
import time
from collections.abc import Callable

from opendata.base.kit.errors import Unavailable

OPEN_SECONDS = 1.0


class Circuit:
    """Open after so many `failures` in a row; then everything fails at once, but one probe a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, failures: int = 1) -> None:
        self._clock = clock
        self._most = failures
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    def enter(self) -> None:
        """Raises `Unavailable` while it is open."""
        with self._lock:
            if self._failures < self._most:
                return
            now = self._clock()
            if now < self._next_probe:
                raise Unavailable
            self._next_probe = now + OPEN_SECONDS

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._next_probe = self._clock() + OPEN_SECONDS

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
