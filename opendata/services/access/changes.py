"""One sequence behind every `version`, and a watch that lets each worker see changes within half a second.

The counter's row stays locked until its transaction ends, so versions become visible in their order: who
has seen one has seen all below it.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.models import ChangeSequence
from opendata.base.runtime import Platform, Work
from opendata.base.runtime.database import insert_into

log = structlog.get_logger(__name__)
EVERY = 0.4
LATEST = 0.8
"""Seconds after which a request looks by itself: the thread is asleep or was never started."""
MOMENT = 0.05
"""Seconds that a look takes at most where the database answers."""
LIMIT = 10_000
"""Changed rows taken one by one; of more than that everything is forgotten."""

Forget = Callable[[list[str] | None], None]
"""Gets the ids that changed; None means that anything may have."""


def next_version(work: Work) -> int:
    """The next number; whoever changes what workers remember writes it into the row it changed."""
    insert = insert_into(work.session, ChangeSequence).values(id=1, value=1)
    raised = insert.on_conflict_do_update(
        index_elements=[ChangeSequence.id], set_={"value": ChangeSequence.value + 1}
    )
    return cast("int", work.session.execute(raised.returning(ChangeSequence.value)).scalar_one())


@dataclass(frozen=True, slots=True)
class _Followed:
    object_id: InstrumentedAttribute[Any]
    version: InstrumentedAttribute[int]
    forget: Forget


@dataclass(slots=True)
class _Beside:
    task: Callable[[], None]
    seconds: float
    done: float = -math.inf

    def do_if_due(self) -> None:
        if time.monotonic() - self.done >= self.seconds:
            self.do()

    def do(self) -> None:
        self.done = time.monotonic()
        try:
            self.task()
        except Exception as error:  # noqa: BLE001  # the next time tries again
            log.warning("changes.beside", error=repr(error))


class Changes:
    """Watches `version` columns. `start` runs the watch in a thread; without it requests look by
    themselves. One per process."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._followed: list[_Followed] = []
        self._beside: list[_Beside] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: int | None = None
        self._data_version: int | None = None
        self._connection: Any = None
        self._looked = self._tried = 0.0

    def follow(
        self, object_id: InstrumentedAttribute[Any], version: InstrumentedAttribute[int], forget: Forget
    ) -> None:
        """Call `forget` with the ids of rows whose version rose."""
        self._followed.append(_Followed(object_id, version, forget))

    def also(self, task: Callable[[], None], *, seconds: float = 0.0) -> None:
        """Something small to do on each round, off the path of requests, or once in so many seconds;
        and at the end, for what was noted since."""
        self._beside.append(_Beside(task, seconds))

    @property
    def age(self) -> float:
        """Seconds since this worker last knew of every change."""
        return time.monotonic() - self._looked

    def current(self) -> float:
        """Before a remembered right is used; gives `age`. Costs a comparison while the watch runs.

        Whoever finds another looking waits a moment for what he sees: longer only where the database does
        not answer, and then what is remembered has to do.
        """
        age = time.monotonic() - self._looked
        if age <= LATEST:
            return age
        if self._is_due() and self._lock.acquire(timeout=MOMENT):
            try:
                if self._is_due():  # nobody else has looked meanwhile
                    self._look()
            finally:
                self._lock.release()
        return self.age

    def _is_due(self) -> bool:
        return self.age > LATEST and time.monotonic() - self._tried > EVERY

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="opendata-changes", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        for task in self._beside:
            task.do()
        with self._lock:
            self._let_go()

    def look(self) -> None:
        """Take note of everything that has changed until now."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        """A database that is away is no reason to forget."""
        began = self._tried = time.monotonic()
        try:
            if self._may_have_changed():
                self._take_note()
        except Exception as error:  # noqa: BLE001  # the age tells; see `health`
            log.warning("changes.unseen", error=repr(error), age=round(self.age, 1))
            self._let_go()
            return
        self._looked = began

    def _watch(self) -> None:
        while not self._stopping.wait(EVERY):
            self.look()
            for task in self._beside:
                task.do_if_due()

    def _may_have_changed(self) -> bool:
        """SQLite tells in microseconds whether anybody else wrote since this connection last asked."""
        if self._platform.engine.dialect.name != "sqlite":
            return True
        if self._connection is None:
            self._connection = self._platform.engine.raw_connection()
            self._connection.detach()
        cursor = self._connection.cursor()
        version = cursor.execute("PRAGMA data_version").fetchone()[0]
        cursor.close()
        before, self._data_version = self._data_version, version
        return bool(version != before)

    def _take_note(self) -> None:
        with self._platform.read() as work:
            newest = work.session.scalar(select(ChangeSequence.value)) or 0
            if newest == self._seen:
                return
            for followed in self._followed:
                followed.forget(self._changed(work, followed))
        self._seen = newest

    def _changed(self, work: Work, followed: _Followed) -> list[str] | None:
        if self._seen is None:
            return None
        query = select(followed.object_id).where(followed.version > self._seen).limit(LIMIT + 1)
        changed = list(work.session.scalars(query))
        return changed if len(changed) <= LIMIT else None

    def _let_go(self) -> None:
        self._data_version = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
