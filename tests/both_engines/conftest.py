"""The city on each search engine: what stands here is promised whichever of them runs."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.testing import modes
from opendata.testing.web import City, build_city, close_city

ENGINES = ("embedded", "elasticsearch")


@pytest.fixture(params=ENGINES)
def search_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "embedded":
        yield f"tantivy://{tmp_path}/index"
        return
    server = request.getfixturevalue("elastic_server")
    name = f"b{uuid.uuid4().hex[:12]}"
    yield f"elasticsearch://127.0.0.1:{server.port}/{name}?timeout=60&write_timeout=120&replicas=0"
    server.delete(f"/{name}-*")


@pytest.fixture
def city(engines: None, search_url: str, tmp_path: Path) -> Iterator[City]:
    made = build_city(tmp_path, engines={**modes.engine_settings(tmp_path), "search_url": search_url})
    yield made
    close_city(made, tmp_path)
