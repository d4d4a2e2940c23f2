"""A server that fails is left alone: one probe a second, whatever number of callers."""

import pytest

from opendata.base.kit.circuit import OPEN_SECONDS, Circuit
from opendata.base.kit.errors import Unavailable


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("failures", [1, 3])
def test_it_opens_after_so_many_faults_and_lets_one_probe_a_second_through(failures: int) -> None:
    clock = Clock()
    circuit = Circuit(clock, failures=failures)
    for _ in range(failures):
        circuit.enter()
        circuit.failed()
    with pytest.raises(Unavailable):
        circuit.enter()
    clock.now += OPEN_SECONDS + 0.1
    circuit.enter()
    with pytest.raises(Unavailable):
        circuit.enter()
    circuit.succeeded()
    circuit.enter()
    circuit.enter()


def test_a_success_between_faults_keeps_it_closed() -> None:
    circuit = Circuit(Clock(), failures=3)
    for _ in range(5):
        circuit.failed()
        circuit.failed()
        circuit.succeeded()
        circuit.enter()
