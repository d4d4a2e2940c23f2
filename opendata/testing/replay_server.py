"""Plays recorded HTTP conversations on loopback: a folder with `exchanges.json` and the bodies it names.

Requests are matched by method, path and sorted query, whatever host they were recorded from. An exchange
may be matched by path alone when its query is not what a test sends (`any_query`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from opendata.testing.hostile_server import Answer, HostileServer, Seen

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


class ReplayServer(HostileServer):
    """A context manager that serves one or more recorded folders."""

    def __init__(self, *folders: Path, any_query: bool = False) -> None:
        self._any_query = any_query
        self._answers: dict[_Key, Answer] = {}
        for folder in folders:
            self._record(folder)
        super().__init__(self._play)

    def _record(self, folder: Path) -> None:
        for exchange in orjson.loads((folder / "exchanges.json").read_bytes()):
            parts = urlsplit(exchange["url"])
            query = {} if self._any_query else dict(parse_qsl(parts.query, True))
            key = _key(exchange["method"], parts.path, query)
            self._answers.setdefault(key, _recorded(folder, exchange))

    def _play(self, seen: Seen) -> Answer:
        query = {} if self._any_query else seen.query
        return self._answers.get(_key(seen.method, seen.path, query), Answer(status=404))


def serve_file(path: Path, *, media_type: str = "application/json") -> HostileServer:
    """Serves one document at every path."""
    return HostileServer(lambda _: Answer(body=path.read_bytes(), type=media_type))


def _key(method: str, path: str, query: Mapping[str, str]) -> _Key:
    clean = "/" + "/".join(part for part in path.split("/") if part)
    return method, clean, tuple(sorted(query.items()))


def _recorded(folder: Path, exchange: Mapping[str, Any]) -> Answer:
    headers = {
        name: value for name, value in exchange["response_headers"].items() if name.lower() == "content-type"
    }
    if exchange.get("redirect_to"):
        headers["Location"] = exchange["redirect_to"]
    name = exchange.get("body_file")
    body = (folder / name).read_bytes() if name else b""
    return Answer(status=exchange["status"], body=body, headers=headers)
