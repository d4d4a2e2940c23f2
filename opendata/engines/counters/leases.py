"""Small lots taken from the shared counters and spent in this process.

A lot is at most a quarter of a second of the rate and a small part of what is left, so that workers get in
each other's way only where a limit is near: there each call asks for itself. Everything is granted before
it is used; what is not used within a quarter of a second is given back.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from opendata.engines.counters.protocol import Cell, Counters, CountersUnavailable, Reading

LOT_SECONDS = 0.25
KEPT = 50_000


@dataclass(slots=True)
class Lease:
    """`left` of what was granted at `at`, with what the cells said then. `told` is for whoever writes of it,
    and forgotten when more is granted."""

    cells: Sequence[Cell]
    rate: float
    until: float
    left: int = 0
    at: float = 0.0
    readings: tuple[Reading, ...] = ()
    told: Any = None
    ended: bool = False
    """Another has taken its place; what is given back to it goes to the counters at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The cells of one subject: at most `rate` a second between them, right `until` a time (epoch)."""

    cells: Sequence[Cell]
    rate: float
    until: float


class Leases:
    """`workers` is how many processes share the counters."""

    def __init__(
        self, counters: Counters, *, workers: int = 1, clock: Callable[[], float] = time.time
    ) -> None:
        self._counters = counters
        self._workers = max(1, workers)
        self._now = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, Lease] = OrderedDict()

    def take(
        self, subject: Hashable, ask: Callable[[], Asked], need: int = 1, *, now: float | None = None
    ) -> tuple[bool, Lease]:
        """Whether `need` was there, and the lease that tells what is left. `ask` is called where the cells
        of the subject are not known or no longer right. `now` for who has read the clock already."""
        now = self._now() if now is None else now
        lease = self._held.get(subject)
        if lease is not None:
            with self._lock:
                if lease.left >= need and now - lease.at < LOT_SECONDS:
                    lease.left -= need
                    return True, lease
        return self._asked(subject, lease, ask, need)

    def held(self, subject: Hashable) -> int:
        """What this process holds for the subject."""
        lease = self._held.get(subject)
        return lease.left if lease is not None else 0

    def give_back(self, lease: Lease, amount: int) -> None:
        """Of a call that is not charged after all. The next round returns it to the counters."""
        with self._lock:
            if not lease.ended:
                lease.left += amount
                return
        self._return(lease, amount)

    def sweep(self) -> None:
        """Return what lay unused for too long. Call it a few times a second."""
        now = self._now()
        for subject, lease in list(self._held.items()):
            if now - lease.at < LOT_SECONDS:
                continue
            with self._lock:
                left, lease.left = lease.left, 0
                if now >= lease.until or now - lease.at > 60:
                    self._end(subject, lease)
            self._return(lease, left)

    def close(self) -> None:
        with self._lock:
            ended = [(lease, self._end(subject, lease)) for subject, lease in list(self._held.items())]
        for lease, left in ended:
            self._return(lease, left)

    def _asked(
        self, subject: Hashable, lease: Lease | None, ask: Callable[[], Asked], need: int
    ) -> tuple[bool, Lease]:
        now = self._now()
        if lease is None or now >= lease.until:
            lease = self._renewed(subject, lease, ask(), now)
        with self._lock:
            back, lease.left = lease.left, 0
        taken = self._counters.take(lease.cells, need, max(need, self._lot(lease)), back=back)
        with self._lock:
            lease.readings, lease.at, lease.told = taken.readings, now, None
            if not lease.ended:
                self._held.move_to_end(subject)
        if taken.granted > need:
            self.give_back(lease, taken.granted - need)
        return taken.granted >= need, lease

    def _renewed(self, subject: Hashable, before: Lease | None, asked: Asked, now: float) -> Lease:
        """The one lease of the subject: that of another thread, where one was quicker. What those that go
        for it hold is returned."""
        ended: list[tuple[Lease, int]] = []
        with self._lock:
            lease = self._held.get(subject)
            if lease is None or lease is before:
                if lease is not None:
                    ended.append((lease, self._end(subject, lease)))
                lease = self._held[subject] = Lease(asked.cells, asked.rate, asked.until, at=now)
                if len(self._held) > KEPT:
                    oldest, other = next(iter(self._held.items()))
                    ended.append((other, self._end(oldest, other)))
        for other, left in ended:
            self._return(other, left)
        return lease

    def _end(self, subject: Hashable, lease: Lease) -> int:
        """Held no more; what was left of it. Under the lock."""
        if self._held.get(subject) is lease:
            del self._held[subject]
        left, lease.left, lease.ended = lease.left, 0, True
        return left

    def _lot(self, lease: Lease) -> int:
        """A quarter of a second of the rate, where the tightest cell has plenty; else one."""
        shares = [
            reading.remaining // (cell.weight * 4 * self._workers)
            for cell, reading in zip(lease.cells, lease.readings, strict=False)
            if cell.weight and cell.hard
        ]
        if not lease.readings:
            return 1
        lot = min(int(lease.rate * LOT_SECONDS), *shares) if shares else int(lease.rate * LOT_SECONDS)
        return max(1, lot)

    def _return(self, lease: Lease, left: int) -> None:
        if left <= 0:
            return
        try:
            self._counters.spend([(cell, -left * cell.weight) for cell in lease.cells if cell.weight])
        except CountersUnavailable:
            return  # they count as spent: never the other way
