"""One stand for the tests that kill, freeze and slow down what the product runs on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.testing.load import eventually
from opendata.testing.servers import ServerMissing, scratch_folder
from opendata.testing.stand import Stand

TABLE = "OPENDATA_FAILURE_TABLE"


@pytest.fixture(scope="session")
def standing() -> Iterator[Stand]:
    """Its last act is to write what was measured into the file that OPENDATA_FAILURE_TABLE names."""
    with scratch_folder() as folder:
        try:
            made = Stand(folder).__enter__()
        except ServerMissing as missing:
            if os.environ.get("OPENDATA_TEST_STRICT") == "1":
                pytest.fail(f"strict run: {missing}")
            pytest.skip(str(missing))
        try:
            made.warm()
            yield made
        finally:
            made.__exit__()
    if os.environ.get(TABLE):
        Path(os.environ[TABLE]).write_text("\n".join(made.figures) + "\n")


@pytest.fixture
def stand(standing: Stand) -> Iterator[Stand]:
    """Whole at the beginning and at the end of each test."""
    yield standing
    eventually(lambda: standing.state() == "ok" and standing.settled())
