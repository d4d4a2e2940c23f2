"""What an error of a database driver means to the caller: a disk that is full, a database that is away, or
a fault of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit.errors import StorageFull, Unavailable

log = structlog.get_logger(__name__)
FAULTS = (DBAPIError, PoolTimeout, sqlite3.OperationalError)
"""The last is raised bare where SQLite refuses to begin: see `database._begin_sqlite`."""
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
_DISK_FULL = "53100"
_READ_ONLY = "25006"
"""Conditions of PostgreSQL. The second is what a standby answers to a write, or a server that was set so."""


@contextmanager
def told_in_our_words() -> Iterator[None]:
    """A database that is away, overloaded, read-only or keeps a lock too long is `Unavailable`, one whose
    disk is full `StorageFull`; what remains is a fault of ours and raised as it is."""
    try:
        yield
    except FAULTS as error:
        told = _told(error)
        if told is None:
            raise
        log.warning("database.unavailable", code=told.code, error=str(error)[:300])
        raise told from error


def _told(error: Exception) -> StorageFull | Unavailable | None:
    cause: Any = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return _told_of_sqlite(cause)
    state = getattr(cause, "sqlstate", None)
    if state == _DISK_FULL:
        return StorageFull()
    away = state == _READ_ONLY or isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
    return Unavailable() if away else None


def _told_of_sqlite(cause: sqlite3.Error) -> StorageFull | Unavailable | None:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the rest of it tells the details
    if code == sqlite3.SQLITE_FULL:
        return StorageFull()
    return Unavailable() if code in _AWAY else None
