"""What is done again and again: one register of tasks, each done by one worker at a time, whatever the
number of workers.

    timetable = platform.part(Timetable)
    timetable.every("harvest.due", timedelta(minutes=1), due.start)        # perform(platform)
    timetable.nightly("search.drift", time(2, 30), indexing.ask_to_scan_all)  # by the clock of the city

Tasks are entered where the platform is put together (`assembly.py`). A task gets the platform and opens its
own transactions. It is short, a minute at most, since the next one waits for it: what takes longer asks for
a job (`jobs.enqueue`) and returns. It can be done twice, once more after a worker died within it, and must
bear that. A mapping it returns is kept for operators, and for its next turn (`timetable.result(name)`).

Workers look every second. Taking a task is one conditional update that leases it, by the clock of the
database; a worker that dies loses the task when its lease runs out. A tick that was missed, while no worker
ran, is made up for once. A task that failed is tried again, later each time, at the latest at its next tick;
its problem is shown by `opendata doctor`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select, update

from opendata.base.models import TimetableEntry
from opendata.base.runtime.caller import SYSTEM
from opendata.base.runtime.database import insert_into
from opendata.base.runtime.heartbeat import beating
from opendata.base.runtime.platform import Platform, Work

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=15)
DAY = timedelta(days=1)

Perform = Callable[[Platform], Any]
"""A mapping it returns is kept as its `result`."""
Following = Callable[[datetime, datetime], datetime]
"""(the tick that was due, now) -> the first tick after now."""


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    perform: Perform
    following: Following
    first: Callable[[datetime], datetime]
    """When a task that was never done is due."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands. `late`: since its tick, while nobody does it."""

    name: str
    next_due: datetime
    late: timedelta
    problem: str | None
    ended_at: datetime | None
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Taken:
    due: datetime
    fence: int
    failures: int


class Timetable:
    """One per process; the ticks are kept in the database."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tasks: dict[str, Task] = {}
        self._entered: set[str] = set()

    def every(self, name: str, interval: timedelta, perform: Perform) -> None:
        """Do it at this interval, for the first time at once."""

        def following(due: datetime, now: datetime) -> datetime:
            return due + interval * (max(now - due, timedelta()) // interval + 1)

        self._enter(Task(name, perform, following, first=lambda now: now))

    def nightly(self, name: str, at: time, perform: Perform) -> None:
        """Do it once a day at this time of the city."""
        zone = ZoneInfo(self._platform.settings.time_zone)

        def first(now: datetime) -> datetime:
            local = now.astimezone(zone)
            today = datetime.combine(local.date(), at, zone)
            return today if today > local else datetime.combine(local.date() + DAY, at, zone)

        self._enter(Task(name, perform, lambda _due, now: first(now), first))

    def _enter(self, task: Task) -> None:
        if task.name in self._tasks:
            raise ValueError(f"two tasks are called {task.name}")
        self._tasks[task.name] = task

    def tick(self) -> int:
        """Do what is due; the number of tasks that were done by this call, failed ones included."""
        return sum(self._do(self._tasks[name]) for name in self._due())

    def standings(self) -> list[Standing]:
        """Every task that was entered into the table of the database, in order of their ticks."""
        with self._platform.read(SYSTEM) as work:
            now = work.shared_now
            query = select(TimetableEntry).where(TimetableEntry.name.in_(self._tasks))
            entries = work.session.scalars(query.order_by(TimetableEntry.next_due, TimetableEntry.name)).all()
            return [_standing(entry, now) for entry in entries]

    def result(self, name: str) -> Mapping[str, Any]:
        """What a task returned the last time it did not fail; empty where that was nothing."""
        with self._platform.read(SYSTEM) as work:
            return work.session.scalar(select(TimetableEntry.result).where(TimetableEntry.name == name)) or {}

    def _due(self) -> list[str]:
        if missing := self._tasks.keys() - self._entered:
            self._write_down(missing)
        with self._platform.read(SYSTEM) as work:
            query = select(TimetableEntry.name).where(
                TimetableEntry.name.in_(self._tasks), *_takeable(work.shared_now)
            )
            return list(work.session.scalars(query.order_by(TimetableEntry.next_due, TimetableEntry.name)))

    def _write_down(self, names: set[str]) -> None:
        with self._platform.work(SYSTEM) as work:
            now = work.shared_now
            for name in sorted(names):
                entry = {"name": name, "next_due": self._tasks[name].first(now), "fence": 0, "failures": 0}
                insert = insert_into(work.session, TimetableEntry).values(entry)
                work.session.execute(insert.on_conflict_do_nothing(index_elements=[TimetableEntry.name]))
        self._entered |= names

    def _do(self, task: Task) -> int:
        taken = self._take(task.name)
        if taken is None:
            return 0
        problem, result = None, None
        try:
            with beating(task.name, lambda: self._prolong(task.name, taken.fence)):
                result = task.perform(self._platform)
        except Exception as error:  # noqa: BLE001  # one task's fault must not keep the others from their turn
            problem = f"{type(error).__name__}: {error}"[:500]
            log.warning("timetable.failed", task=task.name, error=repr(error))
        self._settle(task, taken, problem, result)
        return 1

    def _take(self, name: str) -> _Taken | None:
        """The task, if this call won it; committed before it is done."""
        with self._platform.work(SYSTEM) as work:
            now = work.shared_now
            taken = update(TimetableEntry).where(TimetableEntry.name == name, *_takeable(now))
            values = {"lease_until": now + LEASE, "fence": TimetableEntry.fence + 1, "started_at": now}
            row = work.session.execute(
                taken.values(values).returning(
                    TimetableEntry.next_due, TimetableEntry.fence, TimetableEntry.failures
                )
            ).one_or_none()
            return _Taken(*row) if row else None

    def _prolong(self, name: str, fence: int) -> None:
        with self._platform.work(SYSTEM) as work:
            self._write(work, name, fence, lease_until=work.shared_now + LEASE)

    def _settle(self, task: Task, taken: _Taken, problem: str | None, result: Any) -> None:
        """Its next tick. Where somebody else took the task meanwhile, that one settles it."""
        with self._platform.work(SYSTEM) as work:
            now = work.shared_now
            failures = taken.failures + 1 if problem else 0
            next_due = task.following(taken.due, now)
            if problem:
                next_due = min(next_due, now + FIRST_RETRY * 2 ** min(failures - 1, 10))
            values: dict[str, Any] = {"next_due": next_due, "failures": failures, "problem": problem}
            if isinstance(result, Mapping):
                values["result"] = dict(result)
            self._write(work, task.name, taken.fence, lease_until=None, ended_at=now, **values)

    @staticmethod
    def _write(work: Work, name: str, fence: int, **values: Any) -> None:
        held = update(TimetableEntry).where(TimetableEntry.name == name, TimetableEntry.fence == fence)
        work.session.execute(held.values(values))


def _takeable(now: datetime) -> tuple[Any, ...]:
    free = or_(TimetableEntry.lease_until.is_(None), TimetableEntry.lease_until < now)
    return (TimetableEntry.next_due <= now, free)


def _standing(entry: TimetableEntry, now: datetime) -> Standing:
    held = entry.lease_until is not None and entry.lease_until >= now
    late = timedelta() if held else max(now - entry.next_due, timedelta())
    return Standing(entry.name, entry.next_due, late, entry.problem, entry.ended_at, dict(entry.result or {}))
