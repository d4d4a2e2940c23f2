"""Whatever outages of the shared counters there are, a calendar limit is passed by a tenth at most."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opendata.engines.counters import Cell
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.heard import Heard
from opendata.engines.counters.memory import MemoryCounters
from opendata.testing.absent_counters import AbsentCounters, within

LIMIT = 1000
CELL = Cell("q:{user:u}:owner:requests:calmonth:2026-11", "calendar", LIMIT, 4_000_000_000.0, name="calmonth")


class Workers:
    """Workers on one store, which is switched off and on."""

    def __init__(self, folder: Path, number: int) -> None:
        self.store = AbsentCounters()
        self.all = [FallbackCounters(self.store, folder / str(n), workers=number) for n in range(number)]

    def pass_as_many_as_can(self) -> int:
        return sum(granted(worker) for worker in self.all)

    def go_through_an_outage(self) -> int:
        self.store.away = True
        passed = self.pass_as_many_as_can()
        self.store.away = False
        assert within(20, lambda: not any(worker.degraded for worker in self.all))
        return passed


def granted(counters: FallbackCounters, cell: Cell = CELL) -> int:
    number = 0
    while counters.take([cell]).granted:
        number += 1
    return number


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opendata.engines.counters.fallback.PROBE_SECONDS", 0.01)


@pytest.fixture(params=[1, 4])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path, request.param)
    yield made
    for worker in made.all:
        worker.close()


@pytest.mark.parametrize("seen_between", [True, False], ids=["with calls between", "with none"])
def test_the_tenth_is_given_once_for_all_outages(workers: Workers, seen_between: bool) -> None:
    passed = workers.pass_as_many_as_can()
    assert passed == LIMIT
    for _ in range(5):
        passed += workers.go_through_an_outage()
        if seen_between:
            assert workers.pass_as_many_as_can() == 0
    assert LIMIT < passed <= LIMIT * 1.1


def test_what_is_left_is_used_by_outage_after_outage(tmp_path: Path) -> None:
    workers = Workers(tmp_path, 1)
    (worker,) = workers.all
    passed = 0
    for _ in range(3):
        workers.store.away = True
        passed += sum(worker.take([CELL]).granted for _ in range(100))
        workers.store.away = False
        assert within(20, lambda: not worker.degraded)
    assert passed == 300
    assert worker.peek([CELL]).readings[0].remaining == LIMIT - 300
    assert passed + workers.go_through_an_outage() == 1100
    worker.close()


def test_a_reading_tells_how_much_was_spent_beyond() -> None:
    store = MemoryCounters()
    store.spend([(CELL, LIMIT + 7)])
    (reading,) = store.peek([CELL]).readings
    assert (reading.remaining, reading.over) == (0, 7)


class Book:
    """A ledger that can be away."""

    def __init__(self, used: int | None) -> None:
        self.used, self.asked, self.away = used, 0, False

    def __call__(self, cell: Cell) -> int | None:
        self.asked += 1
        if self.away:
            raise OSError
        return self.used


def alone(folder: Path, ledger: Book) -> FallbackCounters:
    """A worker that starts while the store is away."""
    store = AbsentCounters()
    store.away = True
    return FallbackCounters(store, folder, ledger=ledger)


@pytest.mark.parametrize(("used", "left"), [(1000, 100), (1040, 60), (1100, 0), (400, 700), (None, 1000)])
def test_a_worker_that_starts_while_the_store_is_away_goes_by_the_ledger(
    tmp_path: Path, used: int | None, left: int
) -> None:
    ledger = Book(used)
    counters = alone(tmp_path, ledger)
    assert granted(counters) == left
    assert ledger.asked == 1
    counters.close()


def test_what_was_heard_just_now_needs_no_ledger(tmp_path: Path) -> None:
    store, ledger = AbsentCounters(), Book(0)
    counters = FallbackCounters(store, tmp_path, ledger=ledger)
    assert granted(counters) == LIMIT
    store.away = True
    assert granted(counters) == 100
    assert ledger.asked == 0
    counters.close()


def test_what_was_heard_long_ago_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = AbsentCounters()
    counters = FallbackCounters(store, tmp_path, ledger=Book(900))
    assert counters.take([CELL]).granted
    monkeypatch.setattr("opendata.engines.counters.heard.FRESH_SECONDS", -1.0)
    store.away = True
    assert granted(counters) == 200
    counters.close()


def test_a_ledger_that_is_away_holds_nothing_up_and_counts_when_it_is_back(tmp_path: Path) -> None:
    ledger = Book(1000)
    ledger.away = True
    counters = alone(tmp_path, ledger)
    assert sum(counters.take([CELL]).granted for _ in range(50)) == 50
    assert ledger.asked == 1
    ledger.away, counters._heard._ask_at = False, 0.0
    assert granted(counters) == 50
    assert ledger.asked == 2
    counters.close()


def test_without_a_ledger_that_answers_what_was_heard_long_ago_is_counted_from_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.engines.counters.heard.FRESH_SECONDS", -1.0)
    store, ledger = AbsentCounters(), Book(0)
    counters = FallbackCounters(store, tmp_path, ledger=ledger)
    assert counters.take([CELL], want=400).granted == 400
    store.away = ledger.away = True
    assert granted(counters) == 700
    counters.close()


def test_nobody_counts_by_the_outage_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that find the counters away while another notes it wait for what it begins."""
    store = AbsentCounters()
    counters = FallbackCounters(store, tmp_path)
    seen: list[bool] = []
    monkeypatch.setattr(Heard, "begin", lambda _: seen.append(counters.degraded))
    store.away = True
    assert counters.take([CELL]).granted
    assert seen == [False]
    assert counters.degraded
    counters.close()


def test_cells_without_a_period_are_in_no_ledger(tmp_path: Path) -> None:
    ledger = Book(1000)
    counters = alone(tmp_path, ledger)
    for algorithm in ("sliding", "gcra"):
        assert counters.take([replace(CELL, key=algorithm, algorithm=algorithm, span=60.0)]).granted
    assert ledger.asked == 0
    counters.close()


def test_what_is_heard_of_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opendata.engines.counters.heard.KEPT", 2)
    heard, store = Heard(), MemoryCounters()
    for name in "abc":
        cell = replace(CELL, key=name)
        heard.note([cell], store.take([cell]))
    assert [heard.used(replace(CELL, key=name), ask=False) for name in "cba"] == [1, 1, 0]
