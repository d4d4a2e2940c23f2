"""PostgreSQL as the product wants it: no call waits for ever, whatever became of the server."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event

from opendata.base.runtime.database import PATIENCE

ANSWER_SECONDS = 30.0
"""Longest wait for one answer. A server that is frozen, or a host cut off, keeps its connections open and
silent; without this bound every thread would end up waiting in one."""
CONNECT_SECONDS = 3
PING_SECONDS = 2.0
"""Longest wait for the small question that each use of a held connection begins with."""
OPEN_SECONDS = 1.0
PROBE_SECONDS = PING_SECONDS + CONNECT_SECONDS + 1
POOL_SECONDS = 3.0
POOL_SIZE = 10
POOL_OVERFLOW = 20
OPTIONS = (
    "-c lock_timeout=10s -c statement_timeout=25s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)
"""A process that hangs within a transaction would keep its locks for ever: it loses them when it would lose
its leases."""


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than `ANSWER_SECONDS`, or `PATIENCE`."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        patience = min(ANSWER_SECONDS, PATIENCE.get())
        try:
            return super().wait(gen, interval, patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may still come: nobody must take it for that of the next
            raise


class Circuit:
    """Open while the server does not answer, on a connection it had or for a new one: then everybody is
    refused at once, and one at a time tries again, a second after the last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open = False
        self._next_probe = 0.0
        self._prober = 0

    def enter(self) -> None:
        """Raises `psycopg.OperationalError` where somebody else is trying."""
        if not self._open:
            return
        with self._lock:
            me, now = threading.get_ident(), self._clock()
            if self._open and self._prober != me:
                if now < self._next_probe:
                    raise psycopg.OperationalError("the server did not answer a moment ago")
                self._prober, self._next_probe = me, now + PROBE_SECONDS

    def is_probing(self) -> bool:
        """Whether this thread is the one that tries."""
        return self._open and self._prober == threading.get_ident()

    def failed(self) -> None:
        with self._lock:
            self._open, self._prober = True, 0
            self._next_probe = self._clock() + OPEN_SECONDS

    def succeeded(self) -> None:
        if self._open:
            with self._lock:
                self._open, self._prober = False, 0


def open_engine(url: str, options: dict[str, Any]) -> Engine:
    """An engine whose connections are tried before use, so that a restarted server is found again."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": OPTIONS},
        **options,
    )
    circuit = Circuit()
    event.listen(engine, "do_connect", _connecting(circuit))
    engine.dialect.do_ping = _pinging(circuit, engine.dialect.do_ping)  # type: ignore[assignment, method-assign]
    return engine


def _connecting(circuit: Circuit) -> Callable[..., PatientConnection]:
    """A server that takes too long opens the circuit. One that refuses at once may only have too many
    clients: nobody waits for it, and the connections it has given go on."""

    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PatientConnection:
        circuit.enter()
        began = time.monotonic()
        try:
            connection = PatientConnection.connect(*arguments, **options)
        except psycopg.OperationalError:
            if circuit.is_probing() or time.monotonic() - began >= PING_SECONDS:
                circuit.failed()
            raise
        circuit.succeeded()
        return connection

    return connect


def _pinging(circuit: Circuit, ping: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The ping of the dialect with less patience. One that was not answered in time tells of the server; one
    that failed at once tells of the connection, and a new one is tried."""

    def patiently(connection: Any) -> bool:
        circuit.enter()
        began = time.monotonic()
        before = PATIENCE.set(min(PING_SECONDS, PATIENCE.get()))
        try:
            answered = ping(connection)
        except psycopg.OperationalError:
            if time.monotonic() - began >= PING_SECONDS:
                circuit.failed()
            raise
        finally:
            PATIENCE.reset(before)
        circuit.succeeded()
        return answered

    return patiently
