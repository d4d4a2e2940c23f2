"""A database on a full, read-only or busy disk refuses what writes and says when to come again; what reads
goes on, what runs behind the doors waits, and all of it resumes by itself."""

import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from opendata.base.models import Job, OutboxEntry
from opendata.base.runtime import SYSTEM, jobs, outbox
from opendata.testing.modes import scaled

MANY = 1 << 30
APP = {"name": "Bản đồ ngập"}
HOW = {
    "full": ("PRAGMA max_page_count=1", f"PRAGMA max_page_count={MANY}"),
    "read-only": ("PRAGMA query_only=1", "PRAGMA query_only=0"),
}


class Disk:
    """Every connection is told the state of the disk as it begins; SQLite takes "1 page" for "no more"."""

    def __init__(self, city):
        self.path = city.platform.engine.url.database
        self.told = ()
        event.listen(city.platform.engine, "checkout", self._tell)

    def _tell(self, connection, _record, _proxy):
        for pragma in ("PRAGMA busy_timeout=50", *self.told):
            connection.execute(pragma)

    def becomes(self, how):
        self.told = (HOW[how][0],)

    def mended(self):
        self.told = tuple(mend for _, mend in HOW.values())


@pytest.fixture
def disk(city):
    if scaled():
        pytest.skip("does not apply: the database server looks after its own disk")
    return Disk(city)


@pytest.fixture
def locked(disk):
    """While somebody else writes and does not end."""

    @contextmanager
    def lock():
        with closing(sqlite3.connect(disk.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    return lock


def reads(city, *clients):
    """What anybody and somebody who is signed in are answered."""
    paths = ("/api/v1/datasets", "/datasets", "/developers")
    return {client.get(path).status_code for client in (city.client(), *clients) for path in paths}


def test_a_full_disk_is_told_as_such(city, disk):
    editor = city.client("editor")
    sent = {"json": {"description": {"vi": "Mực nước từng giờ. " * 2000}}, "headers": {"If-Match": "*"}}
    disk.becomes("full")
    refused = editor.patch(f"/api/v1/datasets/{city.draft}", **sent)
    assert (refused.status_code, refused.get_json()["code"]) == (507, "storage_full")
    assert reads(city, editor) == {200}
    disk.mended()
    assert editor.patch(f"/api/v1/datasets/{city.draft}", **sent).status_code == 200


def refused_for_a_while(editor):
    """By the API and by a form."""
    called = editor.post("/api/v1/apps", json=APP)
    assert (called.status_code, called.get_json()["code"]) == (503, "temporarily_unavailable")
    sent = editor.post("/developers/apps", data={**APP, "csrf": editor.token})
    assert sent.status_code == 503
    return int(called.headers["Retry-After"]) > 0 and int(sent.headers["Retry-After"]) > 0


def test_a_read_only_database_refuses_writes_and_says_when_to_come_again(city, disk):
    editor = city.client("editor")
    disk.becomes("read-only")
    assert refused_for_a_while(editor)
    assert reads(city, editor) == {200}
    disk.mended()
    assert editor.post("/api/v1/apps", json=APP).status_code == 201


def test_a_database_that_another_keeps_locked_refuses_writes_for_a_while(city, disk, locked):
    editor = city.client("editor")
    with locked():
        assert refused_for_a_while(editor)
        assert reads(city, editor) == {200}
    assert editor.post("/api/v1/apps", json=APP).status_code == 201


def test_who_was_away_for_hours_reads_all_the_same(city, disk):
    """That a session is used is written down now and then."""
    editor = city.client("editor")
    now = city.platform.clock() + timedelta(minutes=50)
    city.platform.clock = lambda: now
    disk.becomes("read-only")
    assert reads(city, editor) == {200}


def test_a_job_that_meets_a_full_disk_is_tried_again(city, disk):
    with city.platform.work(SYSTEM) as work:
        job = jobs.enqueue(work, "count", {})
        many = [Job(kind="count", arguments={"text": "x" * 9000}, queued_at=work.now) for _ in range(50)]

    def perform(platform, _arguments):
        disk.becomes("full")
        try:
            with platform.work(SYSTEM) as work:
                work.session.add_all(many)
        finally:
            disk.mended()

    jobs.runner(city.platform, perform)({"job": job})
    with city.platform.read(SYSTEM) as work:
        found = work.session.get_one(Job, job)
        assert (found.state, found.attempt) == ("queued", 1)
        assert found.problem.startswith("StorageFull")


def waiting(city):
    """The problem of each entry of ours."""
    with city.platform.read(SYSTEM) as work:
        return list(work.session.scalars(select(OutboxEntry.problem).where(OutboxEntry.topic == "try")))


@pytest.mark.parametrize("how", HOW)
def test_an_effect_is_kept_however_long_its_disk_takes_nothing(city, disk, how):
    written = []

    def write(platform, entries):
        with platform.work(SYSTEM) as work:
            job = Job(kind="count", arguments={"text": "x" * 900_000}, state="done", queued_at=work.now)
            work.session.add(job)
        written.append([entry.object_id for entry in entries])

    def effect(platform, entries):
        disk.becomes(how)
        try:
            write(platform, entries)
        finally:
            disk.mended()

    now = [city.platform.clock()]
    city.platform.clock = lambda: now[0]
    city.platform.handlers["try"] = effect
    with city.platform.work(SYSTEM) as work:
        work.after("try", "a")
    for _ in range(outbox.MAX_ATTEMPTS + 2):
        now[0] += timedelta(minutes=10)
        outbox.drain(city.platform)
    assert waiting(city) == [None]
    city.platform.handlers["try"] = write
    now[0] += timedelta(minutes=10)
    outbox.drain(city.platform)
    assert waiting(city) == []
    assert written == [["a"]]
