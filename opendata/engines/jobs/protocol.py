"""A queue that remembers names and arguments; what a job did lives in our own tables."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

Handler = Callable[[Mapping[str, Any]], None]


class Queue(Protocol):
    """`put` and `waiting` may raise `Unavailable`. A queue that is away is waited for by its workers."""

    def register(self, name: str, handler: Handler) -> None:
        """Name the function that runs jobs of this kind. Arguments are a small JSON object."""

    def put(self, name: str, arguments: Mapping[str, Any], *, delay: float = 0.0) -> str:
        """Enqueue; returns the job's id. `delay` in seconds."""

    def waiting(self) -> int: ...

    def describe(self) -> str:
        """What it runs on and in which version, for operators; without secrets."""

    def start(self) -> None:
        """Begin working in threads of this process until `stop`."""

    def stop(self) -> None:
        """Finish the jobs at hand and return."""
