"""Calls to a portal over the wire: one, or many from some threads while something happens to it."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """On a connection of its own, so that any process may take it. Raises `OSError`, `HTTPException`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        return _asked(connection, path, method=method, headers=headers, body=body)
    finally:
        connection.close()


def _asked(
    connection: http.client.HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    connection.request(method, path, body=body, headers=dict(headers or {}))
    answer = connection.getresponse()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _asked_again(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> Answer:
    """On a new connection where the server has closed the one that was kept: a client may repeat what is
    safe (RFC 9110 §9.2.2), and all do."""
    kept = connection.sock is not None
    try:
        return _asked(connection, path, headers=headers)
    except (ConnectionError, http.client.RemoteDisconnected):
        connection.close()
        if not kept:
            raise
        return _asked(connection, path, headers=headers)


@dataclass(frozen=True, slots=True)
class Question:
    """`fresh` makes every asking another question, which nobody has the answer to in memory."""

    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`status` is 0 where no whole answer came: the connection was cut or the time was up. `refused` where
    there was not even one."""

    name: str
    status: int
    seconds: float
    at: float
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False


class Load:
    """Asks the questions in turn, from some threads, until it is left. A thread that `keeps` its connection
    opens another after twenty calls."""

    def __init__(
        self,
        port: int,
        questions: Sequence[Question],
        *,
        threads: int = 3,
        pause: float = 0.02,
        timeout: float = TIMEOUT,
        keeps: bool = True,
    ) -> None:
        self.calls: list[Call] = []
        self._port, self._questions, self._pause = port, questions, pause
        self._timeout, self._keeps = timeout, keeps
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _go(self, first: int) -> None:
        number, connection = first, None
        while not self._stopping.wait(self._pause):
            number += 1
            if connection is None or number % 20 == 0 or not self._keeps:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
            if not self._ask(connection, number):
                connection = None

    def _ask(self, connection: http.client.HTTPConnection, number: int) -> bool:
        asked = self._questions[number % len(self._questions)]
        path = f"{asked.path}{number}" if asked.fresh else asked.path
        began, refused = time.monotonic(), False
        try:
            answer = _asked_again(connection, path, asked.headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            answer, refused = Answer(0, {}), isinstance(error, ConnectionRefusedError)
        took = time.monotonic() - began
        self.calls.append(Call(asked.name, answer.status, took, began, answer.headers, refused))
        if answer.headers.get("connection") == "close" or not self._keeps:
            connection.close()
        return answer.status != 0


def percentile(calls: Sequence[Call], share: float) -> float:
    """Seconds that this share of the calls took at most."""
    ordered = sorted(call.seconds for call in calls)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def line(what: str, how: str, calls: Sequence[Call]) -> str:
    """A row of the tables in docs/failure-modes.md."""
    told = Counter(str(call.status or "cut") for call in calls)
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(told.items()))
    times = [f"{percentile(calls, share) * 1000:.0f}" for share in (0.5, 0.95, 0.99)]
    return f"| {what} | {how} | {answers} | {' | '.join(times)} |"


def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> float:
    """Seconds until it held; what is away meanwhile does not hold."""
    began = time.monotonic()
    while not _held(holds):
        if time.monotonic() - began > seconds:
            assert holds(), f"not within {seconds:.0f} s"
            break
        time.sleep(0.2)
    return time.monotonic() - began


def _held(holds: Callable[[], Any]) -> bool:
    try:
        return bool(holds())
    except Exception:  # noqa: BLE001  # a server that is on its way back
        return False
