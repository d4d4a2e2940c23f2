"""The door for work that nobody waits for: runs jobs and drains what was left in the outbox.

A thread of the web process in embedded mode, or a process of its own (`opendata worker`). One worker at a
time for each data folder; another waits until it may take over.
"""

import threading

import structlog
from filelock import FileLock, Timeout

from opendata.base.runtime import Platform, jobs, outbox
from opendata.engines.jobs import Queue

log = structlog.get_logger(__name__)
TICK = 0.5


class Worker:
    """Started once. It stops by itself when the main thread of the process has ended."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.work, name="opendata-worker")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the job at hand and return."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def work(self) -> None:
        """Wait for the place of the one worker, then work until asked to stop."""
        lock = FileLock(self._platform.settings.data / "worker.lock", thread_local=False)
        while not self._ending(TICK):
            try:
                with lock.acquire(timeout=0):
                    self._on_duty()
            except Timeout:
                continue

    def _on_duty(self) -> None:
        queue = self._platform.part(Queue)
        log.info("worker.started", requeued=jobs.requeue(self._platform))
        queue.start()
        try:
            while not self._ending(TICK):
                self._tick()
        finally:
            queue.stop()
            log.info("worker.stopped")

    def _tick(self) -> None:
        """A fault of one round, such as a busy database, must not end the worker."""
        try:
            if outbox.is_due(self._platform):
                outbox.drain(self._platform)
        except Exception as error:  # noqa: BLE001
            log.warning("worker.tick", error=repr(error))

    def _ending(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) or not threading.main_thread().is_alive()
