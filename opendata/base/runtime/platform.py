"""The assembled product and the unit of work that every door, job and batch opens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from opendata.base.kit.clock import Clock, utc_now
from opendata.base.models import OutboxEntry
from opendata.base.runtime.caller import ANONYMOUS, Caller

T = TypeVar("T")
Handler = Callable[["Platform", Sequence[OutboxEntry]], None]
"""Applies a batch of outbox entries of one topic, the newest of each object only."""


class Platform:
    """The parts that `app.assemble` put together.

    `part(Protocol)` gives the engine registered for a protocol. `handlers` maps outbox topics to the
    functions that apply them.
    """

    def __init__(self, settings: Any, engine: Engine, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.handlers: dict[str, Handler] = {}
        self.after_commit: Callable[[], None] = lambda: None
        self._writing = sessionmaker(engine, expire_on_commit=False)
        self._reading = sessionmaker(
            engine.execution_options(reading=True), expire_on_commit=False, autoflush=False
        )
        self._parts: dict[type, Any] = {}

    def register(self, port: type[T], part: T) -> None:
        self._parts[port] = part

    def part(self, port: type[T]) -> T:
        return cast("T", self._parts[port])

    def close(self) -> None:
        """Give back what the parts and the database hold open."""
        for part in self._parts.values():
            if callable(close := getattr(part, "close", None)):
                close()
        self.engine.dispose()

    @contextmanager
    def work(self, caller: Caller = ANONYMOUS) -> Iterator["Work"]:
        """One transaction: commits once on leaving, rolls back on an error, then drains the outbox."""
        with self._writing() as session:
            work = Work(self, session, caller)
            with session.begin():
                yield work
        if work.effects:
            self.after_commit()

    @contextmanager
    def read(self, caller: Caller = ANONYMOUS) -> Iterator["Work"]:
        """A transaction that only reads; whatever it changed is rolled back."""
        with self._reading() as session:
            yield Work(self, session, caller)


class Work:
    """Session, caller, clock and outbox of one transaction. Services flush, never commit."""

    __slots__ = ("caller", "effects", "platform", "session")

    def __init__(self, platform: Platform, session: Session, caller: Caller) -> None:
        self.platform = platform
        self.session = session
        self.caller = caller
        self.effects = 0

    @property
    def now(self) -> datetime:
        return self.platform.clock()

    def part(self, port: type[T]) -> T:
        """The engine registered for a protocol."""
        return self.platform.part(port)

    def after(self, topic: str, object_id: str, payload: Mapping[str, Any] | None = None) -> None:
        """Ask for an effect once this transaction has committed."""
        entry = OutboxEntry(
            topic=topic, object_id=object_id, payload=dict(payload) if payload else None, at=self.now
        )
        self.session.add(entry)
        self.effects += 1
