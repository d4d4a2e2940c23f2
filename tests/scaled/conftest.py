"""The demo city, searched through the services on the embedded engine and on a real Elasticsearch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opendata.assembly import assemble
from opendata.base.models import Base
from opendata.base.runtime import Platform
from opendata.demo import load
from opendata.engines.search import SearchIndex
from opendata.services.catalog import indexing
from opendata.settings import Settings
from opendata.testing.servers import ElasticNode


@dataclass(frozen=True)
class TwoEngines:
    """Two platforms on one database and one set of files, each with an index of its own."""

    embedded: Platform
    scaled: Platform

    @property
    def indexes(self) -> tuple[SearchIndex, SearchIndex]:
        return self.embedded.part(SearchIndex), self.scaled.part(SearchIndex)


@pytest.fixture(scope="session")
def two_engines(
    tmp_path_factory: pytest.TempPathFactory, elastic_server: ElasticNode
) -> Iterator[TwoEngines]:
    folder = tmp_path_factory.mktemp("city")
    embedded = _assembled(folder)
    Base.metadata.create_all(embedded.engine)
    load.load(embedded)
    scaled = _assembled(
        folder,
        search_url=f"elasticsearch://127.0.0.1:{elastic_server.port}/parity?timeout=60&write_timeout=120",
    )
    indexing.rebuild(scaled)
    yield TwoEngines(embedded, scaled)
    elastic_server.delete("/parity-*")
    for platform in (embedded, scaled):
        platform.part(SearchIndex).close()
        platform.engine.dispose()


def _assembled(folder: Path, **settings: str) -> Platform:
    roots = (str(folder),)
    return assemble(
        Settings(data_dir=str(folder), mode="test", log_level="ERROR", harvest_allow_roots=roots, **settings),
        immediate_jobs=True,
    )
