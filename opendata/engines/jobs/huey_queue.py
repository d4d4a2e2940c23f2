"""The queue on huey, over the stores of `stores`."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer

from opendata.base.kit.circuit import Circuit
from opendata.base.kit.errors import Unavailable
from opendata.base.kit.ids import new_id
from opendata.engines.jobs.protocol import Handler, Queue
from opendata.engines.jobs.stores import OPENERS, version_of

log = structlog.get_logger(__name__)


class HueyQueue:
    """One task, `job`, carries every kind; the kind and its arguments are its parameters.

    Nothing is dialled before the first use: a queue that is away keeps no web process from starting.
    """

    def __init__(self, huey: Huey, *, workers: int = 1) -> None:
        self._huey = huey
        self._workers = workers
        self._handlers: dict[str, Handler] = {}
        self._consumer: Consumer | None = None
        self._ready = False
        self._circuit = Circuit()
        self._task = self._huey.task(name="job")(self._perform)

    def register(self, name: str, handler: Handler) -> None:
        self._handlers[name] = handler

    def put(self, name: str, arguments: Mapping[str, Any], *, delay: float = 0.0) -> str:
        with self._faults():
            if delay:
                self._task.schedule(args=(name, dict(arguments)), delay=delay)
                return new_id()
            task = self._task.s(name, dict(arguments))
            self._huey.enqueue(task)
            return str(task.id)

    def waiting(self) -> int:
        with self._faults():
            return int(self._huey.pending_count())

    def describe(self) -> str:
        with self._faults():
            return version_of(self._huey)

    def start(self) -> None:
        consumer = _EmbeddedConsumer(
            self._huey,
            workers=self._workers,
            worker_type="thread",
            periodic=False,
            initial_delay=0.05,
            max_delay=0.5,
        )
        consumer.start()
        self._consumer = consumer

    def stop(self) -> None:
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None

    def close(self) -> None:
        self.stop()
        self._huey.storage.close()

    def _perform(self, name: str, arguments: Mapping[str, Any]) -> None:
        self._handlers[name](arguments)

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Whatever the store's client raises means one thing here, but for arguments that cannot be written.
        Its tables are made at the first use."""
        self._circuit.enter()
        try:
            if not self._ready and hasattr(self._huey.storage, "initialize_schema"):
                self._huey.storage.initialize_schema()
            self._ready = True
            yield
        except (TypeError, ValueError):
            raise
        except Exception as error:
            self._circuit.failed()
            log.warning("jobs.unavailable", error=repr(error)[:300])
            raise Unavailable from error
        self._circuit.succeeded()


class _EmbeddedConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """Works beside a web server in one process: signals stay with the server."""

    def _set_signal_handlers(self) -> None:
        return


class ImmediateQueue:
    """Runs each job at once in the calling thread, for tests and the command line. What is to be tried later
    is left to a worker, which finds it among the jobs that wait."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def register(self, name: str, handler: Handler) -> None:
        self._handlers[name] = handler

    def put(self, name: str, arguments: Mapping[str, Any], *, delay: float = 0.0) -> str:
        if not delay:
            with self._lock:
                self._handlers[name](arguments)
        return new_id()

    def waiting(self) -> int:
        return 0

    def describe(self) -> str:
        return "immediate"

    def start(self) -> None:
        return

    def stop(self) -> None:
        return


def open_queue(url: str, *, workers: int = 1) -> Queue:
    """`immediate://` to run jobs at once; huey on `sqlite:///path`, `redis://host:port/db?name=…` or
    `postgresql://…`. `workers` is the number of jobs at the same time. Raises ValueError for others."""
    if url == "immediate://":
        return ImmediateQueue()
    scheme = url.partition(":")[0]
    if scheme not in OPENERS:
        raise ValueError(f"no job queue for {scheme}:")
    return HueyQueue(OPENERS[scheme](url), workers=workers)
