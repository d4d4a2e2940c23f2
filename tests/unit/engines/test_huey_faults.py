"""What the store of the queue cannot do opens its circuit; what a caller did wrong does not."""

import pytest
from huey import MemoryHuey

from opendata.base.kit.circuit import OPEN_SECONDS, Circuit
from opendata.base.kit.errors import Unavailable
from opendata.engines.jobs import HueyQueue


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def queue(clock):
    made = HueyQueue(MemoryHuey())
    made._circuit = Circuit(lambda: clock[0])
    yield made
    made.close()


@pytest.mark.parametrize("fault", [TypeError, ValueError])
def test_arguments_that_cannot_be_written_are_a_fault_of_the_caller(queue, monkeypatch, fault):
    with monkeypatch.context() as patched:
        patched.setattr(queue._huey, "enqueue", _raising(fault))
        with pytest.raises(fault):
            queue.put("a", {})
    queue.put("a", {})
    assert queue.waiting() == 1


def test_of_a_store_that_is_away_one_caller_a_second_asks(queue, monkeypatch, clock):
    asked = []

    def away(_task):
        asked.append(clock[0])
        if len(asked) == 2:
            with pytest.raises(Unavailable):
                queue.waiting()  # somebody else, while this one waits
        raise OSError("away")

    monkeypatch.setattr(queue._huey, "enqueue", away)
    for _ in range(3):
        with pytest.raises(Unavailable):
            queue.put("a", {})
    clock[0] += OPEN_SECONDS
    for _ in range(3):
        with pytest.raises(Unavailable):
            queue.put("a", {})
    assert asked == [100.0, 100.0 + OPEN_SECONDS]


def _raising(fault):
    def act(*_):
        raise fault("no")

    return act
