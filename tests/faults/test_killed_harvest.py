"""kill -9 in the middle of a harvest: nothing half-published, and a rerun completes without duplicates."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from opendata.base.models import AuditEvent, Dataset, HarvestRecord, HarvestRun, OutboxEntry, Resource
from opendata.base.runtime import SYSTEM
from opendata.engines.files import FileStore
from opendata.testing.harvest_bench import a_source

SCRIPT = Path(__file__).with_name("killed_harvest.py")
DATASETS = 12


def lay(root: Path) -> None:
    for number in range(DATASETS):
        folder = root / f"bo-{number:02d}"
        folder.mkdir(parents=True)
        (folder / "metadata.yaml").write_text(
            f"title: Bộ dữ liệu {number}\n"
            "description: Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng.\n"
            "themes: [TRAN]\nlicense: cc0\nfrequency: MONTHLY\naccess_level: public\n"
            "contact: [{name: {vi: Văn phòng}, email: vp@haiphong.example}]\n"
            "legal_basis: [{code: Luật 20/2023/QH15}]\npham_vi: {mode: none}\n"
            "resources: [{file: a.csv}]\n"
        )
        (folder / "a.csv").write_text(f"ma,ten\n{number},A\n" * 50)
        for file in folder.iterdir():
            os.utime(file, (1_700_000_000, 1_700_000_000))


@pytest.fixture
def bench(platform, tmp_path):
    root = tmp_path / "folders"
    lay(root)
    return a_source(platform, type="folder", url=str(root))


def kill(tmp_path: Path, point: str, number: int) -> None:
    died = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), point, str(number)], capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


def require_whole(bench) -> int:
    """Whatever is in the catalogue is complete, once, and known; returns how many datasets that is."""
    with bench.platform.read(SYSTEM) as work:
        found = work.session.scalars(select(Dataset)).all()
        resources = Counter(work.session.scalars(select(Resource.dataset_id)))
        known = set(work.session.scalars(select(HarvestRecord.dataset_id)))
        waiting = set(work.session.scalars(select(OutboxEntry.object_id)))
        addresses = work.session.scalars(select(Resource.sha256)).all()
        audited = work.session.execute(
            select(AuditEvent.object_id, AuditEvent.action, func.count())
            .where(AuditEvent.object_type == "dataset")
            .group_by(AuditEvent.object_id, AuditEvent.action)
        ).all()
    assert {dataset.state for dataset in found} <= {"published"}
    assert resources == Counter(dataset.id for dataset in found)
    assert known == {dataset.id for dataset in found} <= waiting
    assert all(number == 1 for _, _, number in audited)
    files = bench.platform.part(FileStore)
    assert all(b"".join(files.open(address)) for address in addresses)
    return len(found)


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("commit", 0),
        ("commit", 3),
        ("commit", 7),
        ("spool", 0),
        ("spool", 1),
        ("byte", 5),
        ("file", 5),
        ("create", 0),
        ("create", 7),
        ("publish", 11),
    ],
)
def test_a_killed_harvest_leaves_nothing_half_and_the_next_run_ends_it(bench, tmp_path, point, number):
    kill(tmp_path, point, number)
    assert require_whole(bench) in {0, 5, 10, DATASETS}
    run = bench.run()
    assert run.state == "done"
    assert require_whole(bench) == DATASETS
    assert len({dataset.slug for dataset in bench.datasets()}) == DATASETS
    with bench.platform.read(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(HarvestRun)) == 1


def test_a_run_that_is_killed_each_time_fails_after_three_tries(bench, tmp_path):
    for _ in range(3):
        kill(tmp_path, "create", 0)
    with bench.platform.work(SYSTEM) as work:
        first = work.session.scalars(select(HarvestRun)).one().id
    assert bench.run().state == "done"
    assert bench.reload(first).error_code == "lost"
    assert require_whole(bench) == DATASETS
