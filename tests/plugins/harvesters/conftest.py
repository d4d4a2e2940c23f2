"""Where recorded documents of real sources lie, for the tests that read them."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def recorded():
    """Recorded source documents, where OPENDATA_SHARED_FIXTURES says or beside the checkout."""
    root = Path(
        os.environ.get("OPENDATA_SHARED_FIXTURES", Path(__file__).resolve().parents[4] / "shared/fixtures")
    )
    folder = root / "harvest"
    if not folder.is_dir():
        pytest.skip(f"does not apply: recorded source documents are not at {folder}")
    return folder
