"""What nothing refers to goes after an hour; what is referred to is read again and told when it is wrong."""

import io
import os
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from opendata.base.kit.clock import utc_now
from opendata.base.models import Base, HarvestBlob, HarvestFile, Resource
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.jobs import Interrupted
from opendata.engines.files import FileStore
from opendata.services.catalog import stored_files
from opendata.services.catalog.stored_files import TooManyUnused
from opendata.testing.working import done_job

LONG = b"ma,ten\n" + b"00012,Do Son\n" * 200_000
NAMES_NO_FILE = {HarvestBlob.__table__.c.sha256}
"""Columns called so that name something else."""


@pytest.fixture
def store(city):
    return city.platform.part(FileStore)


def two_hours_later(city):
    city.platform.clock = lambda: utc_now() + timedelta(hours=2)


def put(store, body):
    return store.put(io.BytesIO(body)).sha256


def there(store):
    return {address for address, _ in store.addresses()}


def test_every_column_that_names_a_stored_file_keeps_it():
    named = {c for table in Base.metadata.tables.values() for c in table.columns if c.name == "sha256"}
    assert named - NAMES_NO_FILE == {column.expression for column in stored_files.REFERENCES}


def test_a_file_that_nothing_refers_to_goes_after_an_hour(city, store):
    _, resource = city.add_file(LONG)
    kept = there(store)
    put(store, b"stray")
    assert stored_files.tidy(city.platform) == {"unused": 0, "unfinished": 0}, "its row may be on the way"
    two_hours_later(city)
    assert stored_files.tidy(city.platform)["unused"] == 1
    assert there(store) == kept
    assert city.client().get(f"/api/v1/resources/{resource}/download").data == LONG


def test_what_a_harvest_remembers_is_kept(city, store):
    address = put(store, b"from a folder")
    with city.platform.work(SYSTEM) as work:
        found = {"source_id": city.source, "size": 1, "modified": "", "found": {}}
        work.session.add(HarvestFile(**found, path_hash="0" * 64, sha256=address))
    two_hours_later(city)
    stored_files.tidy(city.platform)
    assert address in there(store)


def test_a_file_stored_again_begins_its_hour_anew(city, store):
    if store.local_path("0" * 64) is None:
        pytest.skip("does not apply: the contract of file stores holds S3 to it")
    address = put(store, b"stray")
    os.utime(store.local_path(address), (0, 0))
    put(store, b"stray")
    stored_files.tidy(city.platform)
    assert address in there(store)


def test_most_of_a_store_is_not_forgotten_unasked(city, store):
    """A database that is not the store's own refers to nothing in it."""
    strays = {put(store, f"stray {n}".encode()) for n in range(stored_files.FEW + 1)}
    two_hours_later(city)
    with pytest.raises(TooManyUnused):
        stored_files.tidy(city.platform)
    assert strays <= there(store)
    assert stored_files.tidy(city.platform, all_of_them=True)["unused"] == len(strays)


def test_a_damaged_file_and_a_missing_one_are_told_by_the_weekly_reading(city, store):
    if store.local_path("0" * 64) is None:
        pytest.skip("does not apply: no other process's disk is to be damaged here")
    _, damaged = city.add_file(LONG)
    _, lost = city.add_file(b"a\n1\n")
    with city.platform.read(SYSTEM) as work:
        names = dict(work.session.execute(select(Resource.id, Resource.sha256)).all())
    path = store.local_path(names[damaged])
    path.chmod(0o644)
    path.write_bytes(LONG[:-1] + b"!")
    store.local_path(names[lost]).unlink()
    found = stored_files.check(city.platform)
    assert found.damaged == (names[damaged],)
    assert found.missing == (names[lost],)
    stored_files.ask_to_check(city.platform)
    problem = done_job(city.platform, stored_files.CHECK).problem
    assert names[damaged] in problem
    assert names[lost] in problem


def test_the_hourly_job_tidies(city, store):
    put(store, b"stray")
    two_hours_later(city)
    stored_files.ask_to_tidy(city.platform)
    assert done_job(city.platform, stored_files.TIDY).state == "done"
    assert stored_files.tidy(city.platform)["unused"] == 0


def test_reading_all_files_stops_where_the_worker_ends(city):
    city.add_file(LONG)
    city.platform.stopping.set()
    with pytest.raises(Interrupted):
        stored_files.check(city.platform)


def test_a_dataset_that_is_gone_frees_its_file(city, store):
    _, resource = city.add_file(LONG)
    before = there(store)
    with city.platform.work(SYSTEM) as work:
        work.session.execute(update(Resource).where(Resource.id == resource).values(sha256=None))
        work.session.execute(delete(HarvestFile))
    two_hours_later(city)
    assert stored_files.tidy(city.platform)["unused"] >= 1
    assert there(store) < before
