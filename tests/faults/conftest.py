"""One stand for the tests that kill, freeze and slow down what the product runs on."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from opendata.testing.load import eventually
from opendata.testing.server_fixtures import skip_where_missing
from opendata.testing.servers import scratch_folder
from opendata.testing.stand import Stand

TABLE = "OPENDATA_FAILURE_TABLE"


@pytest.fixture(scope="session")
def standing() -> Iterator[Stand]:
    """Its last act is to write what was measured into the file that OPENDATA_FAILURE_TABLE names."""
    with scratch_folder() as folder, ExitStack() as stack:
        with skip_where_missing():
            made = stack.enter_context(Stand(folder))
        made.warm()
        yield made
    if os.environ.get(TABLE):
        Path(os.environ[TABLE]).write_text("\n".join(made.figures) + "\n")


@pytest.fixture
def stand(standing: Stand) -> Iterator[Stand]:
    """Whole at the beginning and at the end of each test."""
    yield standing
    eventually(lambda: standing.state() == "ok" and standing.settled())
