"""The index beside the database: build it anew, find where they differ, mend it through the outbox."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select

from opendata.base.models import Dataset, DatasetDocument, OutboxEntry
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.engines.search import IndexDocument, SearchIndex
from opendata.services.catalog import documents

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Drift:
    """Dataset ids that the index lacks, holds in an old form, or holds though they are gone."""

    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.missing, *self.stale, *self.extra)


def rebuild(platform: Platform, progress: Callable[[int, int], None] = lambda *_: None) -> int:
    """Fill a new index beside the live one and swap; searches never find it empty.

    Datasets without a document get one first: their sequence comes from the outbox. Returns the number
    of datasets indexed; `progress` hears how many of how many are written.
    """
    with platform.work(SYSTEM) as work:
        for dataset_id in _without_document(work):
            work.after("dataset", dataset_id)
    total = platform.part(SearchIndex).rebuild(_documents(platform, progress))
    log.info("index.rebuilt", documents=total)
    return total


def drift(platform: Platform) -> Drift:
    """Compare (sequence, visibility) of every dataset. What still waits in the outbox is no drift."""
    with platform.read(SYSTEM) as work:
        rows = work.session.execute(
            select(DatasetDocument.dataset_id, DatasetDocument.sequence, DatasetDocument.visibility)
        )
        stored = {row.dataset_id: (row.sequence, row.visibility) for row in rows}
        undocumented = set(_without_document(work))
        waiting = set(
            work.session.scalars(
                select(OutboxEntry.object_id).where(
                    OutboxEntry.topic == "dataset", OutboxEntry.problem.is_(None)
                )
            )
        )
        indexed = dict(platform.part(SearchIndex).sequences())
    missing = (stored.keys() - indexed.keys()) | undocumented
    stale = {key for key in stored.keys() & indexed.keys() if stored[key] != indexed[key]}
    extra = indexed.keys() - stored.keys() - undocumented
    return Drift(*(tuple(sorted(ids - waiting)) for ids in (missing, stale, extra)))


def repair(platform: Platform, found: Drift) -> None:
    """Ask the outbox to write each of them anew."""
    with platform.work(SYSTEM) as work:
        for dataset_id in found.ids:
            work.after("dataset", dataset_id)


def _without_document(work: Work) -> list[str]:
    """Datasets without a document, or with one of a release that kept no words beside it."""
    query = (
        select(Dataset.id)
        .outerjoin(DatasetDocument, DatasetDocument.dataset_id == Dataset.id)
        .where(or_(DatasetDocument.dataset_id.is_(None), DatasetDocument.words == ""))
        .order_by(Dataset.id)
    )
    return list(work.session.scalars(query))


def _documents(platform: Platform, progress: Callable[[int, int], None]) -> Iterator[IndexDocument]:
    """Read when the index asks for it, under the sequences that the stored documents carry."""
    with platform.read(SYSTEM) as work:
        sequences = {
            row.dataset_id: row.sequence
            for row in work.session.execute(select(DatasetDocument.dataset_id, DatasetDocument.sequence))
        }
        for done, built in enumerate(documents.every(work), start=1):
            progress(done, len(sequences))
            if built.dataset.id in sequences:
                yield documents.index_document(built, sequences[built.dataset.id])
