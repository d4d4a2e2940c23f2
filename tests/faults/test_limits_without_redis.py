"""Redis killed and Redis frozen under load: nobody sees a fault, nobody waits, nothing is lost or counted
twice."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import pytest

from opendata.engines.counters import Cell, Counters
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.redis import RedisCounters
from opendata.services.plans.book import PlanBook
from opendata.services.plans.gate import Context, PlanGate
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import RedisServer
from opendata.testing.web import City, build_city, close_city

URL = "/api/v1/datasets?size=1"
THREADS = 2
MONTH = "100000000/calmonth"


@pytest.fixture
def redis(server_folder: Path) -> Iterator[RedisServer]:
    """One of its own, to be killed."""
    server = start_or_skip(RedisServer(server_folder))
    yield server
    server.kill()


@pytest.fixture
def city(redis: RedisServer, tmp_path: Path) -> Iterator[City]:
    made = build_city(tmp_path, engines={"counters_url": redis.url})
    made.limit("anonymous", "100/second burst 1000000", MONTH)
    yield made
    close_city(made, tmp_path)


class Load:
    """Calls in threads until stopped; every status and every time taken."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._stopping = threading.Event()
        self.statuses: list[int] = []
        self.seconds: list[float] = []
        self.modes: set[str | None] = set()
        self._threads = [threading.Thread(target=self._call) for _ in range(THREADS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        client = self._city.app.test_client()
        while not self._stopping.is_set():
            began = time.perf_counter()
            answer = client.get(URL)
            self.seconds.append(time.perf_counter() - began)
            self.statuses.append(answer.status_code)
            self.modes.add(answer.headers.get("X-RateLimit-Mode"))
            time.sleep(0.004)


def spent(city: City) -> int:
    """What the shared counter of the month says."""
    gate, book = city.platform.part(PlanGate), city.platform.part(PlanBook)
    gate.close()
    assert restored(gate.counters)
    terms = book.anonymous()
    rule = next(rule for rule in terms.rules if rule.algorithm == "calendar")
    context = Context(terms=terms, ip="127.0.0.1")
    cell = rule.cell(context.subject(rule.partition), datetime.now(UTC), gate.zone)
    return rule.amount - gate.counters.peek([cell]).readings[0].remaining


def restored(counters: Counters, seconds: float = 5.0) -> bool:
    assert isinstance(counters, FallbackCounters)
    end = time.monotonic() + seconds
    while counters.degraded and time.monotonic() < end:
        time.sleep(0.02)
    return not counters.degraded


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_calls_go_on_and_come_back(city: City, redis: RedisServer, fault: str) -> None:
    breaking: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "killed": (redis.kill, redis.start),
        "frozen": (redis.freeze, redis.thaw),
    }
    break_it, mend_it = breaking[fault]
    counters = city.platform.part(Counters)
    with Load(city) as load:
        time.sleep(0.6)
        break_it()
        time.sleep(1.2)
        mend_it()
        assert restored(counters), "shared counters were not back within five seconds"
        time.sleep(0.6)
    assert set(load.statuses) == {200}
    assert load.modes == {None, "degraded"}
    assert quantiles(load.seconds, n=100)[98] < 0.1
    # a reply that was lost on the way counts once here and once there
    assert len(load.statuses) <= spent(city) <= len(load.statuses) + 30 * THREADS


def shared_and_alone(redis: RedisServer, folder: Path, workers: int) -> FallbackCounters:
    return FallbackCounters(RedisCounters(redis.url, timeout=2.0), folder, workers=workers)


def month(limit: int) -> Cell:
    ends = (datetime.now(UTC) + timedelta(days=9)).timestamp()
    return Cell("q:{fault}:month", "calendar", limit, ends)


def test_workers_that_cannot_see_each_other_pass_a_tenth_more_at_most(
    redis: RedisServer, tmp_path: Path
) -> None:
    workers = [shared_and_alone(redis, tmp_path / str(n), 4) for n in range(4)]
    cell = month(1000)
    passed = sum(worker.take([cell]).granted for _ in range(100) for worker in workers)
    assert passed == 400
    redis.kill()
    passed += sum(worker.take([cell]).granted for _ in range(900) for worker in workers)
    assert 1000 <= passed <= 1100
    redis.start()
    assert all(restored(worker) for worker in workers)
    left = workers[0].peek([cell]).readings[0].remaining
    assert left == 0
    assert workers[0].take([month(passed + 1)]).granted == 1
    assert workers[0].take([month(passed + 1)]).granted == 0
    for worker in workers:
        worker.close()


def test_what_a_dead_worker_spent_is_added_by_another_once(redis: RedisServer, tmp_path: Path) -> None:
    cell = month(1000)
    dead = shared_and_alone(redis, tmp_path, 1)
    redis.kill()
    assert sum(dead.take([cell]).granted for _ in range(37)) == 37
    dead.close()
    redis.start()
    for _ in range(2):
        other = shared_and_alone(redis, tmp_path, 1)
        other._merged()
        assert other.peek([cell]).readings[0].remaining == 963
        other.close()
    assert not list(tmp_path.glob("*.json"))
