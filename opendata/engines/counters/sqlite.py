"""Counters shared by the processes of one host, in a SQLite file of their own: nothing that writes long
into the database of the portal makes a limit wait."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from opendata.engines.counters import cells as arithmetic
from opendata.engines.counters.cells import NEW, State
from opendata.engines.counters.protocol import BATCH_SECONDS, Cell, CountersUnavailable, Seconds, Taken

BUSY_SECONDS = 2.0
SWEEP_SECONDS = 60.0
SWEEP_ROWS = 2000
_TABLES = """
CREATE TABLE IF NOT EXISTS cell (key TEXT PRIMARY KEY, a REAL, b REAL, c REAL, expires REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cell_expires ON cell (expires);
CREATE TABLE IF NOT EXISTS slot (slots TEXT, holder TEXT, expires REAL, PRIMARY KEY (slots, holder))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (name TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID;
"""


class SqliteCounters:
    """One connection a process, opened at first use and again after a fork."""

    def __init__(self, path: Path, *, clock: Seconds | None = None) -> None:
        self._path = path
        self._now = clock or time.time
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._swept = 0.0

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        with self._changing() as (connection, now):
            states = _read(connection, cells)
            if back:
                states = arithmetic.moved(cells, states, now, -back)
            give = arithmetic.granted(cells, states, now, need, want)
            states = arithmetic.moved(cells, states, now, give)
            if back or give:
                _write(connection, [(c, s) for c, s in zip(cells, states, strict=True) if c.weight])
        return Taken(give, arithmetic.readings(cells, states, now, need))

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        with self._changing() as (connection, now):
            if once and not _first(connection, once, now):
                return False
            for cell, amount in charges:
                state = _read(connection, [cell])[0]
                _write(connection, [(cell, arithmetic.added(cell, state, now, amount))])
        return True

    def peek(self, cells: Sequence[Cell], need: int = 1) -> Taken:
        with self._lock, _told():
            states = _read(self._open(), cells)
        return Taken(0, arithmetic.readings(cells, states, self._now(), need))

    def enter(self, slots: str, limit: int, holder: str, seconds: float) -> int | None:
        with self._changing() as (connection, now):
            connection.execute("DELETE FROM slot WHERE slots = ? AND expires <= ?", (slots, now))
            others = connection.execute(
                "SELECT count(*) FROM slot WHERE slots = ? AND holder <> ?", (slots, holder)
            ).fetchone()[0]
            if others >= limit:
                return None
            connection.execute("REPLACE INTO slot VALUES (?, ?, ?)", (slots, holder, now + seconds))
            return int(limit - others - 1)

    def leave(self, slots: str, holder: str) -> None:
        with self._changing() as (connection, _):
            connection.execute("DELETE FROM slot WHERE slots = ? AND holder = ?", (slots, holder))

    def describe(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def forget(self, keys: Sequence[str]) -> None:
        with self._changing() as (connection, _):
            connection.executemany("DELETE FROM cell WHERE key = ?", [(key,) for key in keys])

    def check(self) -> bool:
        try:
            with self._lock, _told():
                self._open().execute("SELECT 1")
        except CountersUnavailable:
            return False
        return True

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextmanager
    def _changing(self) -> Iterator[tuple[sqlite3.Connection, float]]:
        """The connection in a transaction that holds the one write lock, and the time."""
        with self._lock, _told():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                now = self._now()
                if now - self._swept > SWEEP_SECONDS:
                    self._sweep(connection, now)
                yield connection, now
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._process != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            # SQLite lets nobody wait for the switch to WAL: processes that start together take turns
            with FileLock(f"{self._path}.opening", timeout=BUSY_SECONDS):
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.executescript(_TABLES)
            self._connection, self._process = connection, os.getpid()
        return self._connection

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        self._swept = now
        connection.execute(
            "DELETE FROM cell WHERE key IN (SELECT key FROM cell WHERE expires <= ? LIMIT ?)",
            (now, SWEEP_ROWS),
        )
        connection.execute("DELETE FROM batch WHERE expires <= ?", (now,))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise CountersUnavailable from error


def _read(connection: sqlite3.Connection, cells: Sequence[Cell]) -> list[State]:
    marks = ",".join("?" * len(cells))
    rows = connection.execute(
        f"SELECT key, a, b, c FROM cell WHERE key IN ({marks})",  # noqa: S608  # question marks only
        [cell.key for cell in cells],
    )
    found: dict[str, State] = {key: (a, b, c) for key, a, b, c in rows}
    return [found.get(cell.key, NEW) for cell in cells]


def _write(connection: sqlite3.Connection, changed: Sequence[tuple[Cell, State]]) -> None:
    connection.executemany(
        "REPLACE INTO cell VALUES (?, ?, ?, ?, ?)",
        [(cell.key, *state, arithmetic.expires(cell, state)) for cell, state in changed],
    )


def _first(connection: sqlite3.Connection, batch: str, now: float) -> bool:
    added = connection.execute("INSERT OR IGNORE INTO batch VALUES (?, ?)", (batch, now + BATCH_SECONDS))
    return added.rowcount == 1
