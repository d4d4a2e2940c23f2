"""The counters as a storage of the `limits` library, so that Flask-Limiter counts in the same place.

    Limiter(storage_uri="opendata+sqlite:///…", storage_options={"counters": counters})

Without `counters` it opens its own from what follows `opendata+` in the address.
"""

import time
from typing import Any

from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport

from opendata.engines.counters.opening import open_counters
from opendata.engines.counters.protocol import Cell, Counters, CountersUnavailable

MANY = 2**53


class CountersStorage(Storage, SlidingWindowCounterSupport):
    """Sliding windows by one check-and-add; fixed windows by calendar cells that end with the window."""

    STORAGE_SCHEME = ["opendata+memory", "opendata+sqlite", "opendata+redis"]  # noqa: RUF012  # their form

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,
        counters: Counters | None = None,
        **_options: Any,
    ) -> None:
        super().__init__(uri, wrap_exceptions)
        self._counters = counters or open_counters((uri or "").removeprefix("opendata+"))

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return CountersUnavailable

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        cell = Cell(key, "sliding", limit, expiry)
        return bool(self._counters.take([cell], amount, amount).granted)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """All that counts as if it stood in the present window: the sum is what callers reckon with."""
        reading = self._counters.peek([Cell(key, "sliding", MANY, expiry)]).readings[0]
        return 0, 0.0, MANY - reading.remaining, reading.reset + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002  # their signature
        self._counters.forget([key])

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        cell = self._fixed(key, expiry)
        self._counters.spend([(cell, amount)])
        return self.get(key)

    def get(self, key: str) -> int:
        return MANY - self._counters.peek([self._fixed(key, 0)]).readings[0].remaining

    def get_expiry(self, key: str) -> float:
        return time.time() + self._counters.peek([self._fixed(key, 0)]).readings[0].reset

    def check(self) -> bool:
        return self._counters.check()

    def reset(self) -> int | None:
        raise NotImplementedError("counters of callers are never dropped all at once")

    def clear(self, key: str) -> None:
        self._counters.forget([key])

    def _fixed(self, key: str, expiry: int) -> Cell:
        return Cell(key, "calendar", MANY, time.time() + expiry, hard=False)
