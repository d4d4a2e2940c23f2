"""Put translated records into the catalogue, through the same functions a person's edit uses.

A batch is one transaction: datasets, what is known of their records, outbox entries, checkpoint. Killed
anywhere, the next run finds whole batches or nothing of them.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Row, select, update
from sqlalchemy.exc import DataError, IntegrityError

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.errors import OpenDataError, StorageFull, Unavailable
from opendata.base.kit.ids import harvested_id, new_id
from opendata.base.models import Dataset, HarvestRecord, HarvestSpool
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.catalog import datasets, entry, slugs, tags, workflow
from opendata.services.catalog.gate import NotPublishable
from opendata.services.harvest import blobs
from opendata.services.harvest.compare import TRANSLATED
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.lease import LeaseLost
from opendata.services.harvest.problems import Problem, as_json, from_invalid

log = structlog.get_logger(__name__)
BATCH = 200
APPLIED = (*TRANSLATED, "quarantined")
REFUSED = (IntegrityError, DataError)
"""What the database says of a row that it does not take, whatever the state of the database."""


def apply(run: Execution) -> None:
    """Everything translated and not applied yet, then one statement for all that did not change."""
    while rows := _due(run, run.checkpoint.get("applied", -1)):
        try:
            _apply(run, rows)
        except (LeaseLost, StorageFull, Unavailable):
            raise
        except (OpenDataError, *REFUSED):
            _apply_singly(run, rows)
    touch(run)


def touch(run: Execution) -> None:
    """Move `last_seen` of what was seen and stays as it is."""
    seen = HarvestSpool.__table__
    with run.step() as work:
        work.session.execute(
            update(HarvestRecord)
            .where(HarvestRecord.source_id == run.source.id, HarvestRecord.guid == seen.c.guid)
            .where(seen.c.run_id == run.spool, seen.c["class"].in_(("unchanged", "noise")))
            .values(
                last_seen=work.now,
                raw_hash=seen.c.raw_hash,
                modified=seen.c.modified,
                etag=seen.c.etag,
                size=seen.c.size,
                mapping_version=run.source.mapping_version,
                missing_count=0,
                missing_since=None,
            )
            .execution_options(synchronize_session=False)
        )


def _apply(run: Execution, rows: Sequence[Row[Any]]) -> None:
    with _collecting_later(), run.step(applied=rows[-1].ordinal) as work:
        contents = blobs.load(work, {row.norm_hash for row in rows if row.norm_hash})
        known = _datasets(work, run.source.id, [row.guid for row in rows])
        records = {at: entry.from_json(content) for at, content in contents.items()}
        _expect_slugs(run, work, rows, records, known)
        tags.expect(work, [record.keywords for record in records.values()])
        done: Counter[str] = Counter()
        states = [_one(run, work, row, records.get(row.norm_hash), known, done) for row in rows]
        _remember(run, work, rows, states)
    run.counts.update(done)


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Nothing of a batch is garbage before its commit, yet the collector would look through all of it again
    and again: about a fifth of the time of a first import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _expect_slugs(
    run: Execution,
    work: Work,
    rows: Sequence[Row[Any]],
    records: Mapping[str, DatasetRecord],
    known: Mapping[str, Dataset],
) -> None:
    fresh = [
        records[row.norm_hash]
        for row in rows
        if row.norm_hash in records and harvested_id(run.source.id, row.guid) not in known
    ]
    slugs.expect(work, "dataset", [record.slug or record.title["vi"] for record in fresh])


def _apply_singly(run: Execution, rows: Sequence[Row[Any]]) -> None:
    """One record spoiled the batch, which was rolled back: find it, quarantine it, keep the others."""
    for row in rows:
        try:
            _apply(run, [row])
        except (LeaseLost, StorageFull, Unavailable):
            raise
        except (OpenDataError, *REFUSED) as error:
            _refuse(run, row, error)


def _refuse(run: Execution, row: Row[Any], error: OpenDataError | IntegrityError | DataError) -> None:
    problems = (
        from_invalid(error, {})
        if isinstance(error, OpenDataError)
        else [Problem("error", _code(error), "", type(error).__name__)]
    )
    for problem in problems:
        run.events.problem(row.guid, problem)
    with run.step(applied=row.ordinal) as work:
        work.session.execute(
            update(HarvestSpool)
            .where(HarvestSpool.run_id == run.spool, HarvestSpool.ordinal == row.ordinal)
            .values(class_="quarantined", norm_hash=None, problem=as_json(problems))
            .execution_options(synchronize_session=False)
        )
        fresh = work.session.execute(_columns(run).where(HarvestSpool.ordinal == row.ordinal)).all()
        _remember(run, work, fresh, ["quarantined"])


def _code(error: IntegrityError | DataError) -> str:
    return "conflict" if isinstance(error, IntegrityError) else "not_storable"


def _one(  # noqa: PLR0917  # what a batch shares
    run: Execution,
    work: Work,
    row: Row[Any],
    record: DatasetRecord | None,
    known: Mapping[str, Dataset],
    done: Counter[str],
) -> str:
    """What became of one record: created, edited, kept or quarantined."""
    if record is None:
        return "quarantined"
    dataset = known.get(harvested_id(run.source.id, row.guid))
    if dataset is None:
        dataset = _create(run, work, row.guid, record)
        state = "created"
    else:
        state = "edited" if datasets.edit(work, dataset, _keeping_slug(record), normal=True) else "kept"
    done[state] += 1
    done["published"] += _published(run, work, dataset, record)
    return state


def _create(run: Execution, work: Work, guid: str, record: DatasetRecord) -> Dataset:
    return datasets.create(
        work,
        record,
        publisher_id=record.publisher or run.organization.id,
        dataset_id=harvested_id(run.source.id, guid),
        source_id=run.source.id,
        normal=True,
    )


def _keeping_slug(record: DatasetRecord) -> DatasetRecord:
    """The address of a harvested dataset is settled when it is created."""
    return replace(record, slug=None)


def _published(run: Execution, work: Work, dataset: Dataset, record: DatasetRecord) -> bool:
    """Publish a draft that passes the gate. What a person returned or withdrew stays where it was put."""
    if dataset.state != "draft" or run.source.policy.get("publish", "auto") != "auto":
        return False
    written = replace(
        record, slug=dataset.slug, publisher=dataset.publisher_id, keywords=dataset.content["keywords"]
    )
    try:
        workflow.publish(work, dataset, record=written)
    except NotPublishable:
        return False
    return True


def _datasets(work: Work, source_id: str, guids: Sequence[str]) -> dict[str, Dataset]:
    """Locked before anything is written, as by people who edit them: none waits for the other's keywords."""
    ids = [harvested_id(source_id, guid) for guid in guids]
    query = select(Dataset).where(Dataset.id.in_(ids), Dataset.source_id == source_id)
    query = query.order_by(Dataset.id).with_for_update()
    return {dataset.id: dataset for dataset in work.session.scalars(query)}


def _remember(run: Execution, work: Work, rows: Sequence[Row[Any]], states: Sequence[str]) -> None:
    """What is known of the records now; a quarantined one keeps what is known of its last good version."""
    good = [row for row, state in zip(rows, states, strict=True) if state != "quarantined"]
    bad = [row for row, state in zip(rows, states, strict=True) if state == "quarantined"]
    work.session.flush()
    _upsert(run, work, good, "current", keep=())
    _upsert(run, work, bad, "quarantined", keep=("dataset_id", "norm_hash", "last_changed"))
    run.counts["quarantined"] += len(bad)


def _upsert(run: Execution, work: Work, rows: Sequence[Row[Any]], state: str, *, keep: Sequence[str]) -> None:
    if not rows:
        return
    statement = insert_into(work.session, HarvestRecord)
    fixed = {"id", "source_id", "guid", "first_seen", *keep}
    values = [_values(run, work, row, state) for row in rows]
    latest = {name: statement.excluded[name] for name in values[0] if name not in fixed}
    work.session.execute(
        statement.on_conflict_do_update(index_elements=["source_id", "guid"], set_=latest), values
    )


def _values(run: Execution, work: Work, row: Row[Any], state: str) -> dict[str, Any]:
    now = work.now
    good = state == "current"
    return {
        "id": new_id(),
        "source_id": run.source.id,
        "guid": row.guid,
        "dataset_id": harvested_id(run.source.id, row.guid) if good else None,
        "state": state,
        "raw_hash": row.raw_hash,
        "norm_hash": row.norm_hash if good else None,
        "modified": row.modified,
        "etag": row.etag,
        "size": row.size,
        "url": row.url,
        "first_seen": now,
        "last_seen": now,
        "last_changed": now,
        "missing_count": 0,
        "missing_since": None,
        "mapping_version": run.source.mapping_version,
        "problem": row.problem,
        "run_id": run.run_id,
    }


def _due(run: Execution, last: int) -> Sequence[Row[Any]]:
    query = _columns(run).where(HarvestSpool.class_.in_(APPLIED), HarvestSpool.ordinal > last)
    with run.read() as work:
        return work.session.execute(query.order_by(HarvestSpool.ordinal).limit(BATCH)).all()  # type: ignore[no-any-return]


def _columns(run: Execution) -> Any:
    return select(
        HarvestSpool.ordinal,
        HarvestSpool.guid,
        HarvestSpool.raw_hash,
        HarvestSpool.norm_hash,
        HarvestSpool.modified,
        HarvestSpool.etag,
        HarvestSpool.size,
        HarvestSpool.url,
        HarvestSpool.problem,
    ).where(HarvestSpool.run_id == run.spool)
