"""huey over each store a queue may live in: a SQLite file, Redis, PostgreSQL."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import orjson
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

NAME = "opendata"
_TIMEOUTS = {"socket_timeout": "4", "socket_connect_timeout": "2", "health_check_interval": "30"}
"""The consumer waits 1 s for a message, so an answer later than 4 s will not come; whoever asks for a job
waits no longer for it."""


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Queue messages as JSON: a queue is data and can run nothing when it is read."""

    _INSTANTS = ("eta", "expires_resolved")

    def _serialize(self, data: Any) -> bytes:
        return orjson.dumps(data._asdict())

    def _deserialize(self, data: bytes) -> Any:
        fields = orjson.loads(bytes(data))
        for name in self._INSTANTS:
            if fields[name] is not None:
                fields[name] = datetime.fromisoformat(fields[name])
        return Message(**fields)


def _sqlite(url: str) -> Huey:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(NAME, filename=str(path), results=False, serializer=JsonSerializer())


def _redis(url: str) -> Huey:
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    name = options.pop("name", NAME)
    query = "&".join(f"{key}={value}" for key, value in {**_TIMEOUTS, **options}.items())
    address = urlunsplit(parts._replace(query=query))
    return RedisHuey(name, url=address, results=False, serializer=JsonSerializer())


def _postgresql(url: str) -> Huey:
    """Tables of their own, named huey_…, in the database that the address names."""
    parts = urlsplit(url)
    address = urlunsplit(parts._replace(scheme="postgresql"))
    return PostgresHuey(
        NAME, dsn=address, connect_timeout=3, results=False, serializer=JsonSerializer(), create_tables=False
    )


OPENERS: Mapping[str, Callable[[str], Huey]] = {
    "sqlite": _sqlite,
    "redis": _redis,
    "rediss": _redis,
    "postgresql": _postgresql,
    "postgresql+psycopg": _postgresql,
}


def version_of(huey: Huey) -> str:
    """The server under the queue."""
    if isinstance(huey, RedisHuey):
        return f"Redis {huey.storage.conn.info('server')['redis_version']}"
    if isinstance(huey, PostgresHuey):
        return f"PostgreSQL {huey.storage.sql('show server_version', results=True)[0][0]}"
    return f"SQLite {sqlite3.sqlite_version}"
