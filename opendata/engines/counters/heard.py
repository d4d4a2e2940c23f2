"""What was used of calendar periods, as far as this process heard: from the shared counters, by its own
counting, and from a ledger where it has heard nothing lately."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import inf

import structlog

from opendata.engines.counters.protocol import Cell, Taken

log = structlog.get_logger(__name__)
Ledger = Callable[[Cell], int | None]
"""The amount used of a cell by what else counts it; None where that is not known. It may raise."""
KEPT = 50_000
FRESH_SECONDS = 60.0
"""For which what was heard is not asked for again: others may have used the period meanwhile."""
AGAIN_SECONDS = 5.0
"""After which a ledger that failed is asked again. Requests do not wait for it until then."""


class Heard:
    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._at_first: dict[str, int] = {}
        self._settled: set[str] = set()
        """Those of them that no ledger is asked for any more."""
        self._ask_at = -inf

    def note(self, cells: Sequence[Cell], taken: Taken) -> None:
        """What the shared counters say, more than the limit included."""
        now = time.monotonic()
        with self._lock:
            for cell, reading in zip(cells, taken.readings, strict=True):
                if cell.algorithm == "calendar":
                    self._keep(cell, cell.limit - reading.remaining + reading.over, now)

    def add(self, charges: Sequence[tuple[Cell, int]]) -> None:
        """What is counted while nothing is heard: the next outage begins with it."""
        with self._lock:
            for cell, amount in charges:
                used, at = self._known.get(cell.key, (0, -inf))
                self._keep(cell, max(0, used + amount), at)

    def begin(self) -> None:
        """An outage begins."""
        with self._lock:
            self._at_first.clear()
            self._settled.clear()

    def used(self, cell: Cell, *, ask: bool) -> int:
        """As it was when the cell was first met in this outage, whatever is counted since. `ask` lets the
        ledger be read, once for each cell; not within a transaction."""
        now = time.monotonic()
        with self._lock:
            used, at = self._known.get(cell.key, (0, -inf))
            first = self._at_first.setdefault(cell.key, used)
            if cell.key in self._settled:
                return first
            if now - at <= FRESH_SECONDS or self._ledger is None:
                self._settled.add(cell.key)
                return first
        told = self._told(self._ledger, cell, now) if ask else None
        if told is None:
            return first
        with self._lock:
            self._keep(cell, max(self._known.get(cell.key, (0, at))[0], told), now)
            if cell.key not in self._settled:  # another thread may have been quicker
                self._settled.add(cell.key)
                self._at_first[cell.key] = max(first, told)
            return self._at_first[cell.key]

    def _told(self, ledger: Ledger, cell: Cell, now: float) -> int | None:
        """None where it does not answer; what it does not know was not used."""
        if now < self._ask_at:
            return None
        try:
            return ledger(cell) or 0
        except Exception as error:  # noqa: BLE001  # counting goes on without it, whatever it is
            self._ask_at = time.monotonic() + AGAIN_SECONDS
            log.warning("counters.ledger", error=repr(error))
            return None

    def _keep(self, cell: Cell, used: int, at: float) -> None:
        self._known[cell.key] = used, at
        self._known.move_to_end(cell.key)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
