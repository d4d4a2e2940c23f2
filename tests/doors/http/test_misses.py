"""Misses of keys are counted over all workers."""

from pathlib import Path

import pytest

from opendata.base.kit.errors import RateLimited
from opendata.doors.http.misses import MOST, Misses
from opendata.engines.counters import Cell, Counters, CountersUnavailable, open_counters
from opendata.engines.counters.memory import MemoryCounters

NETWORK = "203.0.113.5"


def misses_until_refused(workers: list[Misses]) -> int:
    for number in range(10 * MOST):
        worker = workers[number % len(workers)]
        try:
            worker.require_few(NETWORK)
            worker.note(NETWORK)
        except RateLimited:
            return number
    raise AssertionError("nobody was told to wait")


def test_four_workers_give_no_more_than_one(tmp_path: Path) -> None:
    counters = [open_counters(f"sqlite:///{tmp_path}/limits.sqlite3") for _ in range(4)]
    assert misses_until_refused([Misses(shared) for shared in counters]) == MOST
    for shared in counters:
        shared.close()


def test_who_waits_costs_no_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    counters: Counters = MemoryCounters()
    worker = Misses(counters)
    misses_until_refused([worker])
    monkeypatch.setattr(counters, "take", None)
    with pytest.raises(RateLimited) as caught:
        worker.require_few(NETWORK)
    # a window that has just begun has to end, and the share of it that still counts to become less
    assert 1 <= caught.value.params["retry_after"] <= 60 + 60 / MOST
    worker.require_few("203.0.113.6")


def test_without_counters_nobody_is_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    counters: Counters = MemoryCounters()

    def away(_cells: list[Cell]) -> None:
        raise CountersUnavailable

    monkeypatch.setattr(counters, "take", away)
    worker = Misses(counters)
    for _ in range(2 * MOST):
        worker.require_few(NETWORK)
        worker.note(NETWORK)
