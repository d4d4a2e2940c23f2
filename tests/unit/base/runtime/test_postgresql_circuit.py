"""A database server that does not answer is asked by one at a time, and everybody else is refused at once."""

import threading

import psycopg
import pytest

from opendata.base.runtime.database import PATIENCE
from opendata.base.runtime.postgresql import (
    CONNECT_SECONDS,
    OPEN_SECONDS,
    PING_SECONDS,
    PROBE_SECONDS,
    Circuit,
    PatientConnection,
    _connecting,
    _pinging,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def elsewhere(act) -> BaseException | None:
    """What another thread is told."""
    told: list[BaseException | None] = []

    def run() -> None:
        try:
            act()
        except psycopg.OperationalError as error:
            told.append(error)
        else:
            told.append(None)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return told[0]


def test_everybody_passes_until_a_failure(clock):
    circuit = Circuit(clock)
    circuit.enter()
    assert elsewhere(circuit.enter) is None
    circuit.failed()
    with pytest.raises(psycopg.OperationalError):
        circuit.enter()


def test_one_at_a_time_tries_again(clock):
    circuit = Circuit(clock)
    circuit.failed()
    clock.now += OPEN_SECONDS
    circuit.enter()
    circuit.enter()  # the same one, on a new connection
    assert elsewhere(circuit.enter) is not None
    clock.now += PROBE_SECONDS  # it never came back
    assert elsewhere(circuit.enter) is None


def test_a_success_lets_everybody_pass(clock):
    circuit = Circuit(clock)
    circuit.failed()
    clock.now += OPEN_SECONDS
    circuit.enter()
    circuit.succeeded()
    assert elsewhere(circuit.enter) is None


def test_a_silent_ping_opens_it_and_a_broken_connection_does_not(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("opendata.base.runtime.postgresql.time.monotonic", clock)
    circuit = Circuit()
    patience: list[float] = []

    def broken(_connection: object) -> bool:
        patience.append(PATIENCE.get())
        raise psycopg.OperationalError

    def silent(_connection: object) -> bool:
        clock.now += PING_SECONDS
        raise psycopg.OperationalError

    with pytest.raises(psycopg.OperationalError):
        _pinging(circuit, broken)(None)
    circuit.enter()
    assert patience == [PING_SECONDS]
    with pytest.raises(psycopg.OperationalError):
        _pinging(circuit, silent)(None)
    with pytest.raises(psycopg.OperationalError):
        circuit.enter()


def test_too_many_clients_refuse_a_new_connection_and_none_that_is_held(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("opendata.base.runtime.postgresql.time.monotonic", clock)
    circuit, waits = Circuit(clock), [0.0, float(CONNECT_SECONDS), 0.0]

    def refuse(*_: object) -> PatientConnection:
        clock.now += waits.pop(0)
        raise psycopg.OperationalError("sorry, too many clients already")

    monkeypatch.setattr(PatientConnection, "connect", refuse)
    connect, ping = _connecting(circuit), _pinging(circuit, lambda _connection: True)
    with pytest.raises(psycopg.OperationalError, match="too many"):
        connect(None, None, (), {})
    assert ping(None)
    with pytest.raises(psycopg.OperationalError, match="too many"):
        connect(None, None, (), {})
    with pytest.raises(psycopg.OperationalError, match="a moment ago"):
        ping(None)
    clock.now += OPEN_SECONDS
    with pytest.raises(psycopg.OperationalError, match="too many"):
        connect(None, None, (), {})
    with pytest.raises(psycopg.OperationalError, match="a moment ago"):
        ping(None)
