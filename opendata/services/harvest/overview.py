"""What pages tell of sources: their health, last run and records in quarantine. One query a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from opendata.base.kit.errors import N_
from opendata.base.models import Dataset, HarvestRecord, HarvestRun, HarvestSource
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action

FAILED = {"failed", "lost", "cancelled"}
STALE_AFTER = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts of one source's records and its newest run that was no preview."""

    datasets: int = 0
    quarantined: int = 0
    last_run: HarvestRun | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """`kind` is good, due or late; `sentence` is a message id with `params`."""

    kind: str
    sentence: str
    params: dict[str, Any]


def standings(work: Work, sources: Sequence[HarvestSource]) -> dict[str, Standing]:
    """By source id; two queries whatever the number of sources."""
    ids = [source.id for source in sources]
    quarantined = func.sum(case((HarvestRecord.state == "quarantined", 1), else_=0))
    counts = {
        row.source_id: (row[1], int(row[2] or 0))
        for row in work.session.execute(
            select(HarvestRecord.source_id, func.count(HarvestRecord.dataset_id), quarantined)
            .where(HarvestRecord.source_id.in_(ids))
            .group_by(HarvestRecord.source_id)
        )
    }
    runs = _last_runs(work, ids)
    return {key: Standing(*counts.get(key, (0, 0)), runs.get(key)) for key in ids}


def _last_runs(work: Work, ids: Sequence[str]) -> dict[str, HarvestRun]:
    newest = (
        select(HarvestRun.source_id, func.max(HarvestRun.queued_at).label("at"))
        .where(HarvestRun.source_id.in_(ids), HarvestRun.kind != "preview")
        .group_by(HarvestRun.source_id)
        .subquery()
    )
    query = select(HarvestRun).join(
        newest, (HarvestRun.source_id == newest.c.source_id) & (HarvestRun.queued_at == newest.c.at)
    )
    return {run.source_id: run for run in work.session.scalars(query)}


def health(work: Work, source: HarvestSource, standing: Standing) -> Health:
    """The state of a source in one sentence."""
    run = standing.last_run
    if source.state != "accepted":
        return Health("due", N_("Nguồn chưa được chấp nhận nên chưa chạy; chỉ có thể xem trước."), {})
    if run is None:
        return Health("due", N_("Nguồn đã được chấp nhận và chưa chạy lượt nào."), {})
    if run.state in FAILED:
        return Health("late", N_("Lượt gần nhất không thành; dữ liệu đã công bố vẫn giữ nguyên."), {})
    if standing.quarantined:
        message = N_("%(n)s bản ghi đang bị cách ly và cần được sửa ở nguồn.")
        return Health("due", message, {"n": standing.quarantined})
    if source.last_complete_at is None or work.now - source.last_complete_at > STALE_AFTER:
        return Health("due", N_("Nguồn chưa được đọc trọn vẹn trong 8 ngày qua."), {})
    return Health("good", N_("Nguồn đang chạy tốt: lượt gần nhất đọc trọn vẹn."), {})


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be taken over, with the dataset whose last good version stays."""

    record: HarvestRecord
    dataset: Dataset | None


def quarantine(
    work: Work, source: HarvestSource, *, after: str = "", limit: int = 50
) -> tuple[list[Quarantined], int]:
    """Records in quarantine in guid order from after `after`, and how many there are in all."""
    policy.require(work.caller, Action.HARVEST_VIEW, source.organization_id)
    chosen = (HarvestRecord.source_id == source.id, HarvestRecord.state == "quarantined")
    total = work.session.scalar(select(func.count()).select_from(HarvestRecord).where(*chosen)) or 0
    query = (
        select(HarvestRecord, Dataset)
        .outerjoin(Dataset, Dataset.id == HarvestRecord.dataset_id)
        .where(*chosen, HarvestRecord.guid > after)
        .order_by(HarvestRecord.guid)
        .limit(limit)
    )
    return [Quarantined(row[0], row[1]) for row in work.session.execute(query)], total
