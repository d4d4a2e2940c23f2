"""PostgreSQL as the product wants it: no call waits for ever, whatever became of the server."""

from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event

ANSWER_SECONDS = 30.0
"""Longest wait for one answer. A server that is frozen, or a host cut off, keeps its connections open and
silent; without this bound every thread would end up waiting in one."""
CONNECT_SECONDS = 3
POOL_SECONDS = 3.0
POOL_SIZE = 10
POOL_OVERFLOW = 20
OPTIONS = "-c lock_timeout=10s -c statement_timeout=25s -c timezone=UTC"


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes longer than `ANSWER_SECONDS`."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may still come: nobody must take it for that of the next
            raise


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
    event.listen(engine, "do_connect", _connect)
    return engine


def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> PatientConnection:
    return PatientConnection.connect(*arguments, **options)
