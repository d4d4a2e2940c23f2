"""An upload whose server is killed leaves nothing of itself, and can be done again."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from opendata.assembly import assemble
from opendata.base.models import Dataset
from opendata.base.runtime import SYSTEM
from opendata.engines.files import FileStore
from opendata.services.catalog import datasets, resources
from opendata.services.catalog.files import intake
from opendata.settings import Settings
from opendata.testing import modes

ROWS = b"ma,ten\n" + b"00012,Do Son\n" * 60_000
"""What the script sends."""
SCRIPT = Path(__file__).with_name("killed_upload.py")


@pytest.mark.parametrize("arrived", [1, 200_000, 700_000])
def test_a_killed_upload_leaves_nothing_half(engines: None, tmp_path: Path, arrived: int) -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(arrived)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == -9, told.stderr
    draft = told.stdout.strip()
    urls = {"search_url": "memory://", **modes.engine_settings(tmp_path)}
    platform = assemble(Settings(data_dir=str(tmp_path), mode="test", log_level="ERROR", **urls))
    with platform.read(SYSTEM) as work:
        names = [r.file_name for r in datasets.resources_of(work, work.session.get_one(Dataset, draft))]
    assert "lon.csv" not in names
    files = platform.part(FileStore)
    assert all(files.size(address) != len(ROWS) for address, _ in files.addresses())
    stored = intake(platform, io.BytesIO(ROWS), name="lon.csv")
    with platform.work(SYSTEM) as work:
        resources.add_file(work, work.session.get_one(Dataset, draft), stored)
    with platform.read(SYSTEM) as work:
        again = [r.file_name for r in datasets.resources_of(work, work.session.get_one(Dataset, draft))]
    assert again.count("lon.csv") == 1
    assert b"".join(files.open(stored.sha256)) == ROWS
    platform.close()
    modes.forget(tmp_path)
