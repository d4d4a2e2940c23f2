"""Grow the catalogue for load tests: metadata alone, through the functions a harvest uses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from sqlalchemy import select

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.ids import harvested_id
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset, HarvestSource, Organization
from opendata.base.runtime import Platform, Work
from opendata.demo import city
from opendata.demo.catalogue import bodies
from opendata.demo.generation import DEFAULT_SEED
from opendata.demo.load import root
from opendata.demo.variants import variants
from opendata.services.catalog import datasets, entry, slugs, tags, workflow
from opendata.services.harvest import sources

T = TypeVar("T")
SLUG = "demo-growth"
BATCH = 500

Progress = Callable[[int, int], None]


def grow(platform: Platform, number: int, *, seed: str = DEFAULT_SEED, progress: Progress) -> int:
    """Make `number` variants exist beside the forty; returns how many were new."""
    with platform.work(city.DEMO) as work:
        source_id = _source(work, str(root(platform)))
        publishers = _publishers(work)
    made = 0
    for first, records in _batches(variants(number, seed), BATCH):
        with platform.work(city.DEMO) as work:
            made += _write(work, source_id, publishers, first, records)
        progress(first + len(records), number)
    return made


def _source(work: Work, url: str) -> str:
    """A retired source that the variants hang on, so that `clear` finds them."""
    source = work.session.scalar(select(HarvestSource).where(HarvestSource.slug == SLUG))
    if source is None:
        source = sources.create(
            work,
            type="folder",
            url=url,
            title="Bản sao để thử tải",
            organization_id=_publishers(work)[bodies()[0].code],
            slug=SLUG,
        )
        sources.step(work, source, "retire")
    return source.id


def _publishers(work: Work) -> dict[str, str]:
    rows = work.session.execute(
        select(Organization.code, Organization.id).where(Organization.code.is_not(None))
    )
    return {str(row.code): row.id for row in rows}


def _write(
    work: Work, source_id: str, publishers: dict[str, str], first: int, records: list[DatasetRecord]
) -> int:
    ids = [harvested_id(source_id, str(first + offset)) for offset in range(len(records))]
    known = set(work.session.scalars(select(Dataset.id).where(Dataset.id.in_(ids))))
    vocabularies = work.part(Vocabularies)
    fresh = [
        (key, entry.normalise(record, vocabularies))
        for key, record in zip(ids, records, strict=True)
        if key not in known
    ]
    slugs.expect(work, "dataset", [record.slug or record.title["vi"] for _, record in fresh])
    tags.expect(work, [record.keywords for _, record in fresh])
    with work.session.no_autoflush:  # nothing asked for here depends on what the batch has written
        for dataset_id, record in fresh:
            _publish(work, source_id, publishers[record.publisher or ""], dataset_id, record)
    return len(fresh)


def _publish(work: Work, source_id: str, publisher_id: str, dataset_id: str, record: DatasetRecord) -> None:
    dataset = datasets.create(
        work, record, publisher_id=publisher_id, dataset_id=dataset_id, source_id=source_id, normal=True
    )
    keywords = dataset.content["keywords"]
    written = replace(record, slug=dataset.slug, publisher=publisher_id, keywords=keywords)
    workflow.publish(work, dataset, record=written)


def _batches(items: Iterator[T], size: int) -> Iterator[tuple[int, list[T]]]:
    """(number of the first, the items) of each batch."""
    first = 0
    while batch := list(islice(items, size)):
        yield first, batch
        first += len(batch)
