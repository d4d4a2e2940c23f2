"""Counting goes on while the shared counters are away: each worker by itself, with its share.

After one refusal of the store nobody waits for it again until a thread beside the requests has seen it
answer. What is left of a calendar period is divided by the number of workers, from what was last known; the
whole may pass the limit by a tenth at most, in all outages of the period together. What was spent meanwhile
is kept on disk and added once.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TypeVar

import structlog

from opendata.engines.counters.heard import Heard, Ledger
from opendata.engines.counters.memory import MemoryCounters
from opendata.engines.counters.pending import Pending
from opendata.engines.counters.protocol import Cell, Counters, CountersUnavailable, Seconds, Taken

log = structlog.get_logger(__name__)
T = TypeVar("T")
PROBE_SECONDS = 0.5
OVERDRAFT = 0.1
"""Of a calendar limit: what all workers together may spend beyond it while they cannot see each other."""


class FallbackCounters:
    """`shared` while it answers, else counters of this process. `degraded` tells which."""

    def __init__(
        self,
        shared: Counters,
        folder: Path,
        *,
        workers: int = 1,
        clock: Seconds | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._shared = shared
        self._local = MemoryCounters(clock=clock)
        self._clock = clock
        self._workers = max(1, workers)
        self._pending = Pending(folder)
        self._heard = Heard(ledger)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.degraded = False
        if self._pending.has_leftovers():
            threading.Thread(target=self._hand_over, name="opendata-leftovers", daemon=True).start()

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        return self._asked(
            lambda: self._noted(cells, self._shared.take(cells, need, want, back=back)),
            lambda: self._take_here(cells, need, want, back),
        )

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        return self._asked(
            lambda: self._shared.spend(charges, once=once), lambda: self._spend_here(charges, once)
        )

    def peek(self, cells: Sequence[Cell], need: int = 1) -> Taken:
        return self._asked(
            lambda: self._shared.peek(cells, need),
            lambda: self._local.peek([self._share(cell) for cell in cells], need),
        )

    def enter(self, slots: str, limit: int, holder: str, seconds: float) -> int | None:
        share = ceil(limit / self._workers)
        return self._asked(
            lambda: self._shared.enter(slots, limit, holder, seconds),
            lambda: self._local.enter(slots, share, holder, seconds),
        )

    def leave(self, slots: str, holder: str) -> None:
        self._local.leave(slots, holder)
        self._asked(lambda: self._shared.leave(slots, holder), lambda: None)

    def describe(self) -> str:
        """Of the shared store, whose absence has to be seen."""
        return self._shared.describe()

    def forget(self, keys: Sequence[str]) -> None:
        self._local.forget(keys)
        self._asked(lambda: self._shared.forget(keys), lambda: None)

    def check(self) -> bool:
        """There is always somebody who counts."""
        return True

    def close(self) -> None:
        self._closing.set()
        self._pending.close()
        self._shared.close()

    def _asked(self, shared: Callable[[], T], here: Callable[[], T]) -> T:
        if not self.degraded:
            try:
                return shared()
            except CountersUnavailable as error:
                self._degrade(error)
        return here()

    def _degrade(self, error: CountersUnavailable) -> None:
        with self._lock:
            if self.degraded:
                return
            self._local = MemoryCounters(clock=self._clock)
            self._heard.begin()
            self.degraded = True  # from here on others count by what was just begun
        log.warning("counters.degraded", error=repr(error.__cause__))
        threading.Thread(target=self._wait_for_shared, name="opendata-counters", daemon=True).start()

    def _wait_for_shared(self) -> None:
        began = time.monotonic()
        while not self._closing.wait(PROBE_SECONDS):
            if self._is_back():
                break
        else:
            return
        self.degraded = False
        log.warning("counters.restored", seconds=round(time.monotonic() - began, 1))
        self._hand_over()  # what was counted between the merge and now

    def _is_back(self) -> bool:
        try:
            self._pending.keep()
            return self._shared.check() and self._merged()
        except Exception as error:  # noqa: BLE001  # the next round tries again
            log.warning("counters.probe", error=repr(error))
            return False

    def _hand_over(self) -> None:
        """What waits, until it is done once. Beside the requests."""
        while not self._closing.is_set():
            try:
                if self._merged():
                    return
            except Exception as error:  # noqa: BLE001  # the next round tries again
                log.warning("counters.leftovers", error=repr(error))
            self._closing.wait(PROBE_SECONDS)

    def _merged(self) -> bool:
        try:
            self._pending.hand_over(lambda charges, batch: self._shared.spend(charges, once=batch))
        except CountersUnavailable:
            return False
        return True

    def _take_here(self, cells: Sequence[Cell], need: int, want: int, back: int) -> Taken:
        shares = [self._share(cell, ask=True) for cell in cells]
        taken = self._local.take(shares, need, want, back=back)
        moved = taken.granted - back
        if moved:
            periods = [cell for cell in cells if cell.algorithm == "calendar" and cell.weight]
            self._owe([(cell, moved * cell.weight) for cell in periods])
        return taken

    def _spend_here(self, charges: Sequence[tuple[Cell, int]], once: str) -> bool:
        first = self._local.spend([(self._share(cell), amount) for cell, amount in charges], once=once)
        if first:
            self._owe([(cell, n) for cell, n in charges if cell.algorithm == "calendar"])
        return first

    def _owe(self, charges: Sequence[tuple[Cell, int]]) -> None:
        """To the shared counters: at once, where they came back while this was counted."""
        # until the shared counters tell better: the others are taken to have counted as much
        self._heard.add([(cell, amount * self._workers) for cell, amount in charges])
        self._pending.add(charges)
        if not self.degraded:
            self._merged()

    def _share(self, cell: Cell, *, ask: bool = False) -> Cell:
        """The cell as one of the workers may use it."""
        if cell.algorithm == "gcra":
            return replace(cell, limit=ceil(cell.limit / self._workers), span=cell.span * self._workers)
        if cell.algorithm == "sliding":
            return replace(cell, limit=ceil(cell.limit / self._workers))
        left = cell.limit + cell.limit * OVERDRAFT - self._heard.used(cell, ask=ask)
        return replace(cell, limit=max(0, min(cell.limit, int(left / self._workers))))

    def _noted(self, cells: Sequence[Cell], taken: Taken) -> Taken:
        self._heard.note(cells, taken)
        return taken
