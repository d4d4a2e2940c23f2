"""Databases of their own for tests on one PostgreSQL server."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL, make_url

from opendata.testing.servers import PostgresServer


def new_database(server: PostgresServer, *, template: str = "template0", icu_locale: str = "") -> str:
    """The URL of a new database, a copy of `template` (a name), on a server that is running. With
    `icu_locale` it sorts texts as that language does, else by their bytes."""
    return make_database(server.url, f"t{secrets.token_hex(8)}", template=template, icu_locale=icu_locale)


def make_database(server: str, name: str, *, template: str = "template0", icu_locale: str = "") -> str:
    """The URL of the database of this name, made where it is not there yet."""
    url = make_url(server)
    collation = f"LOCALE_PROVIDER icu ICU_LOCALE '{icu_locale}'" if icu_locale else ""
    with _maintenance(url) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {collation}".encode())
    return url.set(database=name).render_as_string(hide_password=False)


def drop_databases(server: str, names: Iterable[str]) -> None:
    """Remove them, whoever is still connected."""
    with _maintenance(make_url(server)) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@contextmanager
def _maintenance(url: URL) -> Iterator[psycopg.Connection]:
    address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection
