"""An empty database of each kind for every test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from opendata.base.runtime.database import connect
from opendata.testing.databases import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/opendata.db"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def engine(database_url) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()
