"""The counters under the `limits` library, as Flask-Limiter uses them."""

from pathlib import Path

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from opendata.engines.counters import Counters, CountersStorage
from opendata.engines.counters.memory import MemoryCounters
from opendata.testing.counters_contract import HeldClock
from opendata.testing.servers import RedisServer


@pytest.fixture(params=["memory", "sqlite", "redis"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> CountersStorage:
    uri = {"memory": "opendata+memory://", "sqlite": f"opendata+sqlite:///{tmp_path}/limits.sqlite3"}
    if request.param == "redis":
        redis: RedisServer = request.getfixturevalue("redis_server")
        uri["redis"] = f"opendata+{redis.url.replace('/0', '/6')}"
    made = storage_from_string(uri[request.param])
    assert isinstance(made, CountersStorage)
    return made


def test_a_sliding_window_gives_its_limit_and_tells_what_is_left(storage: CountersStorage) -> None:
    limiter, item = SlidingWindowCounterRateLimiter(storage), parse("5 per hour")
    limiter.clear(item, "sliding")
    assert [limiter.hit(item, "sliding") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.get_window_stats(item, "sliding").remaining == 0
    assert not limiter.test(item, "sliding")


def test_a_large_cost_that_is_refused_burns_nothing(storage: CountersStorage) -> None:
    limiter, item = SlidingWindowCounterRateLimiter(storage), parse("10 per hour")
    limiter.clear(item, "cost")
    assert limiter.hit(item, "cost", cost=8)
    assert not limiter.hit(item, "cost", cost=5)
    assert limiter.hit(item, "cost", cost=2)


def test_fixed_windows_count_as_well(storage: CountersStorage) -> None:
    limiter, item = FixedWindowRateLimiter(storage), parse("3 per hour")
    limiter.clear(item, "fixed")
    assert [limiter.hit(item, "fixed") for _ in range(4)] == [True] * 3 + [False]
    assert limiter.get_window_stats(item, "fixed").remaining == 0


@pytest.fixture
def counters() -> Counters:
    return MemoryCounters(clock=HeldClock())


def test_an_application_lends_the_counters_it_has(counters: Counters) -> None:
    lent = storage_from_string("opendata+memory://", counters=counters)
    limiter = SlidingWindowCounterRateLimiter(lent)
    assert [limiter.hit(parse("2 per hour"), "x") for _ in range(3)] == [True, True, False]
    own = SlidingWindowCounterRateLimiter(storage_from_string("opendata+memory://", counters=counters))
    assert not own.hit(parse("2 per hour"), "x")
