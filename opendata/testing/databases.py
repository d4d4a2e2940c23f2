"""Databases of their own for tests on one PostgreSQL server."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, make_url, text

from opendata.testing.servers import PostgresServer


def new_database(server: PostgresServer, *, template: str = "template0") -> str:
    """The URL of a new database, a copy of `template` (a name), on a server that is running."""
    name = f"t{secrets.token_hex(8)}"
    url = make_url(server.url)
    with _maintenance(url) as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return url.set(database=name).render_as_string(hide_password=False)


def drop_database(url: URL) -> None:
    """Remove it, whoever is still connected."""
    with _maintenance(url) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)"))


@contextmanager
def _maintenance(url: URL) -> Iterator[Connection]:
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
