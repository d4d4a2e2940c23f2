"""A catalogue on a real Elasticsearch, and those who have it open."""

import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from opendata.engines.search.elastic import ElasticIndex, read_address
from opendata.testing.servers import ElasticNode


@pytest.fixture
def prefix(elastic_server: ElasticNode) -> Iterator[str]:
    """A catalogue of its own on the shared server."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    elastic_server.delete(f"/{name}-*")


@pytest.fixture
def address(elastic_server: ElasticNode, prefix: str) -> str:
    """Patient: other tests may keep this machine busy."""
    return f"elasticsearch://127.0.0.1:{elastic_server.port}/{prefix}?timeout=60&write_timeout=120"


@pytest.fixture
def opened(address: str) -> Iterator[ElasticIndex]:
    index = ElasticIndex(read_address(address))
    yield index
    index.close()


@pytest.fixture
def other_process(address: str) -> Iterator[ElasticIndex]:
    """Shares nothing with `opened` but the cluster."""
    index = ElasticIndex(read_address(address), seen_within=0.0)
    yield index
    index.close()


@pytest.fixture
def client(elastic_server: ElasticNode) -> Iterator[Elasticsearch]:
    with Elasticsearch(f"http://127.0.0.1:{elastic_server.port}") as direct:
        yield direct
