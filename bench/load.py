"""A load client that costs little itself: one kept connection, bare sockets, no parsing but the length."""

import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import processes


class Refused(RuntimeError):
    """An answer that is no success."""


class Client:
    """HTTP/1.1 over one connection, opened anew where the server closed it."""

    def __init__(self, port: int, *, headers: Mapping[str, str] | None = None) -> None:
        self._port = port
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self._socket: socket.socket | None = None
        self._rest = b""

    def get(self, path: str) -> bytes:
        """The body. Raises `Refused`."""
        return self.send("GET", path)

    def post(self, path: str, value: Any) -> Any:
        answer = self.send("POST", path, json.dumps(value).encode())
        return json.loads(answer) if answer else None

    def send(self, method: str, path: str, body: bytes = b"") -> bytes:
        length = (
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if method != "GET" else ""
        )
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{self._headers}{length}\r\n"
        for last in (False, True):
            try:
                status, answer = self._exchange(head.encode() + body)
                break
            except OSError:
                self.close()
                if last:
                    raise
        if not 200 <= status < 400:
            raise Refused(f"{method} {path}: {status} {answer[:300]!r}")
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def _exchange(self, message: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=120)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        head = self._until(b"\r\n\r\n").lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            body = b"".join(iter(self._chunk, b""))
        else:
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            body = self._exactly(int(length or 0))
        if b"connection: close" in head:
            self.close()
        return status, body

    def _chunk(self) -> bytes:
        size = int(self._until(b"\r\n")[:-2], 16)
        return self._exactly(size + 2)[:-2]

    def _until(self, end: bytes) -> bytes:
        while (at := self._rest.find(end)) < 0:
            self._more()
        found, self._rest = self._rest[: at + len(end)], self._rest[at + len(end) :]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _more(self) -> None:
        assert self._socket is not None  # only called within an exchange
        got = self._socket.recv(1 << 18)
        if not got:
            raise ConnectionResetError("the server closed the connection")
        self._rest += got


@dataclass(frozen=True, slots=True)
class Taken:
    """Of many requests: sorted milliseconds by the clock, processor µs of the servers for each, errors."""

    ms: Sequence[float]
    cpu_us: float
    per_second: float
    errors: int = 0

    def percentile(self, share: float) -> float:
        return self.ms[min(int(len(self.ms) * share), len(self.ms) - 1)]

    @property
    def p50(self) -> float:
        return self.percentile(0.5)

    @property
    def p99(self) -> float:
        return self.percentile(0.99)


def read(port: int, servers: Iterable[int], paths: Sequence[str], *, clients: int = 1) -> Taken:
    """GET each path once, from `clients` connections that take turns."""
    return drive(
        servers, [lambda client, path=path: client.get(path) for path in paths], port, clients=clients
    )


def drive(
    servers: Iterable[int],
    requests: Sequence[Any],
    port: int,
    *,
    clients: int = 1,
    headers: Mapping[str, str] | None = None,
) -> Taken:
    """Do each request, a function of a client."""
    roots, waiting, lock = list(servers), iter(requests), threading.Lock()
    took: list[float] = []
    errors: list[str] = []

    def work() -> None:
        client = Client(port, headers=headers)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                return client.close()
            began = time.perf_counter()
            try:
                request(client)
            except Refused as error:
                errors.append(str(error))
            took.append((time.perf_counter() - began) * 1e3)

    used, began = processes.cpu(roots), time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, used = time.perf_counter() - began, processes.cpu(roots) - used
    if len(errors) > len(requests) // 100:
        raise Refused(f"{len(errors)} of {len(requests)} requests failed, the first: {errors[0]}")
    count = max(len(took), 1)
    return Taken(sorted(took) or [0.0], used / count * 1e6, count / seconds, len(errors))
