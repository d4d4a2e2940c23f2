"""An empty database of each kind for every test: SQLite, PostgreSQL from packages and the current one."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from opendata.base.runtime.database import connect
from opendata.testing.databases import new_database
from opendata.testing.servers import PostgresServer

POSTGRESQL = {"postgresql": "postgres_server", "current postgresql": "current_postgres_server"}


@pytest.fixture(params=["sqlite", *POSTGRESQL])
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/opendata.db"
    return new_database(request.getfixturevalue(POSTGRESQL[request.param]))


@pytest.fixture(params=POSTGRESQL)
def shared_database(request: pytest.FixtureRequest) -> PostgresServer:
    return request.getfixturevalue(POSTGRESQL[request.param])


@pytest.fixture
def engine(database_url) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()
