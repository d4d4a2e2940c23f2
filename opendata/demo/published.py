"""Rows read back from what the catalogue publishes: the stored files, not the folders they came from."""

from collections.abc import Iterator

from sqlalchemy import select

from opendata.base.kit.errors import NotFound
from opendata.base.models import Dataset, Resource
from opendata.base.runtime import Platform
from opendata.demo import city
from opendata.demo.catalogue import datasets
from opendata.demo.generation import file_name
from opendata.demo.reading import Record, TableReader, read_csv
from opendata.engines.files import FileStore
from opendata.services.catalog.files import readable


def published(platform: Platform) -> set[str]:
    """Ids of the demo's datasets that the catalogue holds."""
    with platform.read(city.DEMO) as work:
        ours = Dataset.source_id.in_(city.made(work, "harvest_source"))
        slugs = set(work.session.scalars(select(Dataset.slug).where(ours)))
    return {key for key, one in datasets().items() if one.slug in slugs}


def published_reader(platform: Platform) -> TableReader:
    """Reads the CSV file of a dataset, or of one of its tables, from the store. Raises `NotFound`."""

    def rows(name: str, table: str | None) -> Iterator[Record]:
        dataset = datasets()[name]
        part = table or ("stops" if dataset.tables else "")
        address = _address(platform, dataset.slug, file_name(dataset, "csv", part=part))
        with readable(platform.part(FileStore), address) as path:
            yield from read_csv(path, dataset, table)

    return rows


def _address(platform: Platform, slug: str, name: str) -> str:
    query = (
        select(Resource.sha256)
        .join(Dataset, Dataset.id == Resource.dataset_id)
        .where(Dataset.slug == slug, Resource.file_name == name)
    )
    with platform.read(city.DEMO) as work:
        found = work.session.scalar(query)
    if found is None:
        raise NotFound
    return found
