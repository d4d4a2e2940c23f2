"""The assembled product and the unit of work that every door, job and batch opens."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from opendata.base.kit.clock import Clock, utc_now
from opendata.base.kit.ids import is_id
from opendata.base.models import Base, OutboxEntry
from opendata.base.runtime.caller import ANONYMOUS, Caller
from opendata.base.runtime.database import is_shared, server_clock
from opendata.base.runtime.database_faults import told_in_our_words

T = TypeVar("T")
Row = TypeVar("Row", bound=Base)
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
        self.stopping = threading.Event()
        """Set while the worker of this process leaves: long work stops at its next step, as `Interrupted`."""
        self._writing = sessionmaker(engine, expire_on_commit=False)
        self._reading = sessionmaker(
            engine.execution_options(reading=True), expire_on_commit=False, autoflush=False
        )
        self._parts: dict[type, Any] = {}

    @property
    def has_other_hosts(self) -> bool:
        """Whether others may work on this database at the same time. What a process leaves to one of all, or
        does for its own host, follows from this, not from the kind of any engine."""
        return is_shared(self.engine)

    def register(self, port: type[T], part: T) -> None:
        self._parts[port] = part

    def part(self, port: type[T]) -> T:
        return self._parts[port]  # type: ignore[no-any-return]  # asked many times a request

    def close(self) -> None:
        """Give back what the parts and the database hold open."""
        for part in reversed(self._parts.values()):
            if callable(close := getattr(part, "close", None)):
                close()
        self.engine.dispose()

    @contextmanager
    def work(self, caller: Caller = ANONYMOUS) -> Iterator["Work"]:
        """One transaction: commits once on leaving, rolls back on an error, then drains the outbox."""
        with told_in_our_words(), self._writing() as session:
            work = Work(self, session, caller)
            with session.begin():
                yield work
                work.write_effects()
        if work.effects:
            self.after_commit()

    @contextmanager
    def read(self, caller: Caller = ANONYMOUS) -> Iterator["Work"]:
        """A transaction that only reads; whatever it changed is rolled back."""
        with told_in_our_words(), self._reading() as session:
            yield Work(self, session, caller)


class Work:
    """Session, caller, clock and outbox of one transaction. Services flush, never commit."""

    __slots__ = ("_effects", "caller", "platform", "reduced", "session")

    def __init__(self, platform: Platform, session: Session, caller: Caller) -> None:
        self.platform = platform
        self.session = session
        self.caller = caller
        self.reduced = False
        """Set where an engine that is away was replaced by something less: such an answer is not kept."""
        self._effects: list[OutboxEntry] = []

    @property
    def now(self) -> datetime:
        return self.platform.clock()

    @property
    def shared_now(self) -> datetime:
        """The clock for leases: that of the database server where several hosts share it. A clock that
        was given by hand stands for both."""
        if self.platform.clock is utc_now and self.platform.has_other_hosts:
            return server_clock(self.session)
        return self.now

    def find(self, model: type[Row], text: str, *, lock: bool = False) -> Row | None:
        """What has this id; None also for a text that is no id, which PostgreSQL would refuse to look for.
        With `lock` it is to be written to: others who want that wait."""
        if not is_id(text):
            return None
        return self.session.get(model, text.lower(), with_for_update=lock or None, populate_existing=lock)

    def wait_for_turn(self, number: int) -> None:
        """Until no other transaction has the turn of this number, which is ours until this one is over. On a
        single host's database only one writes at a time anyway."""
        if self.platform.has_other_hosts:
            self.session.execute(select(func.pg_advisory_xact_lock(number)))

    def part(self, port: type[T]) -> T:
        """The engine registered for a protocol."""
        return self.platform.part(port)

    def after(self, topic: str, object_id: str, payload: Mapping[str, Any] | None = None) -> None:
        """Ask for an effect once this transaction has committed."""
        payload = dict(payload) if payload else None
        self._effects.append(OutboxEntry(topic=topic, object_id=object_id, payload=payload, at=self.now))

    @property
    def effects(self) -> int:
        return len(self._effects)

    def write_effects(self) -> None:
        """Put them into the outbox, as the last thing of the transaction: the rows it changed are locked
        by then, so two transactions that change one object take their sequence in the order of commits."""
        self.session.flush()
        self.session.add_all(self._effects)
