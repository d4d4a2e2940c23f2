"""One contract on memory, SQLite, Redis, and on what stands in while Redis is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.engines.counters import Counters
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.memory import MemoryCounters
from opendata.engines.counters.redis import RedisCounters
from opendata.engines.counters.sqlite import SqliteCounters
from opendata.testing.counters_contract import CountersContract, HeldClock, clock
from opendata.testing.servers import RedisServer

__all__ = ["clock"]
PATIENT = 5.0


@pytest.fixture(scope="module")
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


def on_redis(url: str, clock: HeldClock, name: str) -> RedisCounters:
    return RedisCounters(url, clock=clock, timeout=PATIENT, prefix=f"{name}:")


class TestMemory(CountersContract):
    @pytest.fixture
    def counters(self, clock: HeldClock) -> Counters:
        return MemoryCounters(clock=clock)


class TestSqlite(CountersContract):
    @pytest.fixture
    def counters(self, clock: HeldClock, tmp_path: Path) -> Iterator[Counters]:
        counters = SqliteCounters(tmp_path / "limits.sqlite3", clock=clock)
        yield counters
        counters.close()


class TestRedis(CountersContract):
    @pytest.fixture
    def counters(
        self, clock: HeldClock, redis_url: str, request: pytest.FixtureRequest
    ) -> Iterator[Counters]:
        counters = on_redis(redis_url, clock, request.node.nodeid)
        yield counters
        counters.close()


class TestFallbackWhileRedisAnswers(CountersContract):
    @pytest.fixture
    def counters(
        self, clock: HeldClock, redis_url: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> Iterator[Counters]:
        shared = on_redis(redis_url, clock, request.node.nodeid)
        counters = FallbackCounters(shared, tmp_path, workers=4, clock=clock)
        yield counters
        assert not counters.degraded
        counters.close()


class TestFallbackOfOneWorker(CountersContract):
    """Nothing listens there: all is counted here. A calendar limit may be passed by a tenth."""

    @pytest.fixture
    def counters(
        self, clock: HeldClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Counters]:
        monkeypatch.setattr("opendata.engines.counters.fallback.OVERDRAFT", 0.0)
        shared = RedisCounters("redis://127.0.0.1:1/0", clock=clock)
        counters = FallbackCounters(shared, tmp_path, clock=clock)
        yield counters
        counters.close()
