"""The events of a run: the first thousand are kept, all are counted by code."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from opendata.base.models import HarvestEvent, HarvestSource
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.harvest.problems import Problem, stored
from opendata.services.harvest.sources import masked

KEPT = 1_000


class Events:
    """Collects in memory; `write` is called in the transactions of the run."""

    def __init__(self, run_id: str, source: HarvestSource, kept: int = 0) -> None:
        self._run_id, self._source, self._kept = run_id, source, kept
        self._waiting: list[dict[str, Any]] = []
        self.codes: Counter[str] = Counter()

    def add(
        self, severity: str, code: str, *, guid: str | None = None, path: str = "", message: str = ""
    ) -> None:
        self.codes[code] += 1
        if self._kept + len(self._waiting) >= KEPT:
            return
        self._waiting.append(
            {
                "run_id": self._run_id,
                "source_id": self._source.id,
                "guid": guid,
                "severity": severity,
                "code": code[:64],
                "path": stored(masked(self._source, path), 500) or None,
                "message": stored(masked(self._source, message), 1000) or None,
            }
        )

    def problem(self, guid: str | None, problem: Problem) -> None:
        message = f"{problem.message} {problem.value[:200]}".strip()
        self.add(problem.severity, problem.code, guid=guid, path=problem.path, message=message)

    def write(self, work: Work) -> None:
        if not self._waiting:
            return
        rows = [row | {"at": work.now} for row in self._waiting]
        work.session.execute(insert_into(work.session, HarvestEvent), rows)
        self._kept += len(rows)
        self._waiting.clear()


def kept(work: Work, run_id: str) -> int:
    return work.session.scalar(select(func.count()).where(HarvestEvent.run_id == run_id)) or 0


def of_run(work: Work, run_id: str, *, after: int = 0, limit: int = 200) -> Sequence[HarvestEvent]:
    """In order of time, from after the event with this id."""
    query = (
        select(HarvestEvent)
        .where(HarvestEvent.run_id == run_id, HarvestEvent.id > after)
        .order_by(HarvestEvent.id)
        .limit(limit)
    )
    return work.session.scalars(query).all()
