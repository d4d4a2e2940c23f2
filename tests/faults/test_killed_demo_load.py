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
from opendata.engines.files import FileStore, open_files
from opendata.engines.search import SearchIndex
from opendata.settings import Settings
from opendata.testing import modes

ONLY = "D06,D10,D12,D20,D24"
MOMENTS = (
    ("while folders are written", lambda folder, _: any((folder / "demo").glob("*/*/*.csv"))),
    ("while departments are harvested", lambda _, files: any(files.addresses())),
    ("at the end", lambda _, files: len(list(files.addresses())) >= 8),
)


def settings_of(folder: Path) -> dict[str, str]:
    return {"data_dir": str(folder), **modes.engine_settings(folder, migrated=False)}


def command(folder: Path) -> subprocess.Popen[bytes]:
    named = {f"OPENDATA_{name.upper()}": value for name, value in settings_of(folder).items()}
    return subprocess.Popen(
        [sys.executable, "-m", "opendata", "demo", "load", "--only", ONLY],
        env={**os.environ, **named},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def state_of(folder: Path) -> dict[str, object]:
    """What the installation holds, by names that do not depend on random ids."""
    platform = assemble(Settings(**settings_of(folder), log_level="ERROR"))
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
def undisturbed(engines: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert command(folder).wait(120) == 0
    return state_of(folder)


@pytest.mark.parametrize(("moment", "reached"), MOMENTS, ids=[moment for moment, _ in MOMENTS])
def test_a_killed_load_ends_where_an_undisturbed_one_does(
    moment, reached, engines, undisturbed, tmp_path: Path
) -> None:
    files = open_files(settings_of(tmp_path).get("files_url", (tmp_path / "files").as_uri()))
    process = command(tmp_path)
    deadline = time.monotonic() + 60
    while not reached(tmp_path, files) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert command(tmp_path).wait(120) == 0
    assert state_of(tmp_path) == undisturbed
