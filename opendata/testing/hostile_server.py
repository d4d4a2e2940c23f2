"""A loopback HTTP server that behaves as it is told: for sources that are slow, lying, broken or hostile."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that arrived: path without query, query as pairs, headers with lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Content-Length is that of `body` unless `headers` name another or `length` is False.

    `cut_at` sends only so many bytes and closes; `pause` waits that many seconds after each of `pieces`
    bytes, for a peer that drips.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json"
    length: bool = True
    cut_at: int | None = None
    pieces: int = 1 << 16
    pause: float = 0.0


Script = Callable[[Seen], Answer]


class HostileServer:
    """Serves on 127.0.0.1 while it is a context manager; `seen` lists what was asked."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._scheme = "http"
        if tls:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: HostileServer
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = 1 << 16  # head and body leave together
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # named by http.server
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query, True)), headers)
        self.owner.seen.append(seen)
        self._answer(self.owner.script(seen))

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        names = {name.lower() for name in answer.headers}
        if "content-type" not in names and answer.type:
            self.send_header("Content-Type", answer.type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        framed = "content-length" in names or "transfer-encoding" in names
        if answer.length and not framed:
            self.send_header("Content-Length", str(len(answer.body)))
        elif not answer.length and not framed:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        body = answer.body if answer.cut_at is None else answer.body[: answer.cut_at]
        for at in range(0, len(body), answer.pieces):
            self.wfile.write(body[at : at + answer.pieces])
            self.wfile.flush()
            if answer.pause:
                time.sleep(answer.pause)
        if answer.cut_at is not None:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


def json_answer(value: Any, **more: Any) -> Answer:
    return Answer(body=orjson.dumps(value), **more)


def page_answer(text: str = "<!doctype html><title>Đăng nhập</title>") -> Answer:
    """A login page with status 200, as sources show them when a right was lost."""
    return Answer(body=text.encode(), type="text/html; charset=utf-8")


def redirect(to: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": to}, type="text/html")


def gzip_bomb(decoded: int) -> Answer:
    """A small body that unpacks to `decoded` bytes of blanks; the same bytes at any time of day."""
    return Answer(body=gzip.compress(b" " * decoded, mtime=0), headers={"Content-Encoding": "gzip"})


def one_after_another(answers: Sequence[Answer]) -> Script:
    """Each request gets the next answer; the last one is repeated."""
    waiting = list(answers)

    def script(_: Seen) -> Answer:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


def by_path(answers: Mapping[str, Answer | Script]) -> Script:
    """Answers by path; 404 for others."""

    def script(seen: Seen) -> Answer:
        found = answers.get(seen.path, Answer(status=404))
        return found if isinstance(found, Answer) else found(seen)

    return script


class Canary:
    """A loopback listener nobody should reach; `packets` counts what did."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self.packets = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                peer, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.packets += 1
            peer.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()
