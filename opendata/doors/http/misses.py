"""Slows down who tries keys: after twenty misses in a minute a network waits for the next one. A known key
that is refused again and again waits too, for itself alone and after more of them.

All workers count together. A worker asks the shared counters at a miss alone, and remembers whom they told
to wait.
"""

import threading
import time
from collections import OrderedDict
from math import ceil

from opendata.base.kit.errors import RateLimited
from opendata.engines.counters import Cell, Counters, CountersUnavailable

MOST = 20
MOST_OF_A_KEY = 120
"""Refusals a minute of one known key from one network: a page that was left open and asks once a second is
told the reason each time."""
MINUTE = 60.0
KEPT = 20_000


class Misses:
    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, float] = OrderedDict()

    def require_few(self, network: str) -> None:
        """Raises `RateLimited` while the network has to wait."""
        left = self._waiting.get(network, 0.0) - time.monotonic()
        if left > 0:
            raise RateLimited(retry_after=ceil(left))

    def note(self, network: str, most: int = MOST) -> None:
        """One more miss. Raises `RateLimited` for one too many."""
        try:
            taken = self._counters.take([_cell(network, most)])
        except CountersUnavailable:
            return  # the floor below still counts
        if taken.granted:
            return
        with self._lock:
            self._waiting[network] = time.monotonic() + taken.readings[0].wait
            if len(self._waiting) > KEPT:
                self._waiting.popitem(last=False)
        self.require_few(network)

    def forgive(self, network: str) -> None:
        """Begin anew."""
        self._waiting.pop(network, None)
        self._counters.forget([_cell(network).key])


def _cell(network: str, most: int = MOST) -> Cell:
    return Cell(f"m:{{{network}}}", "sliding", most, MINUTE)
