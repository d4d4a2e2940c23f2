"""The index beside the database: build it anew, find where they differ, mend it through the outbox."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, delete, func, or_, select

from opendata.base.kit.errors import Conflict, Unavailable
from opendata.base.models import Dataset, DatasetDocument, OutboxEntry
from opendata.base.runtime import SYSTEM, Platform, Work, jobs, outbox
from opendata.base.runtime.timetable import Timetable
from opendata.engines.search import DocumentsRefused, IndexDocument, IndexLost, SearchIndex
from opendata.services.catalog import documents

log = structlog.get_logger(__name__)
SCAN, FULL_SCAN = "search.drift", "search.drift.all"
WATCH = "search.watch"
TOPIC = "dataset"
SOME = 5_000
"""Datasets that are compared one by one; of more than that all are."""
FEW = 10
"""Datasets that a rebuild may leave out, or a hundredth of all where that is more."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Dataset ids that the index lacks, holds in an old form, or holds though they are gone."""

    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    newest: int = 0
    """The highest sequence that the index holds any of them under."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.missing, *self.stale, *self.extra)

    def only(self, ids: Collection[str]) -> "Drift":
        missing, stale, extra = (
            tuple(key for key in part if key in ids) for part in (self.missing, self.stale, self.extra)
        )
        return Drift(missing, stale, extra, self.newest)

    def figures(self) -> dict[str, int]:
        return {"missing": len(self.missing), "stale": len(self.stale), "extra": len(self.extra)}


def rebuild(platform: Platform, progress: Callable[[int, int], None] = lambda *_: None) -> int:
    """Fill a new index beside the live one and swap; searches never find it empty.

    Datasets without a document get one first: their sequence comes from the outbox. Returns the number
    of datasets indexed; `progress` hears how many of how many are written. A dataset whose entry cannot be
    made is left to the outbox, which tries again and gives it up where all can see it; of many of them
    something else is wrong, and the index of before stays.
    """
    failed: list[str] = []
    with platform.work(SYSTEM) as work:
        for dataset_id in _without_document(work):
            work.after(TOPIC, dataset_id)
    total = platform.part(SearchIndex).rebuild(_documents(platform, progress, failed))
    with platform.work(SYSTEM) as work:
        for dataset_id in set(failed) - _waiting(work) - _all_given_up(work):
            work.after(TOPIC, dataset_id)
    log.info("index.rebuilt", documents=total, failed=len(failed))
    return total


def drift(platform: Platform, ids: Collection[str] | None = None) -> Drift:
    """Compare (sequence, visibility) of every dataset, or of some. What the outbox has given up is stale.
    What still waits in it is no drift, and what was written while we looked is none either: it is looked at
    twice."""
    suspected = _compare(platform, ids)
    if not suspected.ids:
        return suspected
    again = suspected.ids if len(suspected.ids) <= SOME else ids
    return _compare(platform, again).only(set(suspected.ids))


def expects_documents(platform: Platform) -> bool:
    """Whether an index that is not there was lost: a new portal has had none."""
    with platform.read(SYSTEM) as work:
        return work.session.scalar(select(DatasetDocument.dataset_id).limit(1)) is not None


def is_lost(platform: Platform) -> bool:
    try:
        platform.part(SearchIndex).info()
    except IndexLost:
        return True
    return False


def repair(platform: Platform, found: Drift) -> None:
    """Ask the outbox to write each of them anew, of a lost index what it lacks when it is built again. What
    had been given up gets another chance."""
    if is_lost(platform):
        _build_again(platform)
        found = drift(platform).only(found.ids)
    with platform.work(SYSTEM) as work:
        outbox.go_on_behind(work, found.newest)
        for these in _among(OutboxEntry.object_id, found.ids):
            work.session.execute(delete(OutboxEntry).where(*_given_up(), these))
        for dataset_id in found.ids:
            work.after(TOPIC, dataset_id)


def scan(platform: Platform) -> dict[str, Any]:
    """Compare and mend what changed since the scan before the last; where that was much, or the numbers of
    datasets differ after it, ask for a job that compares everything. A task of the timetable; it keeps where
    it has got to. What the outbox has given up is left for the night."""
    marks = platform.part(Timetable).result(SCAN).get("marks") or [0, 0]
    with platform.read(SYSTEM) as work:
        newest = work.session.scalar(select(func.max(DatasetDocument.sequence))) or 0
        changed = _changed_since(work, marks[0])
    few = len(changed) <= SOME and not is_lost(platform)
    found = _scanned(platform, changed) if few else {}
    with platform.read(SYSTEM) as work:
        whole = few and _numbers_agree(work)
    if not whole:
        _ask(platform, SCAN)
    return {"marks": [marks[1], newest], "checked": len(changed) if whole else "all"} | found


def watch(platform: Platform) -> None:
    """A task of the timetable: what a rebuild that died left is removed, and an index that is lost is built
    again by a job. Until that is done search is reduced."""
    index = platform.part(SearchIndex)
    try:
        index.tend()
        index.info()
    except IndexLost:
        _ask(platform, SCAN)
    except Unavailable:
        return  # it is not for this task to tell


def ask_to_scan_all(platform: Platform) -> None:
    _ask(platform, FULL_SCAN)


def perform_scan(platform: Platform, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001  # a job
    """Everything but what the outbox has given up."""
    with suppress(Conflict):  # somebody builds a lost one again already
        if is_lost(platform):
            _build_again(platform)
        _scanned(platform, None)


def perform_scan_all(platform: Platform, arguments: Mapping[str, Any]) -> None:  # noqa: ARG001  # a job
    with suppress(Conflict):
        scan_all(platform)


def scan_all(platform: Platform) -> dict[str, int]:
    """Compare and mend everything; what was found."""
    found = drift(platform)
    _mend(platform, found)
    return found.figures()


def _build_again(platform: Platform) -> None:
    """What such a rebuild is refused is missing, and written as everything else that is; unless it is so much
    that there is no index still."""
    try:
        rebuild(platform)
    except DocumentsRefused as refused:
        if is_lost(platform):
            raise
        log.warning("index.refused", reasons=refused.reasons)


def _ask(platform: Platform, kind: str) -> None:
    with platform.work(SYSTEM) as work:
        jobs.enqueue_one(work, kind)


def _scanned(platform: Platform, ids: Collection[str] | None) -> dict[str, int]:
    with platform.read(SYSTEM) as work:
        given_up = _all_given_up(work)
    found = drift(platform, ids)
    found = found.only(set(found.ids) - given_up)
    _mend(platform, found)
    return found.figures()


def _mend(platform: Platform, found: Drift) -> None:
    if found.ids:
        log.warning("index.drift", **found.figures())
        repair(platform, found)


def _changed_since(work: Work, sequence: int) -> list[str]:
    """At most one more than are compared one by one."""
    query = select(DatasetDocument.dataset_id).where(DatasetDocument.sequence > sequence)
    return list(work.session.scalars(query.order_by(DatasetDocument.sequence).limit(SOME + 1)))


def _numbers_agree(work: Work) -> bool:
    """Of datasets, documents and index, but for those that are being written, and those that were given up:
    what cannot be written is no reason to compare everything again and again."""
    datasets = work.session.scalar(select(func.count()).select_from(Dataset)) or 0
    built = work.session.scalar(select(func.count()).select_from(DatasetDocument)) or 0
    indexed = work.part(SearchIndex).info().documents
    under_way = len(_waiting(work) | _all_given_up(work))
    return abs(datasets - built) <= under_way and abs(built - indexed) <= under_way


def _compare(platform: Platform, ids: Collection[str] | None) -> Drift:
    """First the database, then the index, then what waits: an entry is forgotten after the index has it."""
    with platform.read(SYSTEM) as work:
        stored = dict(_stored(work, ids))
        undocumented = set(_without_document(work, ids))
    try:
        indexed = dict(platform.part(SearchIndex).sequences(ids))
    except IndexLost:
        indexed = {}
    with platform.read(SYSTEM) as work:
        waiting = _waiting(work)
        given_up = _all_given_up(work)
    if ids is not None:
        given_up &= set(ids)
    missing = (stored.keys() - indexed.keys()) | undocumented
    stale = {key for key in stored.keys() & indexed.keys() if stored[key] != indexed[key]} - undocumented
    extra = indexed.keys() - stored.keys() - undocumented
    stale |= given_up - missing - extra
    parts = [tuple(sorted(part - waiting)) for part in (missing, stale, extra)]
    newest = max((indexed[key][0] for part in parts for key in part if key in indexed), default=0)
    return Drift(parts[0], parts[1], parts[2], newest)


def _stored(work: Work, ids: Collection[str] | None) -> Iterator[tuple[str, tuple[int, str]]]:
    query = select(DatasetDocument.dataset_id, DatasetDocument.sequence, DatasetDocument.visibility)
    for chosen in [query] if ids is None else map(query.where, _among(DatasetDocument.dataset_id, ids)):
        for row in work.session.execute(chosen):
            yield row.dataset_id, (row.sequence, row.visibility)


def _without_document(work: Work, ids: Collection[str] | None = None) -> Iterator[str]:
    """Datasets without a document, or with one of a release that kept no words beside it."""
    query = (
        select(Dataset.id)
        .outerjoin(DatasetDocument, DatasetDocument.dataset_id == Dataset.id)
        .where(or_(DatasetDocument.dataset_id.is_(None), DatasetDocument.words == ""))
        .order_by(Dataset.id)
    )
    for chosen in [query] if ids is None else map(query.where, _among(Dataset.id, ids)):
        yield from work.session.scalars(chosen)


def _among(column: Any, ids: Collection[str]) -> Iterator[ColumnElement[bool]]:
    """The column is one of these, in parts that every database takes."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), SOME):
        yield column.in_(ordered[start : start + SOME])


def _waiting(work: Work) -> set[str]:
    query = select(OutboxEntry.object_id).where(OutboxEntry.topic == TOPIC, OutboxEntry.problem.is_(None))
    return set(work.session.scalars(query))


def _all_given_up(work: Work) -> set[str]:
    return set(work.session.scalars(select(OutboxEntry.object_id).where(*_given_up())))


def _given_up() -> tuple[Any, ...]:
    return (OutboxEntry.topic == TOPIC, OutboxEntry.problem.is_not(None))


def _documents(
    platform: Platform, progress: Callable[[int, int], None], failed: list[str]
) -> Iterator[IndexDocument]:
    """Read when the index asks for it, each page in a transaction of its own: the index may take longer over
    one than a transaction may be idle."""
    with platform.read(SYSTEM) as work:
        total = work.session.scalar(select(func.count()).select_from(DatasetDocument)) or 0
    done, last = 0, documents.NO_ID
    while True:
        with platform.read(SYSTEM) as work:
            ids = documents.following(work, last)
            page = list(_page(work, ids, failed, max(FEW, total // 100)))
        if not ids:
            return
        for document in page:
            done += 1
            progress(done, total)
            yield document
        last = ids[-1]


def _page(work: Work, ids: Collection[str], failed: list[str], most: int) -> Iterator[IndexDocument]:
    """Under the sequences that the stored documents carry. Those are read first: what is built then may be
    newer than they say and is written again, never older."""
    held = select(DatasetDocument.dataset_id, DatasetDocument.sequence)
    rows = work.session.execute(held.where(DatasetDocument.dataset_id.in_(ids)))
    sequences = {row.dataset_id: row.sequence for row in rows}
    for built in documents.build(work, list(ids)):
        if built.dataset.id not in sequences:
            continue
        try:
            entry = documents.index_document(built, sequences[built.dataset.id])
        except Exception as error:  # one dataset never keeps all others from being found
            log.warning("index.document_failed", dataset=built.dataset.id, error=repr(error))
            failed.append(built.dataset.id)
            if len(failed) > most:
                raise
        else:
            yield entry
