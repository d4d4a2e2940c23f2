"""What has become of each record since we last knew it: a pure decision, a pass in constant memory."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, func, select, update

from opendata.base.models import HarvestRecord, HarvestSpool
from opendata.base.runtime import Work
from opendata.services.harvest.execution import Execution

CHUNK = 500
TRANSLATED = ("new", "changed", "reappeared")
"""Classes whose records are translated; all others stay as they are."""


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs left of a record. `dataset_id` is None while no version of it was ever good."""

    state: str
    dataset_id: str | None
    raw_hash: str | None
    norm_hash: str | None
    mapping_version: int


@dataclass(frozen=True, slots=True)
class Seen:
    raw_hash: str | None
    deleted: bool = False
    broken: bool = False


def decide(known: Known | None, seen: Seen, mapping_version: int) -> str:
    """new, changed, unchanged, reappeared, quarantined or deleted (a tombstone)."""
    if seen.deleted:
        return "deleted"
    if seen.broken or seen.raw_hash is None:
        return "quarantined"
    if known is None or known.dataset_id is None:
        return "new"
    if known.state in {"archived", "deleted"}:
        return "reappeared"
    retried = known.state == "quarantined"
    same = known.raw_hash == seen.raw_hash and known.mapping_version == mapping_version
    return "unchanged" if same and not retried else "changed"


def compare(run: Execution) -> None:
    """Give every spooled record its class. Repeating it gives the same classes."""
    version = run.source.mapping_version
    forced = run.kind == "remap"
    last = -1
    while rows := _spooled(run, last):
        last = rows[-1].ordinal
        with run.read() as work:
            known = known_of(work, run.source.id, [row.guid for row in rows])
        classes: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            seen = Seen(row.raw_hash, row.deleted, bool(row.problem) and row.raw_hash is None)
            name = decide(known.get(row.guid), seen, version)
            classes["changed" if forced and name == "unchanged" else name].append(row.ordinal)
        _write(run, classes)


def known_of(work: Work, source_id: str, guids: Collection[str]) -> dict[str, Known]:
    rows = work.session.execute(
        select(
            HarvestRecord.guid,
            HarvestRecord.state,
            HarvestRecord.dataset_id,
            HarvestRecord.raw_hash,
            HarvestRecord.norm_hash,
            HarvestRecord.mapping_version,
        ).where(HarvestRecord.source_id == source_id, HarvestRecord.guid.in_(guids))
    )
    return {
        guid: Known(state, dataset_id, raw_hash, norm_hash, version)
        for guid, state, dataset_id, raw_hash, norm_hash, version in rows
    }


def classes_of(work: Work, spool: str) -> dict[str, int]:
    """How many records of a spool are in each class."""
    rows = work.session.execute(
        select(HarvestSpool.class_, func.count())
        .where(HarvestSpool.run_id == spool)
        .group_by(HarvestSpool.class_)
    )
    return {name or "unread": number for name, number in rows}


def missing(source_id: str, spool: str) -> Select[str]:
    """The guids of current records that the spool does not hold."""
    seen = select(HarvestSpool.guid).where(HarvestSpool.run_id == spool)
    return (
        select(HarvestRecord.guid)
        .where(HarvestRecord.source_id == source_id, HarvestRecord.state.in_(("current", "quarantined")))
        .where(HarvestRecord.guid.not_in(seen))
    )


def _spooled(run: Execution, last: int) -> Sequence[Row[tuple[int, str, str | None, bool, object]]]:
    query = (
        select(
            HarvestSpool.ordinal,
            HarvestSpool.guid,
            HarvestSpool.raw_hash,
            HarvestSpool.deleted,
            HarvestSpool.problem,
        )
        .where(HarvestSpool.run_id == run.spool, HarvestSpool.ordinal > last)
        .order_by(HarvestSpool.ordinal)
        .limit(CHUNK)
    )
    with run.read() as work:
        return work.session.execute(query).all()  # type: ignore[no-any-return]


def _write(run: Execution, classes: dict[str, list[int]]) -> None:
    with run.step() as work:
        for name, ordinals in classes.items():
            work.session.execute(
                update(HarvestSpool)
                .where(HarvestSpool.run_id == run.spool, HarvestSpool.ordinal.in_(ordinals))
                .values(class_=name)
                .execution_options(synchronize_session=False)
            )
