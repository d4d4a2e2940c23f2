"""Slows down who tries keys: after twenty misses in a minute a network waits for the next one.

Each worker counts for itself; the limits of the data plane count over all of them.
"""

import threading
import time
from collections import OrderedDict

from opendata.base.kit.errors import RateLimited

MOST = 20
MINUTE = 60.0
KEPT = 20_000


class Misses:
    """Bounded: the networks that were quiet longest are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def require_few(self, network: str) -> None:
        """Raises `RateLimited` while the network has to wait."""
        began, count = self._counts.get(network, (0.0, 0))
        left = began + MINUTE - time.monotonic()
        if count >= MOST and left > 0:
            raise RateLimited(retry_after=int(left) + 1)

    def note(self, network: str) -> None:
        now = time.monotonic()
        with self._lock:
            began, count = self._counts.pop(network, (now, 0))
            fresh = (now, 1) if now - began >= MINUTE else (began, count + 1)
            self._counts[network] = fresh
            if len(self._counts) > KEPT:
                self._counts.popitem(last=False)
