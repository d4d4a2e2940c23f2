"""Counters of one process."""

import threading
import time
from collections.abc import Sequence

from opendata.engines.counters import cells as arithmetic
from opendata.engines.counters.cells import NEW, State
from opendata.engines.counters.protocol import BATCH_SECONDS, Cell, Seconds, Taken

SWEEP_EVERY = 4096
"""Changes between two rounds that drop what has expired."""


class MemoryCounters:
    def __init__(self, *, clock: Seconds | None = None) -> None:
        self._now = clock or time.time
        self._lock = threading.Lock()
        self._cells: dict[str, tuple[State, float]] = {}
        self._slots: dict[str, dict[str, float]] = {}
        self._batches: dict[str, float] = {}
        self._changes = 0

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        now = self._now()
        with self._lock:
            states = [self._state(cell) for cell in cells]
            if back:
                states = arithmetic.moved(cells, states, now, -back)
            give = arithmetic.granted(cells, states, now, need, want)
            states = arithmetic.moved(cells, states, now, give)
            if back or give:
                self._keep(cells, states)
        return Taken(give, arithmetic.readings(cells, states, now, need))

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        now = self._now()
        with self._lock:
            if once and self._batches.get(once, 0.0) > now:
                return False
            if once:
                self._batches[once] = now + BATCH_SECONDS
            for cell, amount in charges:
                self._keep([cell], [arithmetic.added(cell, self._state(cell), now, amount)])
        return True

    def peek(self, cells: Sequence[Cell], need: int = 1) -> Taken:
        now = self._now()
        states = [self._state(cell) for cell in cells]
        return Taken(0, arithmetic.readings(cells, states, now, need))

    def enter(self, slots: str, limit: int, holder: str, seconds: float) -> int | None:
        now = self._now()
        with self._lock:
            held = {who: end for who, end in self._slots.get(slots, {}).items() if end > now}
            if holder not in held and len(held) >= limit:
                return None
            held[holder] = now + seconds
            self._slots[slots] = held
            return limit - len(held)

    def leave(self, slots: str, holder: str) -> None:
        with self._lock:
            self._slots.get(slots, {}).pop(holder, None)
            if not self._slots.get(slots):
                self._slots.pop(slots, None)

    def describe(self) -> str:
        return "memory"

    def forget(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._cells.pop(key, None)

    def check(self) -> bool:
        return True

    def close(self) -> None:
        return

    def _state(self, cell: Cell) -> State:
        return self._cells.get(cell.key, (NEW, 0.0))[0]

    def _keep(self, cells: Sequence[Cell], states: Sequence[State]) -> None:
        for cell, state in zip(cells, states, strict=True):
            self._cells[cell.key] = (state, arithmetic.expires(cell, state))
        self._changes += 1
        if self._changes % SWEEP_EVERY == 0:
            self._sweep(self._now())

    def _sweep(self, now: float) -> None:
        self._cells = {key: kept for key, kept in self._cells.items() if kept[1] > now}
        self._batches = {name: end for name, end in self._batches.items() if end > now}
