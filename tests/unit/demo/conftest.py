"""The demo city, written once for all its tests."""

import json
import os
from pathlib import Path

import pytest

from opendata.demo import generate
from opendata.demo.reading import folder_reader

FIXTURES = Path(
    os.environ.get("OPENDATA_SHARED_FIXTURES", Path(__file__).resolve().parents[4] / "shared" / "fixtures")
)

LARGE = 15_000


@pytest.fixture(scope="session")
def city_folder(tmp_path_factory):
    """The folders of all departments."""
    root = tmp_path_factory.mktemp("city")
    generate(root)
    return root


@pytest.fixture(scope="session")
def city_rows(city_folder):
    """Typed rows of a dataset: `city_rows("D24")`. Large tables are read anew each time."""
    reader = folder_reader(city_folder)
    kept = {}

    def rows(dataset, table=None):
        if (dataset, table) in kept:
            return kept[dataset, table]
        found = list(reader(dataset, table))
        if len(found) <= LARGE:
            kept[dataset, table] = found
        return found

    return rows


@pytest.fixture(scope="session")
def described():
    """The description of the demo city that the product must agree with; skipped without it."""
    path = FIXTURES / "demo-city" / "catalogue.json"
    if not path.is_file():
        pytest.skip("does not apply: the shared description of the demo city is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))
