"""What all counters promise. Subclass with a fixture `counters` made with the clock it is given."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from opendata.engines.counters import Cell, Counters
from opendata.engines.counters.memory import MemoryCounters

MONTH_ENDS = 1_800_000_000.0


class HeldClock:
    """Stands still until it is moved."""

    def __init__(self, now: float = 1_799_999_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


def second(limit: int = 10, rate: float = 5.0, **more: Any) -> Cell:
    return Cell("q:{a}:second", "gcra", limit, 1 / rate, **more)


def minute(limit: int = 20, **more: Any) -> Cell:
    return Cell("q:{a}:minute", "sliding", limit, 60.0, **more)


def month(limit: int = 50, **more: Any) -> Cell:
    return Cell("q:{a}:month:2026-11", "calendar", limit, MONTH_ENDS, **more)


ALL = (second(), minute(), month())


class CountersContract:
    @pytest.fixture
    def counters(self, clock: HeldClock) -> Counters:
        raise NotImplementedError

    @pytest.mark.parametrize("cell", ALL, ids=lambda cell: cell.algorithm)
    def test_a_limit_is_given_out_once(self, counters: Counters, cell: Cell) -> None:
        assert sum(counters.take([cell]).granted for _ in range(3 * cell.limit)) == cell.limit

    @pytest.mark.parametrize("cell", ALL, ids=lambda cell: cell.algorithm)
    def test_all_that_is_left_is_given_at_most(self, counters: Counters, cell: Cell) -> None:
        counters.take([cell], 1, cell.limit - 3)
        taken = counters.take([cell], 1, 10)
        assert taken.granted == 3
        assert taken.readings[0].remaining == 0

    @pytest.mark.parametrize("cell", ALL, ids=lambda cell: cell.algorithm)
    def test_a_refused_take_changes_nothing(self, counters: Counters, cell: Cell) -> None:
        counters.take([cell], 1, cell.limit - 2)
        assert counters.take([cell], 3, 3).granted == 0
        assert counters.take([cell], 2, 2).granted == 2

    @pytest.mark.parametrize("cell", ALL, ids=lambda cell: cell.algorithm)
    def test_what_is_given_back_can_be_taken_again(self, counters: Counters, cell: Cell) -> None:
        counters.take([cell], 1, cell.limit)
        assert counters.take([cell], 1, 1, back=4).granted == 1
        assert counters.peek([cell]).readings[0].remaining == 3

    def test_one_full_cell_keeps_the_others_as_they_are(self, counters: Counters) -> None:
        counters.take([second()], 1, 10)
        assert counters.take(ALL).granted == 0
        assert [reading.remaining for reading in counters.peek(ALL).readings] == [0, 20, 50]

    def test_a_soft_cell_counts_and_never_refuses(self, counters: Counters) -> None:
        soft = month(limit=3, hard=False)
        assert [counters.take([soft]).granted for _ in range(5)] == [1] * 5
        assert counters.take([month(limit=6)]).granted == 1
        assert counters.take([month(limit=6)]).granted == 0

    def test_weights_multiply(self, counters: Counters) -> None:
        rows = month(limit=100, weight=40)
        assert counters.take([second(), rows], 1, 5).granted == 2
        assert [r.remaining for r in counters.peek([second(), rows]).readings] == [8, 20]

    def test_a_cell_without_weight_has_to_have_something_left(self, counters: Counters) -> None:
        rows = month(limit=10, weight=0)
        assert counters.take([minute(), rows]).granted == 1
        counters.spend([(rows, 25)])
        assert counters.take([minute(), rows]).granted == 0
        assert [r.remaining for r in counters.peek([minute(), rows]).readings] == [19, 0]

    def test_an_even_rate_refills(self, counters: Counters, clock: HeldClock) -> None:
        counters.take([second()], 1, 10)
        clock.now += 1.0
        assert counters.take([second()], 1, 10).granted == 5
        clock.now += 1000.0
        assert counters.take([second()], 1, 100).granted == 10

    def test_the_window_before_counts_by_its_share(self, counters: Counters, clock: HeldClock) -> None:
        clock.now = 60.0 * 30_000_000
        counters.take([minute()], 1, 20)
        clock.now += 60.0 + 30.0
        assert counters.take([minute()], 1, 20).granted == 10
        clock.now += 120.0
        assert counters.take([minute()], 1, 20).granted == 20

    def test_a_period_starts_anew_at_its_end(self, counters: Counters, clock: HeldClock) -> None:
        counters.take([month()], 1, 50)
        clock.now = MONTH_ENDS - 0.001
        assert counters.take([month()]).granted == 0
        clock.now = MONTH_ENDS
        following = Cell("q:{a}:month:2026-12", "calendar", 50, MONTH_ENDS + 2_678_400)
        assert counters.take([following], 1, 50).granted == 50

    def test_a_higher_limit_keeps_what_was_used(self, counters: Counters) -> None:
        counters.take(ALL, 1, 10)
        higher = [second(limit=30, rate=10), minute(limit=200), month(limit=500)]
        assert [r.remaining for r in counters.peek(higher).readings][1:] == [190, 490]

    def test_waiting_as_long_as_told_is_enough(self, counters: Counters, clock: HeldClock) -> None:
        draw = Random(7)  # noqa: S311
        for number in range(200):
            cell = [second(), minute(), month(limit=10**6)][number % 3]
            need = draw.randint(1, 6)
            clock.now = min(clock.now + draw.random() * 40, MONTH_ENDS - 60)
            taken = counters.take([cell], need, need)
            while taken.granted:
                taken = counters.take([cell], need, need)
                if cell.algorithm == "calendar":
                    break
            wait = taken.readings[0].wait
            if cell.algorithm != "calendar":
                assert 0 < wait <= 120
            clock.now += wait
            assert counters.take([cell], need, need).granted == need

    def test_less_than_the_wait_is_not_enough(self, counters: Counters, clock: HeldClock) -> None:
        for cell in (second(), minute()):
            counters.take([cell], 1, cell.limit)
            clock.now += counters.take([cell]).readings[0].wait - 0.05
            assert counters.take([cell]).granted == 0

    def test_a_batch_is_spent_once(self, counters: Counters) -> None:
        charges = [(month(), 7), (minute(), 2)]
        assert counters.spend(charges, once="b1")
        assert not counters.spend(charges, once="b1")
        assert counters.spend(charges, once="b2")
        assert [r.remaining for r in counters.peek([month(), minute()]).readings] == [36, 16]

    def test_spending_passes_every_limit(self, counters: Counters) -> None:
        counters.spend([(month(), 500)])
        assert counters.peek([month()]).readings[0].remaining == 0
        assert counters.take([month(limit=501)]).granted == 1

    def test_places_are_held_freed_and_run_out(self, counters: Counters, clock: HeldClock) -> None:
        assert [counters.enter("s:{a}", 2, who, 30) for who in ("x", "y", "z")] == [1, 0, None]
        counters.leave("s:{a}", "x")
        assert counters.enter("s:{a}", 2, "z", 30) == 0
        clock.now += 31
        assert counters.enter("s:{a}", 2, "x", 30) == 1
        counters.leave("s:{a}", "nobody")

    def test_a_forgotten_cell_is_new(self, counters: Counters) -> None:
        counters.take(ALL, 1, 10)
        counters.forget([cell.key for cell in ALL])
        assert [r.remaining for r in counters.peek(ALL).readings] == [10, 20, 50]

    def test_it_answers(self, counters: Counters) -> None:
        assert counters.check()

    def test_all_reckon_alike(self, counters: Counters, clock: HeldClock) -> None:
        """The same calls at the same times give what the arithmetic alone gives."""
        from_arithmetic = _replayed(Random(3), clock)  # noqa: S311
        clock.now = HeldClock().now
        assert _run(counters, Random(3), clock) == from_arithmetic  # noqa: S311


def _replayed(draw: Random, clock: HeldClock) -> list[tuple[int, ...]]:
    return _run(MemoryCounters(clock=clock), draw, clock)


def _run(counters: Counters, draw: Random, clock: HeldClock) -> list[tuple[int, ...]]:
    told = []
    for _ in range(300):
        clock.now += draw.choice((0.0, 0.013, 0.4, 7.0))
        cells: Sequence[Cell] = draw.sample(ALL, draw.randint(1, 3))
        need = draw.randint(1, 3)
        taken = counters.take(cells, need, need + draw.randint(0, 4))
        told.append((taken.granted, *(reading.remaining for reading in taken.readings)))
        if taken.granted > 1 and draw.random() < 0.3:
            counters.take(cells, 1, 0, back=1)
    return told
