"""Forgets what harvests kept and nothing needs any more: at night, while no run is under way."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, exists, select

from opendata.base.models import (
    HarvestBlob,
    HarvestFile,
    HarvestOverride,
    HarvestRecord,
    HarvestRun,
    HarvestSource,
    HarvestSpool,
    Resource,
)
from opendata.base.runtime import SYSTEM, Platform, Work, jobs
from opendata.services.harvest import runs

NAMES = (
    HarvestRecord.raw_hash,
    HarvestRecord.norm_hash,
    HarvestSpool.raw_hash,
    HarvestSpool.norm_hash,
    HarvestOverride.base_norm_hash,
)
"""Every column that names a blob."""
AT_ONCE = 5_000
JOB = "harvest.forget"


def ask(platform: Platform) -> None:
    """A task of the timetable: the job may have much to do."""
    with platform.work(SYSTEM) as work:
        jobs.enqueue_one(work, JOB)


def perform(platform: Platform, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001  # a job
    forget(platform)


def forget(platform: Platform) -> int:
    """Blobs that nothing names, and what is remembered of files that no dataset holds; how many of both."""
    with platform.read(SYSTEM) as work:
        if _is_under_way(work):  # it would only keep others from their sources
            return 0
    total = 0
    while not platform.stopping.is_set() and (done := _some(platform)):
        total += done
    return total


def _some(platform: Platform) -> int:
    """A few of them in one short transaction. While it lasts no run is queued, and none is under way: a run
    names what it finds stored already, and what it stores, only at its next step."""
    with platform.work(SYSTEM) as work:
        work.session.execute(select(HarvestSource.id).order_by(HarvestSource.id).with_for_update())
        return 0 if _is_under_way(work) else _blobs(work) + _files(work)


def _is_under_way(work: Work) -> bool:
    return bool(work.session.scalar(select(exists().where(HarvestRun.state.in_(runs.ACTIVE)))))


def _blobs(work: Work) -> int:
    unnamed = select(HarvestBlob.sha256).except_(*(select(column) for column in NAMES)).limit(AT_ONCE)
    if found := work.session.scalars(unnamed).all():
        work.session.execute(delete(HarvestBlob).where(HarvestBlob.sha256.in_(found)))
    return len(found)


def _files(work: Work) -> int:
    """A preview that can still be applied keeps its files, and a record in quarantine, which every run tries
    again, those of its source."""
    fresh = select(HarvestRun.source_id).where(
        HarvestRun.kind == "preview", HarvestRun.ended_at > work.now - runs.PREVIEW_AGE
    )
    troubled = select(HarvestRecord.source_id).where(HarvestRecord.state == "quarantined")
    held = exists().where(Resource.sha256 == HarvestFile.sha256)
    left = (
        select(HarvestFile)
        .where(~held, HarvestFile.source_id.not_in(fresh), HarvestFile.source_id.not_in(troubled))
        .limit(AT_ONCE)
    )
    found = work.session.scalars(left).all()
    for file in found:
        work.session.delete(file)
    return len(found)
