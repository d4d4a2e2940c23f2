"""The door for work that nobody waits for: runs jobs, drains what was left in the outbox and keeps the
timetable.

A thread of the web process in embedded mode, or a process of its own (`opendata worker`). On SQLite one
worker works at a time; another waits until it may take over. On a shared database all of them work.
"""

import threading
import time
from collections.abc import Callable

import structlog
from filelock import FileLock, Timeout

from opendata.base.runtime import Platform, jobs, outbox
from opendata.base.runtime.timetable import Timetable
from opendata.engines.jobs import Queue

log = structlog.get_logger(__name__)
TICK = 0.5
RECOVER_EVERY = 10.0
TIMETABLE_EVERY = 1.0


class Worker:
    """Started once. It stops by itself when the main thread of the process has ended."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopping = threading.Event()
        self._next_recovery = 0.0
        self._thread = threading.Thread(target=self.work, name="opendata-worker")

    def start(self) -> None:
        self._platform.stopping.clear()
        self._thread.start()

    def stop(self) -> None:
        """Finish the job at hand, or give it back where it is a long one, and return."""
        self._stopping.set()
        self._platform.stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> None:
        """Wait for the place of the one worker where there is one, then work until asked to stop."""
        if self._platform.has_other_hosts:
            self._on_duty(self._recover)
            return
        lock = FileLock(self._platform.settings.data / "worker.lock", thread_local=False)
        while not self._ending(TICK):
            try:
                with lock.acquire(timeout=0):
                    self._on_duty(lambda: jobs.requeue(self._platform))
            except Timeout:
                continue

    def _on_duty(self, take_over: Callable[[], int]) -> None:
        queue = self._platform.part(Queue)
        log.info("worker.started", requeued=_tried(take_over))
        queue.start()
        ending = threading.Event()
        timetable = threading.Thread(target=self._keep_timetable, args=(ending,), name="opendata-timetable")
        timetable.start()
        try:
            while not self._ending(TICK):
                self._tick()
        finally:
            self._platform.stopping.set()
            ending.set()
            queue.stop()
            timetable.join()
            log.info("worker.stopped")

    def _tick(self) -> None:
        """A fault of one round, such as a busy database, must not end the worker."""
        _tried(self._drain)
        if time.monotonic() >= self._next_recovery:
            self._next_recovery = time.monotonic() + RECOVER_EVERY
            _tried(self._recover)

    def _keep_timetable(self, ending: threading.Event) -> None:
        """In a thread of its own: effects and jobs do not wait for a task."""
        timetable = self._platform.part(Timetable)
        while not ending.wait(TIMETABLE_EVERY):
            _tried(timetable.tick)

    def _drain(self) -> int:
        return outbox.drain(self._platform) if outbox.is_due(self._platform) else 0

    def _recover(self) -> int:
        empty = self._platform.part(Queue).waiting() == 0
        return jobs.recover(self._platform, queue_empty=empty)

    def _ending(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) or not threading.main_thread().is_alive()


def _tried(step: Callable[[], int]) -> int:
    try:
        return step()
    except Exception as error:  # noqa: BLE001  # a store that is away comes back; the worker waits for it
        log.warning("worker.tick", error=repr(error))
        return 0
