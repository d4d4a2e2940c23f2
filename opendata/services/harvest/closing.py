"""How a run ends: its final figures, what the source remembers of it, and whether it is plainly done."""

from collections import Counter
from typing import Any

from sqlalchemy import String, cast, delete, func, or_, select, update

from opendata.base.models import HarvestRecord, HarvestRun, HarvestSource, HarvestSpool
from opendata.base.runtime import Work
from opendata.services.access import audit
from opendata.services.harvest import compare, preview, proof, runs, sources
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.listing import ListingLog
from opendata.services.harvest.problems import stored
from opendata.services.harvest.proof import Proof

TROUBLES = ("with_problems", "unnamed", "conflict", "unfetched")
"""Counts that keep a run from being plainly done."""
LOSSY = ("bad_url", "missing_url", "missing_file")
"""Remarks that mean a part of a record was left out; a run with such records is not plainly done."""


def count(work: Work, execution: Execution, sealed: Proof) -> None:
    """The final figures: classes from the spool, what is missing, what stands in quarantine."""
    execution.counts["quarantined"] = 0
    for name, number in compare.classes_of(work, execution.spool).items():
        execution.counts[name] = number
    if sealed.complete:
        gone = compare.missing(execution.source.id, execution.spool).subquery()
        execution.counts["missing"] = work.session.scalar(select(func.count()).select_from(gone)) or 0


def note_complete(work: Work, execution: Execution, listing: ListingLog) -> None:
    document = {"etag": listing.etag, "last_modified": listing.last_modified}
    work.session.execute(
        update(HarvestSource)
        .where(HarvestSource.id == execution.source.id)
        .values(
            last_complete_at=work.now,
            scope_hash=proof.scope_of(sources.as_translated(execution.source)),
            etag=(listing.etag or "")[:300] or None,
            cursor={"document": document} if any(document.values()) else None,
        )
        .execution_options(synchronize_session=False)
    )


def state_of(work: Work, execution: Execution, *, complete: bool) -> str:
    """Plainly done only if everything was read and nothing of it was left out, then or since."""
    text = cast(HarvestRecord.problem, String)
    standing = select(func.count()).where(
        HarvestRecord.source_id == execution.source.id,
        or_(HarvestRecord.state == "quarantined", *(text.like(f'%"{code}"%') for code in LOSSY)),
    )
    execution.counts["with_problems"] = work.session.scalar(standing) or 0
    troubled = any(execution.counts[name] for name in TROUBLES)
    return "done" if complete and not troubled else "done_with_errors"


def forget_old_spools(work: Work, execution: Execution) -> None:
    """A sealed run makes older spools useless, except that of a preview somebody may still apply."""
    fresh = work.now - runs.PREVIEW_AGE
    old = select(HarvestRun.id).where(
        HarvestRun.source_id == execution.source.id,
        HarvestRun.id != execution.run_id,
        or_(HarvestRun.kind != "preview", HarvestRun.ended_at < fresh),
    )
    work.session.execute(
        delete(HarvestSpool).where(HarvestSpool.run_id.in_(old)).execution_options(synchronize_session=False)
    )


def unchanged(execution: Execution) -> str:
    """304: the last complete run still holds; nothing is compared and no record is written."""
    with execution.step() as work:
        known = work.session.scalar(
            select(func.count()).where(
                HarvestRecord.source_id == execution.source.id, HarvestRecord.state == "current"
            )
        )
        last = _last_complete(work, execution.source.id)
        execution.counts["unchanged"] = known or 0
        work.session.execute(
            update(HarvestSource)
            .where(HarvestSource.id == execution.source.id)
            .values(last_complete_at=work.now)
        )
        return _end(work, execution, state_of(work, execution, complete=True), complete=True, proof=last)


def _last_complete(work: Work, source_id: str) -> dict[str, Any] | None:
    query = (
        select(HarvestRun.proof)
        .where(HarvestRun.source_id == source_id, HarvestRun.complete)
        .order_by(HarvestRun.queued_at.desc())
    )
    return work.session.scalars(query.limit(1)).first()


def shown(execution: Execution, sealed: Proof, diff_hash: str) -> str:
    result = preview.describe(execution, sealed)
    execution.counts = Counter(result["counts"])
    state = "done" if sealed.complete and not result["counts"].get("quarantined") else "done_with_errors"
    with execution.step() as work:
        return _end(work, execution, state, result=result, diff_hash=diff_hash)


def done(execution: Execution, sealed: Proof, diff_hash: str, listing: ListingLog) -> str:
    with execution.step() as work:
        count(work, execution, sealed)
        if sealed.complete:
            note_complete(work, execution, listing)
        state = state_of(work, execution, complete=sealed.complete or execution.kind == "remap")
        code = "partial" if not sealed.complete and execution.kind != "remap" else None
        return _end(
            work,
            execution,
            state,
            diff_hash=diff_hash,
            proof=sealed.as_json(),
            complete=sealed.complete,
            error_code=code,
        )


def fail(execution: Execution, code: str, message: str, *, where: str = "", hint: str = "") -> str:
    execution.events.add("error", code, path=where, message=hint or message)
    with execution.step() as work:
        shown = stored(sources.masked(execution.source, message), 2000)
        return _end(work, execution, "failed", error_code=code, error=shown)


def _end(work: Work, execution: Execution, state: str, **values: Any) -> str:
    counts = {name: number for name, number in execution.counts.items() if number}
    counts["events"] = execution.events.codes.total()
    execution.events.write(work)
    runs.end(
        work,
        execution.run_id,
        execution.fence,
        state,
        counts=counts,
        timings=execution.timings,
        **values,
    )
    audit.record(work, "harvest.end", "harvest_source", execution.source.id, {"run": execution.run_id})
    execution.ended = True
    return state
