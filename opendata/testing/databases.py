"""Databases of their own for tests on one PostgreSQL server."""

import secrets

from sqlalchemy import create_engine, make_url, text

from opendata.testing.servers import PostgresServer


def new_database(server: PostgresServer, *, template: str = "template0") -> str:
    """The URL of a new database, a copy of `template` (a name), on a server that is running."""
    name = f"t{secrets.token_hex(8)}"
    maintenance = create_engine(make_url(server.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with maintenance.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    finally:
        maintenance.dispose()
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)
