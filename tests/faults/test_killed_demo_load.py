"""kill -9 in the middle of `opendata demo load`: the next load ends where an undisturbed one does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from opendata.assembly import assemble
from opendata.base.models import Dataset, HarvestRecord, HarvestRun, Organization, OutboxEntry, Resource, User
from opendata.base.runtime import SYSTEM
from opendata.engines.files import FileStore
from opendata.engines.search import SearchIndex
from opendata.settings import Settings

ONLY = "D06,D10,D12,D20,D24"
MOMENTS = (
    ("while folders are written", lambda folder: any((folder / "demo").glob("*/*/*.csv"))),
    ("while departments are harvested", lambda folder: any((folder / "files").glob("??/*"))),
    ("at the end", lambda folder: len(list((folder / "files").glob("??/*"))) >= 8),
)


def command(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "opendata", "demo", "load", "--only", ONLY],
        env={**os.environ, "OPENDATA_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def state_of(folder: Path) -> dict[str, object]:
    """What the installation holds, by names that do not depend on random ids."""
    platform = assemble(Settings(data_dir=str(folder), log_level="ERROR"))
    try:
        with platform.read(SYSTEM) as work:
            rows = work.session.execute(
                select(Dataset.slug, Dataset.state, Dataset.content, Resource.sha256, Resource.content).join(
                    Resource, Resource.dataset_id == Dataset.id
                )
            ).all()
            tables = (Dataset, HarvestRecord, Organization, Resource, User, OutboxEntry)
            counts = {
                table.__tablename__: work.session.scalar(select(func.count()).select_from(table))
                for table in tables
            }
            running = work.session.scalars(
                select(HarvestRun.state).where(HarvestRun.state.not_in(("done", "failed")))
            ).all()
        stored = sorted(address for address, _ in platform.part(FileStore).addresses())
        indexed = len(platform.part(SearchIndex).sequences())
        contents = sorted(map(repr, rows))
        return {
            "counts": counts,
            "contents": contents,
            "running": running,
            "files": stored,
            "indexed": indexed,
        }
    finally:
        platform.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert command(folder).wait(120) == 0
    return state_of(folder)


@pytest.mark.parametrize(("moment", "reached"), MOMENTS, ids=[moment for moment, _ in MOMENTS])
def test_a_killed_load_ends_where_an_undisturbed_one_does(
    moment, reached, undisturbed, tmp_path: Path
) -> None:
    process = command(tmp_path)
    deadline = time.monotonic() + 60
    while not reached(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert command(tmp_path).wait(120) == 0
    assert state_of(tmp_path) == undisturbed
