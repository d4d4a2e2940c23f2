"""Several workers on one database: each tick of the timetable, and each due run, falls to one of them."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Base, HarvestRun, HarvestSource, TimetableEntry
from opendata.base.runtime import SYSTEM, Platform
from opendata.base.runtime.database import connect
from opendata.base.runtime.timetable import Timetable
from opendata.services.catalog import organizations
from opendata.services.harvest import due, runs, sources
from opendata.services.harvest.registry import HarvesterTypes
from opendata.settings import Settings

WORKERS = 4


@pytest.fixture
def platforms(database_url, tmp_path):
    made = [
        Platform(Settings(data_dir=str(tmp_path / str(n)), mode="test"), connect(database_url))
        for n in range(WORKERS)
    ]
    Base.metadata.create_all(made[0].engine)
    for platform in made:
        platform.register(Vocabularies, Vocabularies())
        platform.register(HarvesterTypes, HarvesterTypes.installed())
    yield made
    for platform in made:
        platform.close()


def at_once(actions):
    barrier = threading.Barrier(len(actions))

    def act(action):
        barrier.wait()
        action()

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_tick_falls_to_one_worker(platforms):
    done = Counter()
    tables = []
    for number, platform in enumerate(platforms):
        timetable = Timetable(platform)
        for name in "abcdef":
            timetable.every(name, timedelta(hours=1), lambda _p, n=number, name=name: done.update([name]))
        tables.append(timetable)
    at_once([timetable.tick for timetable in tables])
    assert done == dict.fromkeys("abcdef", 1)
    with platforms[0].read(SYSTEM) as work:
        assert set(work.session.scalars(select(TimetableEntry.fence))) == {1}


@pytest.fixture
def source_id(platforms, tmp_path):
    with platforms[0].work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Nông nghiệp"})
        source = sources.create(
            work,
            type="folder",
            url=str(tmp_path),
            title="Thư mục",
            organization_id=body.id,
            schedule="hourly",
        )
        sources.accept(work, source)
        return source.id


def test_a_due_source_is_started_once(platforms, source_id):
    first = platforms[0]
    with first.work(SYSTEM) as work:
        source = work.session.get_one(HarvestSource, source_id)
        past = source.next_due - timedelta(hours=3)
        work.session.execute(update(HarvestSource).values(next_due=past))
    at_once([lambda platform=platform: due.start(platform) for platform in platforms])
    with first.read(SYSTEM) as work:
        assert work.session.scalars(select(HarvestRun.kind)).all() == ["scheduled"]
        assert work.session.scalars(select(HarvestSource.next_due)).one() > work.now


def test_starts_at_once_make_one_run(platforms, source_id, monkeypatch):
    look = runs._active

    def look_slowly(work, source_id):
        found = look(work, source_id)
        time.sleep(0.2)  # so that all would have looked before one of them has written
        return found

    def start(platform):
        with platform.work(SYSTEM) as work:
            runs.start(work, work.session.get_one(HarvestSource, source_id))

    monkeypatch.setattr(runs, "_active", look_slowly)
    at_once([lambda platform=platform: start(platform) for platform in platforms])
    with platforms[0].read(SYSTEM) as work:
        assert work.session.scalars(select(HarvestRun.kind)).all() == ["manual"]
