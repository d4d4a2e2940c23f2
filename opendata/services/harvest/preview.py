"""What a run would do: counts, samples of each class with before and after, and the hash that binds them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from opendata.base.models import HarvestRecord, HarvestSpool
from opendata.base.runtime import Work
from opendata.services.catalog.changes import difference
from opendata.services.harvest import blobs, compare
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.proof import Proof

SAMPLES = 50
CLASSES = ("new", "changed", "reappeared", "quarantined", "noise", "unchanged")
CHANGING = ("new", "changed", "reappeared", "quarantined", "deleted")
APPLIED_A_SECOND = 200
MAX_LISTED = 100


def describe(run: Execution, proof: Proof) -> dict[str, Any]:
    """The result a preview keeps. Its shape is part of the API."""
    with run.read() as work:
        counts = compare.classes_of(work, run.spool)
        gone = _missing(run, work, proof)
        samples = {name: _samples(run, work, name) for name in CLASSES if counts.get(name)}
        problems = _problems(run, work)
    if gone:
        samples["missing"] = [{"guid": guid} for guid in gone[:SAMPLES]]
    writes = sum(counts.get(name, 0) for name in CHANGING)
    return {
        "counts": {**counts, "missing": len(gone)},
        "samples": samples,
        "proof": proof.as_json(),
        "breaker": [],
        "unknown_licences": _values_of(problems, "unknown_license"),
        "unknown_formats": _values_of(problems, "unknown_format"),
        "seconds_estimate": 1 + writes // APPLIED_A_SECOND,
    }


def diff_hash(run: Execution, proof: Proof) -> str:
    """SHA-256 over class, guid, normal form and the one it takes the place of, of all that changes, in order
    of guid."""
    digest = hashlib.sha256()
    known = (HarvestRecord.guid == HarvestSpool.guid) & (HarvestRecord.source_id == run.source.id)
    query = (
        select(HarvestSpool.class_, HarvestSpool.guid, HarvestSpool.norm_hash, HarvestRecord.norm_hash)
        .outerjoin(HarvestRecord, known)
        .where(HarvestSpool.run_id == run.spool, HarvestSpool.class_.in_(CHANGING))
        .order_by(HarvestSpool.guid)
    )
    with run.read() as work:
        for name, guid, after, before in work.session.execute(query.execution_options(yield_per=1000)):
            digest.update(f"{name}\t{guid}\t{before}\t{after}\n".encode())
        for guid in _missing(run, work, proof):
            digest.update(f"missing\t{guid}\n".encode())
    return digest.hexdigest()


def _missing(run: Execution, work: Work, proof: Proof) -> Sequence[str]:
    if not proof.complete:
        return ()
    query = compare.missing(run.source.id, run.spool).order_by(HarvestRecord.guid)
    return work.session.scalars(query).all()


def _samples(run: Execution, work: Work, name: str) -> list[dict[str, Any]]:
    query = (
        select(
            HarvestSpool.guid,
            HarvestSpool.url,
            HarvestSpool.norm_hash,
            HarvestSpool.problem,
            HarvestRecord.norm_hash.label("known_hash"),
        )
        .outerjoin(
            HarvestRecord,
            (HarvestRecord.guid == HarvestSpool.guid) & (HarvestRecord.source_id == run.source.id),
        )
        .where(HarvestSpool.run_id == run.spool, HarvestSpool.class_ == name)
        .order_by(HarvestSpool.ordinal)
        .limit(SAMPLES)
    )
    rows = work.session.execute(query).all()
    contents = blobs.load(work, {at for row in rows for at in (row.norm_hash, row.known_hash) if at})
    return [_sample(row, contents) for row in rows]


def _sample(row: Row[Any], contents: Mapping[str, Any]) -> dict[str, Any]:
    before, after = contents.get(row.known_hash or ""), contents.get(row.norm_hash or "")
    shown = after or before or {}
    changes = difference(before, after) if before and after else []
    return {
        "guid": row.guid,
        "title": shown.get("title", {}),
        "url": row.url,
        "changes": changes,
        "before": {change["path"]: change["before"] for change in changes},
        "after": {change["path"]: change["after"] for change in changes} if before else after,
        "errors": row.problem or [],
    }


def _problems(run: Execution, work: Work) -> list[dict[str, Any]]:
    query = select(HarvestSpool.problem).where(
        HarvestSpool.run_id == run.spool, HarvestSpool.problem.is_not(None)
    )
    return [problem for problems in work.session.scalars(query) for problem in problems or ()]


def _values_of(problems: Sequence[Mapping[str, Any]], code: str) -> list[str]:
    found = {str(problem["value"]) for problem in problems if problem["code"] == code}
    return sorted(found)[:MAX_LISTED]
