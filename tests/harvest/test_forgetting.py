"""What harvests kept goes when nothing needs it any more, and not before."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from opendata.base.models import (
    Base,
    HarvestBlob,
    HarvestFile,
    HarvestRun,
    HarvestSource,
    HarvestSpool,
    Resource,
)
from opendata.base.runtime import SYSTEM
from opendata.services.harvest import forgetting, runs
from opendata.services.harvest.contract import End
from opendata.testing.harvest_bench import Scripted, a_source, rec, recs


@pytest.fixture
def harvester():
    return Scripted(recs(3))


@pytest.fixture
def bench(platform, harvester):
    return a_source(platform, harvester)


def kept(platform, column=HarvestBlob.sha256):
    with platform.read(SYSTEM) as work:
        return set(work.session.scalars(select(column)))


def test_every_column_that_names_a_blob_keeps_it():
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("harvest_")]
    columns = [column for table in tables for column in table.columns]
    named = {column for column in columns if column.name.endswith(("raw_hash", "norm_hash"))}
    assert named == {column.expression for column in forgetting.NAMES}


def test_blobs_of_records_that_look_other_now_are_forgotten(platform, bench, harvester):
    bench.run()
    before = kept(platform)
    assert forgetting.forget(platform) == 0
    harvester.listing = [rec(0, title="Tên mới"), rec(1), rec(2), End()]
    bench.run()
    assert forgetting.forget(platform) == 2
    assert len(kept(platform)) == len(before)
    records = bench.records().values()
    assert {at for record in records for at in (record.raw_hash, record.norm_hash)} <= kept(platform)


def test_a_preview_keeps_what_it_would_apply(platform, bench, harvester):
    bench.run()
    harvester.listing = [rec(0, title="Tên mới"), rec(1), rec(2), End()]
    preview = bench.run("preview")
    assert forgetting.forget(platform) == 0
    assert bench.apply_preview(preview).state == "done"
    assert "Tên mới" in {dataset.content["title"]["vi"] for dataset in bench.datasets()}
    assert kept(platform, HarvestSpool.norm_hash) - {None} <= kept(platform)


def test_nothing_is_forgotten_while_a_run_is_under_way(platform, bench):
    with platform.work(SYSTEM) as work:
        work.session.add(HarvestBlob(sha256="0" * 64, body=b""))
        run_id = runs.start(work, work.session.get_one(HarvestSource, bench.source_id)).id
    assert forgetting.forget(platform) == 0
    with platform.work(SYSTEM) as work:
        runs.cancel(work, work.session.get_one(HarvestRun, run_id))
    assert forgetting.forget(platform) == 1


def test_a_file_that_left_its_folder_is_remembered_no_longer(platform, tmp_path):
    folder = tmp_path / "so" / "truong"
    folder.mkdir(parents=True)
    for number in (1, 2):
        lay(folder / f"cap-{number}.csv", f"a\n{number}\n")
    bench = a_source(platform, type="folder", url=str(folder.parent))
    bench.run()
    both = kept(platform, HarvestFile.sha256)
    assert len(both) == 2
    forgetting.forget(platform)
    assert kept(platform, HarvestFile.sha256) == both
    (folder / "cap-2.csv").unlink()
    bench.run()
    forgetting.forget(platform)
    assert kept(platform, HarvestFile.sha256) == kept(platform, Resource.sha256) < both


def test_a_preview_keeps_the_files_it_would_show_for_a_day(platform, tmp_path):
    folder = tmp_path / "so"
    folder.mkdir()
    lay(folder / "cang.csv", "a\n1\n")
    bench = a_source(platform, type="folder", url=str(folder))
    bench.run("preview")
    forgetting.forget(platform)
    assert len(kept(platform, HarvestFile.sha256)) == 1
    now = platform.clock
    platform.clock = lambda: now() + timedelta(days=2)
    forgetting.forget(platform)
    assert not kept(platform, HarvestFile.sha256)


def lay(file, body):
    file.write_text(body)
    os.utime(file, (1_700_000_000, 1_700_000_000))
