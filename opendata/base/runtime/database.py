"""Opens the database so that SQLite and PostgreSQL keep the same promises."""

import os
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import DeclarativeBase, Session

PATIENCE: ContextVar[float] = ContextVar("opendata.patience", default=inf)
"""Seconds the one at work would wait for one answer of a database server, where that is less than the
usual limit: somebody is waiting for a page."""
READ_SECONDS = 5.0
"""How long one answer of the database is waited for where nothing is written."""


def connect(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`.

    SQLite: write-ahead log, foreign keys on, writers wait up to 10 s, and transactions that write take
    the write lock at their start, so a reader never finds itself unable to upgrade; a new file is readable
    by its owner alone. PostgreSQL's driver is loaded only where it is asked for; see
    `postgresql.open_engine` for its time limits.
    """
    options: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "hide_parameters": True,  # in errors and logs of statements: what people and clients have sent
    }
    if make_url(url).get_backend_name() != "sqlite":
        postgresql = import_module("opendata.base.runtime.postgresql")
        return cast("Engine", postgresql.open_engine(url, options))
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **options)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("migrating", False):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction
    # by the driver itself: as a statement of SQLAlchemy it would cost more than the read it opens
    driver = connection.connection.dbapi_connection
    driver.execute("BEGIN" if options.get("reading", False) else "BEGIN IMMEDIATE")  # type: ignore[union-attr]


def _make_private(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
    """SQLite would make a file that every account of the host may read. Its log and the index of that take
    the mode of the file. What cannot be made here is told by the connection that follows."""
    path = str(arguments[0])
    if path == ":memory:" or path.startswith("file:"):
        return
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def insert_into(session: Session, model: type[DeclarativeBase]) -> Any:
    """An INSERT that knows ON CONFLICT, of whichever dialect the session speaks."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    return (postgresql_insert if postgresql else sqlite_insert)(cast("Table", model.__table__))


def is_shared(engine: Engine) -> bool:
    """Whether several hosts may use this database at the same time."""
    return engine.dialect.name != "sqlite"


def describe(engine: Engine) -> str:
    """The kind and version of the database server, for operators."""
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    with engine.execution_options(reading=True).connect() as connection:
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{names.get(engine.dialect.name, engine.dialect.name)} {version}"


def server_clock(session: Session) -> datetime:
    """The time by the clock of the database server, which all hosts share."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now
