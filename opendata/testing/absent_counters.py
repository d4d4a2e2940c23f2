"""Shared counters for tests, that can be away."""

import time
from collections.abc import Callable, Sequence

from opendata.engines.counters import Cell, CountersUnavailable, Taken
from opendata.engines.counters.memory import MemoryCounters


class AbsentCounters(MemoryCounters):
    """Away, or answering too late, while they are told to be."""

    away = False
    late = False

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        if self.away:
            raise CountersUnavailable
        return super().take(cells, need, want, back=back)

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        if self.away:
            raise CountersUnavailable
        first = super().spend(charges, once=once)
        if self.late:
            raise CountersUnavailable
        return first

    def check(self) -> bool:
        return not self.away


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    return happened()
