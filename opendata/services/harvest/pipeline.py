"""A run from its queue to its end: extract, seal, compare, map, then apply or show."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import select

from opendata.base.kit.errors import N_, OpenDataError, StorageFull, Unavailable
from opendata.base.models import (
    HarvestRun,
    HarvestSource,
    Organization,
)
from opendata.base.runtime import SYSTEM, Platform
from opendata.base.runtime.jobs import Interrupted, Postponed
from opendata.services.harvest import (
    apply,
    closing,
    compare,
    events,
    lease,
    preview,
    proof,
    remap,
    runs,
    sources,
    translate,
)
from opendata.services.harvest.access import Access
from opendata.services.harvest.events import Events
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.extract import extract
from opendata.services.harvest.http import AskedToWait, Known
from opendata.services.harvest.items import SourceError
from opendata.services.harvest.lease import LeaseLost
from opendata.services.harvest.listing import ListingLog, NotModified
from opendata.services.harvest.proof import Listing, Proof
from opendata.services.harvest.reach import Reach
from opendata.services.harvest.registry import HarvesterTypes

log = structlog.get_logger(__name__)


class SourceBusy(Postponed):
    code = "source_busy"
    message = N_("Nguồn đang được thu thập; lượt này sẽ chạy sau.")


class PreviewStale(OpenDataError):
    code = "preview_stale"
    status = 409
    message = N_("Danh mục đã thay đổi từ lúc xem trước. Vui lòng xem trước lại.")


def perform(platform: Platform, arguments: Mapping[str, Any]) -> None:
    """The job `runs.JOB`. Raises `SourceBusy`, so that the job is tried again, while the source is taken, and
    where the run was taken from a worker that was too slow and waits."""
    run_id = str(arguments["run_id"])
    outcome = run(platform, run_id)
    if outcome == "busy" or (outcome == "lost" and _state(platform, run_id) == "queued"):
        raise SourceBusy


def run(platform: Platform, run_id: str) -> str:
    """Carry a queued or lost run to its end and return its state; every outcome is written to the run.

    Returns "busy" without a change while another worker holds the source, and the state of a run that has
    ended already. Where an engine is away that is no outcome: the run goes back to where it waits, and
    `Unavailable` is raised so that the job is tried again.
    """
    try:
        execution = _begin(platform, run_id)
    except LeaseLost:
        state = _state(platform, run_id)
        return state if state in runs.FINISHED else "busy"
    structlog.contextvars.bind_contextvars(run=run_id, source=execution.source.slug)
    try:
        with lease.heartbeat(platform, execution.source.id, execution.fence):
            return _carried_out(execution)
    except LeaseLost:
        log.warning("harvest.lease_lost")
        return "lost"
    except Unavailable as error:
        log.warning("harvest.put_back", error=repr(error))
        _put_back(execution, attempts=_attempts(execution, error))
        raise
    finally:
        _give_back(execution)
        structlog.contextvars.unbind_contextvars("run", "source")


def _state(platform: Platform, run_id: str) -> str:
    with platform.read(SYSTEM) as work:
        return work.session.scalars(select(HarvestRun.state).where(HarvestRun.id == run_id)).one()


def _give_back(execution: Execution) -> None:
    """Whatever the end was, the source is free for the next run unless somebody took it meanwhile. Where
    the database is away it becomes free when the lease runs out."""
    try:
        with execution.platform.work(execution.caller) as work:
            lease.give_back(work, execution.source.id, execution.fence)
    except (StorageFull, Unavailable) as error:
        log.warning("harvest.lease_kept", error=repr(error))


def _attempts(execution: Execution, error: Unavailable) -> int:
    """What this attempt counts for: nothing where no fault ended it."""
    asked = isinstance(error, AskedToWait) and execution.has_listed_more
    return 0 if asked or isinstance(error, Interrupted) else 1


def _put_back(execution: Execution, *, attempts: int) -> None:
    """Let the run wait for its next attempt. Where even that cannot be written it is taken up as lost."""
    try:
        with execution.platform.work(execution.caller) as work:
            runs.put_back(work, execution.run_id, execution.fence, attempts=attempts)
    except (LeaseLost, StorageFull, Unavailable) as error:
        log.warning("harvest.not_put_back", error=repr(error))


def _begin(platform: Platform, run_id: str) -> Execution:
    owner = lease.owner_name()
    with platform.work(SYSTEM) as work:
        row = work.session.get_one(HarvestRun, run_id)
        fence = lease.take(work, row.source_id, owner)
        row = runs.begin(work, run_id, fence)
        source = work.session.get_one(HarvestSource, row.source_id, populate_existing=True)
        organization = work.session.get_one(Organization, source.organization_id)
        kept = events.kept(work, run_id)
        work.session.expunge_all()
    return Execution(
        platform=platform,
        run_id=run_id,
        kind=row.kind,
        spool=row.preview_of or run_id,
        source=source,
        organization=organization,
        harvester=platform.part(HarvesterTypes).get(source.type),
        fence=fence,
        attempt=row.attempt,
        checkpoint=dict(row.checkpoint),
        events=Events(run_id, source, kept),
        counts=Counter(row.counts),
        timings=dict(row.timings),
    )


def _carried_out(execution: Execution) -> str:
    began = time.monotonic()
    log.info("harvest.begin", kind=execution.kind)
    try:
        state = _phases(execution)
    except (LeaseLost, Unavailable):
        raise
    except SourceError as error:
        state = closing.fail(execution, error.code, str(error), where=error.where, hint=error.hint)
    except OpenDataError as error:
        state = closing.fail(execution, error.code, str(error))
    except Exception as error:  # noqa: BLE001  # a bug of a harvester is an outcome of its run
        trace = execution.log_bug(error)
        state = closing.fail(execution, "plugin_bug", f"{type(error).__name__} ({trace})")
    log.info("harvest.end", state=state, ms=int((time.monotonic() - began) * 1000), **execution.counts)
    return state


def _phases(execution: Execution) -> str:
    io = _reach(execution)
    try:
        sealed = _sealed(execution, io)
    except NotModified:
        return closing.unchanged(execution)
    with execution.timed("compare"):
        compare.compare(execution)
    with execution.timed("map"):
        translate.translate(execution, io)
    diff_hash = preview.diff_hash(execution, sealed)
    if execution.kind == "preview":
        return closing.shown(execution, sealed, diff_hash)
    if execution.kind == "apply_preview" and "applied" not in execution.checkpoint:
        _require_same(execution, diff_hash)  # what is applied already no longer differs from what is known
    with execution.timed("apply"):
        apply.apply(execution)
    return closing.done(execution, sealed, diff_hash, io.log)


def _reach(execution: Execution) -> Access:
    source = sources.as_listed(execution.source)
    known = Known()
    if execution.kind in {"scheduled", "manual"} and not execution.checkpoint:
        document = (execution.source.cursor or {}).get("document") or {}
        known = Known(document.get("etag"), document.get("last_modified"))
    return execution.platform.part(Reach).open(
        source,
        execution.harvester.needs,
        known,
        may_wait=lambda: execution.attempt < runs.MAX_ATTEMPTS or execution.has_listed_more,
    )


def _sealed(execution: Execution, io: Access) -> Proof:
    """The spool filled and judged; a preview's spool and proof are taken as they are."""
    if execution.kind == "apply_preview":
        return _proof_of(execution)
    if execution.kind == "remap":
        with execution.timed("extract"):
            remap.respool(execution)
        return proof.assess(Listing(incremental=True), ListingLog(), scope="", last_scope=None)
    if (stored := execution.checkpoint.get("proof")) is not None:
        return proof.restored(stored)
    with execution.timed("extract"):
        listing = extract(execution, io)
    scope = proof.scope_of(sources.as_translated(execution.source))
    sealed = proof.assess(listing, io.log, scope=scope, last_scope=execution.source.scope_hash)
    for fault in io.log.faults:
        execution.events.add("error", fault.code, path=fault.where, message=fault.hint)
    execution.counts["conflict"], execution.counts["unnamed"] = listing.repeated, listing.unnamed
    execution.phase = "seal"
    with execution.step(proof=sealed.as_json()) as work:
        runs.note(work, execution.run_id, execution.fence, proof=sealed.as_json(), complete=sealed.complete)
        closing.forget_old_spools(work, execution)
    return sealed


def _proof_of(execution: Execution) -> Proof:
    with execution.read() as work:
        stored = work.session.scalar(select(HarvestRun.proof).where(HarvestRun.id == execution.spool))
    return proof.restored(stored or {"complete": False, "reasons": ["no_end"]})


def _require_same(execution: Execution, diff_hash: str) -> None:
    with execution.read() as work:
        shown = work.session.scalar(select(HarvestRun.diff_hash).where(HarvestRun.id == execution.spool))
    if shown != diff_hash:
        raise PreviewStale


__all__ = ["perform", "run"]
