"""Runs of a source: started by people and schedules; every step of their state is one conditional update."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from opendata.base.kit.errors import N_, Conflict, NotFound
from opendata.base.models import HarvestRun, HarvestSource, Job
from opendata.base.runtime import Work, jobs
from opendata.services.access import audit, policy
from opendata.services.access.policy import Action
from opendata.services.harvest import lease, sources
from opendata.services.harvest.lease import LeaseLost

JOB = "harvest.run"
KINDS = ("scheduled", "manual", "preview", "remap", "apply_preview")
ACTIVE = ("queued", "running", "lost")
FINISHED = ("done", "done_with_errors", "failed", "cancelled", "rejected", "superseded")
MAX_ATTEMPTS = 3
PREVIEW_AGE = timedelta(hours=24)


class NotAccepted(Conflict):
    code = "source_not_accepted"
    message = N_("Nguồn chưa được duyệt; chỉ có thể xem trước.")


class NoPreview(Conflict):
    code = "preview_expired"
    message = N_("Bản xem trước không còn dùng được. Vui lòng xem trước lại.")


class OtherRun(Conflict):
    code = "other_run"
    message = N_("Nguồn đang có lượt thu thập khác. Vui lòng áp dụng bản xem trước khi lượt đó đã xong.")


def start(work: Work, source: HarvestSource, kind: str = "manual") -> HarvestRun:
    """A queued run, or the one of this source that is already queued or running.

    A source that is not accepted can only be previewed. Raises `NotAllowed`, `NotAccepted`.
    """
    policy.require(work.caller, Action.HARVEST_RUN, source.organization_id)
    if source.state != "accepted" and kind != "preview":
        raise NotAccepted
    _lock(work, source.id)
    reap(work, source.id)
    if (active := _active(work, source.id)) is not None:
        return active
    return _queue(work, source, kind)


def apply_preview(work: Work, preview: HarvestRun) -> HarvestRun:
    """Carry out what a preview showed, from its spool: a queued run, or the one that is already at it.

    Raises `NoPreview` when it is over 24 hours old, `OtherRun` while another run of the source is under way.
    """
    source = work.session.get_one(HarvestSource, preview.source_id)
    policy.require(work.caller, Action.HARVEST_RUN, source.organization_id)
    if source.state != "accepted":
        raise NotAccepted
    ended = preview.ended_at
    usable = preview.kind == "preview" and preview.state in {"done", "done_with_errors"} and ended is not None
    if not usable or ended is None or work.now - ended > PREVIEW_AGE:
        raise NoPreview
    _lock(work, source.id)
    reap(work, source.id)
    if (active := _active(work, source.id)) is not None:
        if active.preview_of != preview.id:
            raise OtherRun
        return active
    return _queue(work, source, "apply_preview", preview_of=preview.id)


def get(work: Work, run_id: str) -> HarvestRun:
    """A run of a source the caller may see. Raises `NotFound`."""
    run = work.find(HarvestRun, run_id)
    source = work.session.get(HarvestSource, run.source_id) if run else None
    if run is None or source is None:
        raise NotFound
    if not policy.allows(work.caller, Action.HARVEST_VIEW, source.organization_id):
        raise NotFound
    return run


def of_source(work: Work, source: HarvestSource, *, limit: int = 20) -> Sequence[HarvestRun]:
    """Newest first. Raises `NotAllowed`."""
    policy.require(work.caller, Action.HARVEST_VIEW, source.organization_id)
    query = (
        select(HarvestRun)
        .where(HarvestRun.source_id == source.id)
        .order_by(HarvestRun.queued_at.desc(), HarvestRun.id)
        .limit(limit)
    )
    return work.session.scalars(query).all()


def visible(work: Work, *, state: str | None = None, limit: int = 20) -> Sequence[HarvestRun]:
    """The runs of all sources the caller may see, newest first."""
    query = select(HarvestRun).order_by(HarvestRun.queued_at.desc(), HarvestRun.id).limit(limit)
    if state is not None:
        query = query.where(HarvestRun.state == state)
    if not policy.allows(work.caller, Action.HARVEST_ACCEPT):
        own = select(HarvestSource.id).where(HarvestSource.organization_id.in_(sources.own(work.caller)))
        query = query.where(HarvestRun.source_id.in_(own))
    return work.session.scalars(query).all()


def cancel(work: Work, run: HarvestRun) -> None:
    """Stop a queued run, or one that runs at its next write. Raises `Conflict` when it has ended."""
    source = work.session.get_one(HarvestSource, run.source_id)
    policy.require(work.caller, Action.HARVEST_RUN, source.organization_id)
    if not _move(work, run.id, ACTIVE, "cancelled", ended_at=work.now):
        raise Conflict
    work.session.refresh(run)


def begin(work: Work, run_id: str, fence: int) -> HarvestRun:
    """Take a waiting run, or one whose worker is gone, under the fence of the lease just taken."""
    taken = _move(
        work,
        run_id,
        ACTIVE,
        "running",
        fence=fence,
        attempt=HarvestRun.attempt + 1,
        started_at=work.now,
    )
    if not taken:
        raise LeaseLost
    return work.session.get_one(HarvestRun, run_id, populate_existing=True)


def end(work: Work, run_id: str, fence: int, state: str, **values: Any) -> None:
    """Close a running run under its own fence. Raises `LeaseLost` when it is no longer ours to close."""
    if not _move(work, run_id, ("running",), state, fence_is=fence, ended_at=work.now, phase=None, **values):
        raise LeaseLost


def note(work: Work, run_id: str, fence: int, **values: Any) -> None:
    """Write progress of a running run. Raises `LeaseLost` when it was cancelled or taken over."""
    if not _move(work, run_id, ("running",), "running", fence_is=fence, **values):
        raise LeaseLost


def put_back(work: Work, run_id: str, fence: int, *, attempts: int) -> None:
    """A running run waits again; `attempts` is what the one that ends here counts for. Raises `LeaseLost`."""
    taken = HarvestRun.attempt - 1 + attempts
    if not _move(work, run_id, ("running",), "queued", fence_is=fence, attempt=taken, phase=None):
        raise LeaseLost


def reap(work: Work, source_id: str | None = None) -> int:
    """Runs whose lease has run out become `lost`, then wait for another attempt or have failed. So have
    those that wait for a job which was given up."""
    lease.release_dead(work, source_id)
    expired = select(HarvestSource.id).where(
        or_(HarvestSource.lease_until.is_(None), HarvestSource.lease_until < work.shared_now)
    )
    query = update(HarvestRun).where(HarvestRun.state == "running", HarvestRun.source_id.in_(expired))
    if source_id is not None:
        query = query.where(HarvestRun.source_id == source_id)
    lost = work.session.execute(query.values(state="lost").execution_options(synchronize_session=False))
    _fail_without_job(work, source_id)
    waiting = (
        update(HarvestRun).where(HarvestRun.state == "lost").execution_options(synchronize_session=False)
    )
    work.session.execute(
        waiting.where(HarvestRun.attempt >= MAX_ATTEMPTS).values(
            state="failed", error_code="lost", ended_at=work.now
        )
    )
    work.session.execute(waiting.values(state="queued", phase=None))
    return int(lost.rowcount)  # type: ignore[attr-defined]


def _fail_without_job(work: Work, source_id: str | None) -> None:
    query = select(HarvestRun.id).where(HarvestRun.state == "queued")
    if source_id is not None:
        query = query.where(HarvestRun.source_id == source_id)
    if not (queued := set(work.session.scalars(query))):
        return
    live = select(Job.arguments).where(Job.kind == JOB, Job.state.in_(("queued", "running")))
    awaited = {arguments["run_id"] for arguments in work.session.scalars(live)}
    for run_id in sorted(queued - awaited):
        _move(work, run_id, ("queued",), "failed", error_code="lost", ended_at=work.now)


def _queue(work: Work, source: HarvestSource, kind: str, preview_of: str | None = None) -> HarvestRun:
    run = HarvestRun(
        source_id=source.id,
        kind=kind,
        state="queued",
        checkpoint={},
        counts={},
        timings={},
        preview_of=preview_of,
        by_id=work.caller.user_id,
        queued_at=work.now,
    )
    work.session.add(run)
    work.session.flush()
    audit.record(work, f"harvest.{kind}", "harvest_source", source.id, {"run": run.id})
    jobs.enqueue(work, JOB, {"run_id": run.id})
    return run


def is_put_off(work: Work, run_id: str) -> bool:
    """Whether its source asked to be left alone until later."""
    later = select(Job.arguments).where(Job.kind == JOB, Job.state == "queued", Job.queued_at > work.now)
    return any(arguments["run_id"] == run_id for arguments in work.session.scalars(later))


def _lock(work: Work, source_id: str) -> None:
    """Two starts at once make one run: the second looks when the first has committed."""
    work.session.execute(select(HarvestSource.id).where(HarvestSource.id == source_id).with_for_update())


def _active(work: Work, source_id: str) -> HarvestRun | None:
    query = select(HarvestRun).where(HarvestRun.source_id == source_id, HarvestRun.state.in_(ACTIVE))
    return work.session.scalars(query.order_by(HarvestRun.queued_at).limit(1)).first()


def _move(
    work: Work, run_id: str, before: Sequence[str], after: str, *, fence_is: int | None = None, **values: Any
) -> bool:
    query = update(HarvestRun).where(HarvestRun.id == run_id, HarvestRun.state.in_(before))
    if fence_is is not None:
        query = query.where(HarvestRun.fence == fence_is)
    moved = work.session.execute(
        query.values(state=after, **values).execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]
