"""Fixtures that start the real servers, once a test run. Where one is missing its tests are skipped by
name, and fail under OPENDATA_TEST_STRICT=1. Load with `-p opendata.testing.server_fixtures`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from opendata.testing.servers import (
    ElasticNode,
    PostgresServer,
    RedisServer,
    S3Server,
    Server,
    ServerMissing,
    scratch_folder,
)
from opendata.testing.servers.postgresql import CURRENT

S = TypeVar("S", bound=Server)


@contextmanager
def skip_where_missing() -> Iterator[None]:
    try:
        yield
    except ServerMissing as missing:
        if os.environ.get("OPENDATA_TEST_STRICT") == "1":
            pytest.fail(f"strict run: {missing}")
        pytest.skip(str(missing))


def start_or_skip(server: S) -> S:
    with skip_where_missing():
        server.start()
    return server


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def elastic_server(server_folder: Path) -> Iterator[ElasticNode]:
    yield from _running(ElasticNode(server_folder, short_lived=True))


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    yield from _running(PostgresServer(server_folder))


@pytest.fixture(scope="session")
def current_postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """The current version, beside that of the machine's packages."""
    yield from _running(PostgresServer(server_folder, version=CURRENT))


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[RedisServer]:
    yield from _running(RedisServer(server_folder))


@pytest.fixture(scope="session")
def s3_server(server_folder: Path) -> Iterator[S3Server]:
    yield from _running(S3Server(server_folder))


def _running(server: S) -> Iterator[S]:
    start_or_skip(server)
    try:
        yield server
    finally:
        server.stop()
