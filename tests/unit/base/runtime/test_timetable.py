"""The timetable: what is due is done once, by one worker, and again at its next tick."""

from datetime import UTC, datetime, time, timedelta

import pytest

from opendata.base.runtime import Platform
from opendata.base.runtime.timetable import Timetable

NOW = datetime(2026, 3, 1, 10, 0, 20, tzinfo=UTC)
"""20 seconds past 17:00 in the city."""
MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(platform: Platform) -> Clock:
    platform.clock = clock = Clock()
    return clock


def table(platform: Platform, perform, *, name: str = "count") -> Timetable:
    made = Timetable(platform)
    made.every(name, 5 * MINUTE, perform)
    return made


def test_a_task_is_done_at_once_and_then_at_its_interval(platform: Platform, clock: Clock) -> None:
    done: list[datetime] = []
    timetable = table(platform, lambda _platform: done.append(clock.now))
    for _ in range(12 * 60):
        timetable.tick()
        clock.now += timedelta(seconds=1)
    assert done == [NOW, NOW + 5 * MINUTE, NOW + 10 * MINUTE]


def test_missed_ticks_are_made_up_for_once_and_keep_their_rhythm(platform: Platform, clock: Clock) -> None:
    done: list[datetime] = []
    timetable = table(platform, lambda _platform: done.append(clock.now))
    timetable.tick()
    clock.now += 23 * MINUTE
    assert [timetable.tick() for _ in range(3)] == [1, 0, 0]
    assert timetable.standings()[0].next_due == NOW + 25 * MINUTE


def test_two_workers_do_a_tick_once(platform: Platform, clock: Clock) -> None:
    done: list[str] = []
    second = table(platform, lambda _platform: done.append("second"))

    def first_does(_platform: Platform) -> None:
        done.append("first")
        assert second.tick() == 0  # the first one is at it

    first = table(platform, first_does)
    assert (first.tick(), second.tick()) == (1, 0)
    assert done == ["first"]


def test_a_task_of_a_worker_that_died_is_taken_over_when_its_lease_runs_out(
    platform: Platform, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def die(_platform: Platform) -> None:
        raise Killed

    with pytest.raises(Killed):
        table(platform, die).tick()
    other = table(platform, lambda _platform: None)
    assert other.tick() == 0
    clock.now += timedelta(seconds=61)
    assert other.tick() == 1


def test_who_lost_a_task_does_not_settle_it(platform: Platform, clock: Clock) -> None:
    second = table(platform, lambda _platform: None)

    def sleep_through_the_lease(_platform: Platform) -> None:
        clock.now += 2 * MINUTE
        assert second.tick() == 1
        raise ValueError("too late")

    table(platform, sleep_through_the_lease).tick()
    assert second.standings()[0].problem is None


def test_a_task_that_fails_is_tried_again_later_each_time_and_tells_why(
    platform: Platform, clock: Clock
) -> None:
    def fail(_platform: Platform) -> None:
        raise ValueError("no luck")

    timetable = table(platform, fail)
    waits = []
    for _ in range(6):
        assert timetable.tick() == 1
        (standing,) = timetable.standings()
        waits.append((standing.next_due - clock.now).total_seconds())
        clock.now = standing.next_due
    assert waits[:4] == [15, 30, 60, 120]
    assert max(waits) <= 300
    assert standing.problem == "ValueError: no luck"
    assert table(platform, lambda _platform: None).tick() == 1
    assert timetable.standings()[0].problem is None


def test_one_task_that_fails_keeps_no_other_from_its_turn(platform: Platform, clock: Clock) -> None:
    done: list[str] = []

    def fail(_platform: Platform) -> None:
        raise ValueError

    timetable = table(platform, fail, name="a")
    timetable.every("b", MINUTE, lambda _platform: done.append("b"))
    assert timetable.tick() == 2
    assert done == ["b"]


def test_a_nightly_task_is_done_at_its_time_of_the_city(platform: Platform, clock: Clock) -> None:
    done: list[datetime] = []
    timetable = Timetable(platform)
    timetable.nightly("scan", time(2, 30), lambda _platform: done.append(clock.now))
    timetable.tick()
    assert timetable.standings()[0].next_due == datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
    clock.now += timedelta(days=2)
    assert [timetable.tick() for _ in range(2)] == [1, 0]
    assert timetable.standings()[0].next_due == datetime(2026, 3, 3, 19, 30, tzinfo=UTC)


def test_how_late_a_task_is_shows_when_no_worker_runs(platform: Platform, clock: Clock) -> None:
    timetable = table(platform, lambda _platform: None)
    timetable.tick()
    clock.now += 8 * MINUTE
    assert timetable.standings()[0].late == 3 * MINUTE


def test_two_tasks_of_one_name_are_refused(platform: Platform) -> None:
    timetable = table(platform, lambda _platform: None)
    with pytest.raises(ValueError, match="count"):
        timetable.nightly("count", time(1), lambda _platform: None)
