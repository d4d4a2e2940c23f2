"""A web process that hangs is told from one that works."""

import os
import signal
import subprocess
import time

import pytest

from opendata.doors.cli.pulse import HUNG_AFTER, Pulse


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def look_until(pulse: Pulse, clock: Clock, seconds: float) -> list[int]:
    """Look every second, as the watcher does."""
    for _ in range(int(seconds)):
        clock.now += 1
        found = pulse.hung([os.getpid()])
    return found


def test_a_process_that_beats_works_and_one_that_stops_hangs(clock):
    pulse = Pulse(clock)
    pulse.beat()
    assert look_until(pulse, clock, HUNG_AFTER) == []
    pulse.beat()
    assert look_until(pulse, clock, HUNG_AFTER) == []
    assert look_until(pulse, clock, 1) == [os.getpid()]


def test_a_process_that_is_still_starting_does_not_hang(clock):
    assert look_until(Pulse(clock), clock, HUNG_AFTER * 4) == []


def test_nobody_hangs_because_the_watcher_was_asleep(clock):
    pulse = Pulse(clock)
    pulse.beat()
    clock.now += HUNG_AFTER * 10
    assert pulse.hung([os.getpid()]) == []


def test_what_hangs_is_killed(monkeypatch):
    monkeypatch.setattr("opendata.doors.cli.pulse.EVERY", 0.01)
    with subprocess.Popen(["sleep", "60"]) as process:
        pulse = Pulse()
        monkeypatch.setattr(pulse, "hung", list)
        watched = [process.pid]
        pulse.start_watching(lambda: watched)
        assert process.wait(10) == -signal.SIGKILL
        watched.clear()
        time.sleep(0.05)
