"""The demo city on an installation: loaded once, loaded again, refused, checked, taken out."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from opendata.assembly import assemble
from opendata.base.models import (
    AuditEvent,
    Dataset,
    DatasetDocument,
    DatasetRevision,
    HarvestRun,
    HarvestSource,
    Organization,
    OutboxEntry,
    Resource,
    Tag,
    Topic,
    User,
)
from opendata.base.runtime import SYSTEM, Platform
from opendata.demo.clear import clear
from opendata.demo.growth import grow
from opendata.demo.load import NotEmpty, load
from opendata.engines.files import FileStore
from opendata.engines.search import Plan, SearchIndex
from opendata.services.access import people
from opendata.services.catalog import datasets, organizations, workflow
from opendata.settings import Settings
from opendata.testing import modes
from opendata.testing.records import complete_record

FEW = ("D10", "D12", "D24")
COUNTED = (
    AuditEvent,
    Dataset,
    DatasetRevision,
    HarvestSource,
    Organization,
    OutboxEntry,
    Resource,
    Tag,
    Topic,
    User,
)


@pytest.fixture
def city(engines: None, tmp_path: Path):
    urls = {"search_url": "memory://", **modes.engine_settings(tmp_path)}
    settings = Settings(data_dir=str(tmp_path), mode="test", log_level="ERROR", **urls)
    platform = assemble(settings, immediate_jobs=True)
    modes.make_tables(platform.engine)
    yield platform
    platform.close()
    modes.forget(tmp_path)


def counts(platform: Platform) -> dict[str, int]:
    with platform.read(SYSTEM) as work:
        return {
            table.__tablename__: work.session.scalar(select(func.count()).select_from(table)) or 0
            for table in COUNTED
        }


def contents(platform: Platform) -> dict[str, tuple[int, str]]:
    """Version and document hash of each dataset by its address."""
    with platform.read(SYSTEM) as work:
        rows = work.session.execute(
            select(Dataset.slug, Dataset.version, DatasetDocument.etag).join(
                DatasetDocument, DatasetDocument.dataset_id == Dataset.id
            )
        )
        return {row.slug: (row.version, row.etag) for row in rows}


def test_loading_twice_changes_nothing(city: Platform) -> None:
    loaded = load(city, only=FEW)
    assert (loaded.datasets, loaded.sources) == (3, 17)
    before, documents = counts(city), contents(city)
    generation = city.part(SearchIndex).info().generation
    again = load(city, only=FEW)
    assert again.datasets == 3
    runs = {"audit_event": before["audit_event"] + 2 * 17}  # each run is on record, its start and its end
    assert counts(city) == before | runs
    assert contents(city) == documents
    assert city.part(SearchIndex).info().generation == generation


def test_loaded_datasets_are_public_and_found(city: Platform) -> None:
    load(city, only=FEW)
    results = city.part(SearchIndex).search(Plan())
    assert results.total == 3
    assert {hit.row["synthetic"] for hit in results.hits} == {True, False}


def test_a_corrected_dataset_keeps_its_first_edition_on_record(city: Platform) -> None:
    load(city, only=("D38",))
    with city.read(SYSTEM) as work:
        [dataset] = work.session.scalars(select(Dataset)).all()
        actions = work.session.scalars(select(DatasetRevision.action).order_by(DatasetRevision.version)).all()
    assert actions.count("edit") == 1
    assert dataset.content["status"] == "corrected"


def test_accounts_sign_in_with_the_documented_passwords(city: Platform) -> None:
    loaded = load(city, only=("D12",))
    with city.read(SYSTEM) as work:
        for person, password in loaded.people:
            caller = people.caller_of(work, people.authenticate(work, person.email, password or ""))
            assert caller.operator is person.operator
            assert list(caller.roles.values()) == ([person.role] if person.role else [])


def test_production_gets_no_public_password(city: Platform) -> None:
    city.settings = replace(city.settings, mode="production", secret_key="k" * 40)
    loaded = load(city, only=("D12",))
    assert all(password != person.password for person, password in loaded.people)


def test_real_data_is_not_mixed_with_the_demo(city: Platform) -> None:
    add_real_dataset(city)
    before = counts(city)
    with pytest.raises(NotEmpty):
        load(city, only=("D12",))
    assert counts(city) == before
    assert load(city, only=("D12",), force=True).datasets == 1


def test_real_lists_of_the_demo_do_not_count_as_real_data(city: Platform) -> None:
    load(city, only=("D24",))
    load(city, only=("D24",))


def test_clear_takes_out_the_demo_and_nothing_else(city: Platform) -> None:
    foreign = add_real_dataset(city)
    before = counts(city)
    load(city, only=FEW, force=True)
    grow(city, 5, progress=lambda *_: None)
    cleared = clear(city)
    assert cleared.datasets == 8
    after = counts(city)
    kept = {"audit_event", "dataset_revision"}  # the trail is append-only
    assert {k: v for k, v in after.items() if k not in kept} == {
        k: v for k, v in before.items() if k not in kept
    }
    assert set(city.part(SearchIndex).sequences()) == {foreign}
    assert list(city.part(FileStore).addresses()) == []
    assert not city.settings.demo_dir.exists()
    assert load(city, only=FEW, force=True).datasets == 3


def test_a_body_that_others_use_by_now_stays(city: Platform) -> None:
    load(city, only=("D12",))
    with city.work(SYSTEM) as work:
        body = organizations.get(work, "CVHH")
        datasets.create(work, complete_record(), publisher_id=body.id)
    clear(city)
    with city.read(SYSTEM) as work:
        assert [o.code for o in work.session.scalars(select(Organization))] == ["CVHH"]


def test_growth_goes_on_where_it_stopped(city: Platform) -> None:
    load(city, only=("D12",))
    assert grow(city, 7, progress=lambda *_: None) == 7
    assert grow(city, 10, progress=lambda *_: None) == 3
    assert city.part(SearchIndex).search(Plan()).total == 11


def test_a_changed_folder_is_written_again(city: Platform) -> None:
    load(city, only=("D12",))
    path = next(city.settings.demo_dir.rglob("*.csv"))
    good = path.read_bytes()
    path.write_bytes(good[:100])
    load(city, only=("D12",))
    assert path.read_bytes() == good


def test_runs_of_the_demo_end_well(city: Platform) -> None:
    load(city, only=FEW)
    with city.read(SYSTEM) as work:
        assert set(work.session.scalars(select(HarvestRun.state))) == {"done"}


def test_the_command_shows_where_to_go_and_checks_its_figures(terminal) -> None:
    text = terminal.ok("demo", "load", "--only", "d10,d12")
    assert "http://127.0.0.1:8000/sign-in" in text
    assert "song-cam-quan-tri" in text
    results = terminal.json("demo", "check")
    assert results
    assert all(result["holds"] for result in results)
    terminal.ok("demo", "clear", "--yes")
    assert terminal.json("dataset", "list")["total"] == 0


def test_a_wrong_figure_is_found(terminal) -> None:
    terminal.ok("demo", "load", "--only", "D12")
    platform = assemble(Settings(**terminal.installed, log_level="ERROR"))
    files = platform.part(FileStore)
    with platform.work(SYSTEM) as work:
        resource = work.session.scalars(select(Resource).where(Resource.format == "CSV")).one()
        right = b"".join(files.open(resource.sha256))
        resource.sha256 = files.put(BytesIO(right.replace(b"true", b"false", 1))).sha256
    platform.close()
    assert terminal.call("demo", "check", "--json") == 3


def test_dirty_workbooks_are_written(terminal, tmp_path: Path) -> None:
    out = tmp_path / "ban"
    terminal.ok("demo", "dirty", "--out", str(out))
    assert len(list(out.glob("*.xlsx"))) == 3


def add_real_dataset(platform: Platform) -> str:
    with platform.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Có Thật"}, slug="so-co-that")
        dataset = datasets.create(work, complete_record(synthetic=False), publisher_id=body.id)
        workflow.publish(work, dataset)
        return dataset.id
