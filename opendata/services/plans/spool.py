"""Files that hold what was measured until it is counted: one a kind, process and hour.

    calls.<host>-<process>-2026-11-25T23.ndjson

Hours are those of the city, so that the files of a day are the day. Lines are appended whole; a line that a
killed process left half-written is no line.
"""

import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

CALLS, SPENT, FAILED = "calls", "spent", "failed"
READ = 1 << 20
"""Bytes counted in one transaction."""
_NAME = re.compile(r"(?P<kind>calls|spent|failed)\.[\w-]+-\d+-(?P<hour>\d{4}-\d\d-\d\dT\d\d)\.ndjson")
QUIET = 300
NUL = rb"\u0000"
"""As JSON writes the one character that PostgreSQL keeps in no text; callers can write it into a path."""
METHOD = 8
"""Characters kept of a method: callers may name any."""
HOUR = "%Y-%m-%dT%H"


class Spool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._host = re.sub(r"\W+", "-", socket.gethostname()) or "host"

    def append(self, kind: str, hour: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """`hour` as `HOUR` writes it, in the city's zone. All lines, or on `OSError` none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        body = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        path = self.folder / f"{kind}.{self._host}-{os.getpid()}-{hour}.ndjson"
        with path.open("ab", buffering=0) as file:
            if (size := file.tell()) and _last_byte(path) != b"\n":
                body = b"\n" + body  # a process with the same number was killed while it wrote
            try:
                while body:
                    body = body[file.write(body) :]
            except OSError:
                file.truncate(size)
                raise

    def waiting(self) -> list[Path]:
        """Every file, by kind and hour."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def of_day(self, day: str) -> list[Path]:
        """The files of calls of a day of the city."""
        return [path for path in self.waiting() if kind_of(path) == CALLS and hour_of(path).startswith(day)]


def kind_of(path: Path) -> str:
    return path.name.partition(".")[0]


def hour_of(path: Path) -> str:
    matched = _NAME.fullmatch(path.name)
    return matched["hour"] if matched else ""


def is_over(path: Path, now: datetime) -> bool:
    """Whether nobody writes to it any more: its hour has passed, and it has been quiet for five minutes.
    `now` is in the city's zone."""
    return hour_of(path) < now.strftime(HOUR) and now.timestamp() - path.stat().st_mtime > QUIET


def read(path: Path, start: int) -> tuple[list[dict[str, Any]], int]:
    """Whole lines from byte `start` on, and the byte behind them."""
    with path.open("rb") as file:
        file.seek(start)
        body = file.read(READ)
    end = body.rfind(b"\n") + 1
    return list(_lines(body[:end])), start + end


def read_all(path: Path) -> Iterator[dict[str, Any]]:
    start = 0
    while True:
        lines, end = read(path, start)
        if end == start:
            return
        yield from lines
        start = end


def _lines(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict):
            yield _without_nul(found) if NUL in line else found


def _without_nul(line: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value for name, value in line.items()
    }


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
