"""Tells a web process that hangs from one that works: each beats into memory it shares with its parent.

The kernel hands connections to a process that hangs as to any other, so whoever gets it would wait. Imports
nothing of the product: the watching parent stays small.
"""

import contextlib
import mmap
import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterable

EVERY = 1.0
HUNG_AFTER = 10.0
"""Seconds without a beat. A process that is merely busy beats; one that does not answers nobody."""
_SLOTS = 4096
_BEAT = struct.Struct("qd")


class Pulse:
    """Made before the children are forked. `clock` is one that all processes of the host share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _BEAT.size)
        self._begun = mmap.mmap(-1, 1)
        self._clock = clock
        self._looked = clock()

    def beat(self) -> None:
        pid = os.getpid()
        _BEAT.pack_into(self._memory, _place(pid), pid, self._clock())

    def start_beating(self) -> None:
        """From now on, in a thread of this process."""
        self.beat()
        self._begun[0] = 1
        threading.Thread(target=self._keep_beating, name="opendata-pulse", daemon=True).start()

    @property
    def has_begun(self) -> bool:
        """Whether any process has begun to beat since this was made."""
        return bool(self._begun[0])

    def hung(self, pids: Iterable[int]) -> list[int]:
        """Those that have beaten once and no more since. None where the one who looks was asleep himself."""
        before, self._looked = self._looked, self._clock()
        if self._looked - before > HUNG_AFTER / 3:
            self._forget()
        return [pid for pid in pids if self._silence(pid) > HUNG_AFTER]

    def start_watching(self, pids: Callable[[], Iterable[int]]) -> None:
        """Kill what hangs; that it is started again is the business of whoever started it."""
        threading.Thread(target=self._keep_watching, args=(pids,), name="opendata-watch", daemon=True).start()

    def _keep_beating(self) -> None:
        while True:
            time.sleep(EVERY)
            self.beat()

    def _keep_watching(self, pids: Callable[[], Iterable[int]]) -> None:
        while True:
            time.sleep(EVERY)
            for pid in self.hung(pids()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _silence(self, pid: int) -> float:
        beating, at = _BEAT.unpack_from(self._memory, _place(pid))
        return float(self._clock() - at) if beating == pid else 0.0

    def _forget(self) -> None:
        """Who was asleep as well beats again soon."""
        self._memory[:] = bytes(len(self._memory))


def _place(pid: int) -> int:
    return pid % _SLOTS * _BEAT.size
