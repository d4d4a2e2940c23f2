"""The tools of the scaled tests do what they say to a real server."""

import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import (
    DelayProxy,
    ElasticNode,
    PostgresServer,
    RedisServer,
    S3Server,
    Server,
    ServerMissing,
    missing,
    scratch_folder,
)
from opendata.testing.servers.postgresql import CURRENT


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


@pytest.mark.parametrize("kind", [RedisServer, PostgresServer, S3Server, ElasticNode])
def test_a_server_is_killed_and_comes_back_on_its_port(folder: Path, kind: type[Server]) -> None:
    server = start_or_skip(kind(folder))
    family = server.family()
    try:
        assert psutil.pid_exists(server.pid)
        assert server.cpu_seconds() >= 0
        server.kill()
        assert not server.running
        assert not any(process.is_running() for process in family)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)
        server.start()
        assert server.ready()
    finally:
        server.stop()
    assert not server.running


def test_the_current_postgresql_is_another_program_than_that_of_the_packages(folder: Path) -> None:
    server = start_or_skip(PostgresServer(folder, version=CURRENT))
    try:
        with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            assert connection.info.server_version // 10_000 == CURRENT
    finally:
        server.stop()


def redis_says(server: RedisServer | DelayProxy, *lines: str, timeout: float = 5) -> str:
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return connection.recv(1000).decode()


def closed_on_us(server: DelayProxy) -> bool:
    try:
        return redis_says(server, "PING") == ""
    except ConnectionError:
        return True


def test_what_redis_acknowledged_survives_a_kill(folder: Path) -> None:
    server = start_or_skip(RedisServer(folder))
    try:
        assert redis_says(server, "SET a 1") == "+OK\r\n"
        server.kill()
        server.start()
        assert redis_says(server, "GET a") == "$1\r\n1\r\n"
    finally:
        server.stop()


def test_a_frozen_server_accepts_and_is_silent_until_thawed(folder: Path) -> None:
    server = start_or_skip(RedisServer(folder))
    try:
        server.freeze()
        with pytest.raises(TimeoutError):
            redis_says(server, "PING", timeout=0.3)
        server.thaw()
        assert redis_says(server, "PING") == "+PONG\r\n"
    finally:
        server.stop()


def test_what_postgresql_committed_survives_a_kill(folder: Path) -> None:
    server = start_or_skip(PostgresServer(folder))
    address = server.url.replace("+psycopg", "")
    try:
        with psycopg.connect(address) as connection:
            connection.execute("create table t as select 'Đồ Sơn' as name")
        server.kill()
        server.start()
        with psycopg.connect(address) as connection:
            assert connection.execute("select name from t").fetchone() == ("Đồ Sơn",)
    finally:
        server.stop()


def test_the_s3_server_keeps_its_bucket(s3_server: S3Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{s3_server.endpoint}/{s3_server.bucket}/x")
    assert refused.value.code == 403
    refused.value.close()


def test_a_proxy_delays_hangs_refuses_and_cuts(redis_server: RedisServer) -> None:
    with DelayProxy(redis_server.port) as proxy:
        assert redis_says(proxy, "PING") == "+PONG\r\n"
        proxy.delay = 0.15
        started = time.monotonic()
        assert redis_says(proxy, "PING") == "+PONG\r\n"
        assert time.monotonic() - started >= 0.3
        proxy.delay, proxy.hung = 0.0, True
        with pytest.raises(TimeoutError):
            redis_says(proxy, "PING", timeout=0.3)
        proxy.hung, proxy.refusing = False, True
        assert closed_on_us(proxy)
        proxy.refusing = False
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100)
            proxy.reset()
            assert connection.recv(100) == b""


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("OPENDATA_TEST_INSTALL", raising=False)
    with pytest.raises(ServerMissing, match="redis-server"):
        missing.program("redis-server", "redis-server")
    with pytest.raises(ServerMissing, match="redis-server"):
        RedisServer(tmp_path).start()
