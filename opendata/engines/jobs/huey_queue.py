"""The queue on huey, over SQLite on one host."""

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from huey import SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from opendata.base.kit.ids import new_id
from opendata.engines.jobs.protocol import Handler, Queue


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Queue messages as JSON: a queue file is data and can run nothing when it is read."""

    _INSTANTS = ("eta", "expires_resolved")

    def _serialize(self, data: Any) -> bytes:
        return orjson.dumps(data._asdict())

    def _deserialize(self, data: bytes) -> Any:
        fields = orjson.loads(bytes(data))
        for name in self._INSTANTS:
            if fields[name] is not None:
                fields[name] = datetime.fromisoformat(fields[name])
        return Message(**fields)


class HueyQueue:
    """One task, `job`, carries every kind; the kind and its arguments are its parameters."""

    def __init__(self, path: Path, *, workers: int = 1) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._huey = SqliteHuey("opendata", filename=str(path), results=False, serializer=JsonSerializer())
        self._workers = workers
        self._handlers: dict[str, Handler] = {}
        self._consumer: Consumer | None = None
        self._task = self._huey.task(name="job")(self._perform)

    def register(self, name: str, handler: Handler) -> None:
        self._handlers[name] = handler

    def put(self, name: str, arguments: Mapping[str, Any], *, delay: float = 0.0) -> str:
        task = self._task.s(name, dict(arguments))
        if delay:
            self._task.schedule(args=(name, dict(arguments)), delay=delay)
            return new_id()
        self._huey.enqueue(task)
        return str(task.id)

    def waiting(self) -> int:
        return int(self._huey.pending_count())

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

    def _perform(self, name: str, arguments: Mapping[str, Any]) -> None:
        self._handlers[name](arguments)


class _EmbeddedConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """Works beside a web server in one process: signals stay with the server."""

    def _set_signal_handlers(self) -> None:
        return


class ImmediateQueue:
    """Runs each job at once in the calling thread, for tests and the command line."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def register(self, name: str, handler: Handler) -> None:
        self._handlers[name] = handler

    def put(self, name: str, arguments: Mapping[str, Any], *, delay: float = 0.0) -> str:  # noqa: ARG002
        with self._lock:
            self._handlers[name](arguments)
        return new_id()

    def waiting(self) -> int:
        return 0

    def start(self) -> None:
        return

    def stop(self) -> None:
        return


def open_queue(url: str) -> Queue:
    """`sqlite:///path` for huey on SQLite, `immediate://` to run jobs at once."""
    if url == "immediate://":
        return ImmediateQueue()
    return HueyQueue(Path(url.removeprefix("sqlite:///")))
