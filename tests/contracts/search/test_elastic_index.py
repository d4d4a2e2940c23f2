import uuid
from collections.abc import Iterator

import pytest

from opendata.engines.search.elastic import ElasticIndex, read_address
from opendata.testing.search_contract import SearchContract
from opendata.testing.servers import ElasticNode


@pytest.fixture
def address(elastic_server: ElasticNode) -> Iterator[str]:
    """Of a catalogue of its own on the shared server."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    yield f"elasticsearch://127.0.0.1:{elastic_server.port}/{prefix}"
    elastic_server.delete(f"/{prefix}-*")


class TestElasticIndex(SearchContract):
    @pytest.fixture
    def index(self, address: str) -> Iterator[ElasticIndex]:
        index = ElasticIndex(read_address(address))
        yield index
        index.close()
