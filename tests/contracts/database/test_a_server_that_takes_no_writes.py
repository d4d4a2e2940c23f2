"""PostgreSQL that is set read-only, or whose disk is full, is told as what it is."""

import pytest
from sqlalchemy import event, text

from opendata.base.kit.errors import StorageFull, Unavailable
from opendata.base.models import Base
from opendata.base.runtime import SYSTEM, Platform, jobs
from opendata.base.runtime.database import connect
from opendata.settings import Settings
from opendata.testing.databases import new_database

READ_ONLY = "SET TRANSACTION READ ONLY"
RAISE_DISK_FULL = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"


@pytest.fixture
def platform(shared_database, tmp_path):
    made = Platform(Settings(data_dir=str(tmp_path), mode="test"), connect(new_database(shared_database)))
    Base.metadata.create_all(made.engine)
    yield made
    made.close()


def test_a_read_only_server_is_away_for_those_who_write(platform):
    event.listen(platform.engine, "begin", lambda connection: connection.exec_driver_sql(READ_ONLY))
    with pytest.raises(Unavailable), platform.work(SYSTEM) as work:
        jobs.enqueue(work, "count", {})


def test_a_disk_of_the_server_that_is_full_is_told_as_such(platform):
    with pytest.raises(StorageFull), platform.work(SYSTEM) as work:
        work.session.execute(text(RAISE_DISK_FULL))
