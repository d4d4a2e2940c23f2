"""What is leased is used or given back, whoever asks at the same moment: nothing of a quota is lost."""

import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from opendata.engines.counters import Cell, open_counters
from opendata.engines.counters import leases as module
from opendata.engines.counters.leases import Asked, Lease, Leases
from opendata.engines.counters.protocol import Taken

LIMIT = 5_000
MONTH = Cell("month", "calendar", LIMIT, 9e9)


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


class Interrupted:
    """Counters that let another act between a request and its answer."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.meanwhile: Any = None

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        act, self.meanwhile = self.meanwhile, None
        taken: Taken = self.inner.take(cells, need, want, back=back)
        if act:
            act()
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counters(clock: Clock) -> Interrupted:
    return Interrupted(open_counters("memory://", clock=clock))


def asked(until: float = 9e9) -> Asked:
    return Asked([MONTH], 1000.0, until)


def spent(counters: Any) -> int:
    return LIMIT - int(counters.peek([MONTH]).readings[0].remaining)


def with_plenty(leases: Leases, *, until: float = 9e9) -> Lease:
    """A lease whose lots are larger than one."""
    for _ in range(2):
        _, lease = leases.take("a", lambda: asked(until))
    assert lease.left > 1
    return lease


def test_two_that_ask_for_a_subject_at_once_hold_one_lease(counters: Interrupted, clock: Clock) -> None:
    leases = Leases(counters, clock=clock)
    others: list[Lease] = []

    def another() -> None:
        others.append(with_plenty(leases))

    counters.meanwhile = another
    _, lease = leases.take("a", asked)
    assert lease is others[0]
    leases.close()
    assert spent(counters) == 3


def test_what_one_held_whose_time_is_up_is_returned_once(counters: Interrupted, clock: Clock) -> None:
    leases = Leases(counters, clock=clock)
    with_plenty(leases, until=2000.0)
    clock.time = 2001.0
    counters.meanwhile = lambda: leases.take("a", asked)
    leases.take("a", asked)
    leases.close()
    assert spent(counters) == 4


def test_what_comes_back_after_its_lease_has_ended_is_not_lost(counters: Interrupted, clock: Clock) -> None:
    leases = Leases(counters, clock=clock)
    lease = with_plenty(leases)
    clock.time += 61
    leases.sweep()
    leases.give_back(lease, 1)
    assert spent(counters) == 1


def test_a_lease_that_ends_while_more_is_taken_loses_nothing(counters: Interrupted, clock: Clock) -> None:
    leases = Leases(counters, clock=clock)
    with_plenty(leases)
    clock.time += 61
    counters.meanwhile = leases.sweep
    leases.take("a", asked)
    leases.close()
    assert spent(counters) == 3


def test_the_oldest_of_too_many_is_given_back(
    counters: Interrupted, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    leases = Leases(counters, clock=clock)
    with_plenty(leases)
    leases.take("b", asked)
    assert leases.held("a") == 0
    assert spent(counters) == 3


def test_threads_use_exactly_what_there_is(clock: Clock) -> None:
    """However they are interrupted, and however often cells become new."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    counters = open_counters("memory://", clock=clock)
    leases = Leases(counters, clock=clock)
    passed: list[int] = []

    def work() -> None:
        good = 0
        for number in range(1500):
            granted, lease = leases.take("a", lambda: asked(clock.time + 0.002))
            good += granted
            clock.time += 0.0005
            if number % 7 == 0 and granted:
                leases.give_back(lease, 1)
                good -= 1
            if number % 100 == 0:
                leases.sweep()
        passed.append(good)

    threads = [threading.Thread(target=work) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    leases.close()
    assert sum(passed) > 0
    assert spent(counters) == sum(passed) <= LIMIT
