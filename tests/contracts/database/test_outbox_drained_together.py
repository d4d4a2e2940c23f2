"""Several drainers on one PostgreSQL: all is applied, each object's effects in order, by one at a time."""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from opendata.base.kit.ids import new_id
from opendata.base.models import Base, Job, OutboxEntry
from opendata.base.runtime import SYSTEM, Platform, jobs, outbox
from opendata.base.runtime.database import connect
from opendata.settings import Settings
from opendata.testing.databases import new_database


@pytest.fixture
def platforms(shared_database, tmp_path):
    """One for each "host": nothing on disk is shared."""
    url = new_database(shared_database)
    made = [Platform(Settings(data_dir=str(tmp_path / str(n)), mode="test"), connect(url)) for n in range(4)]
    Base.metadata.create_all(made[0].engine)
    yield made
    for platform in made:
        platform.close()


def ask(platform, *objects):
    for name in objects:
        with platform.work(SYSTEM) as work:
            work.after("count", name)


class Recorder:
    """A handler that takes its time and notices when another is at the same object."""

    def __init__(self):
        self.applied, self.busy, self.clashes = defaultdict(list), set(), []

    def __call__(self, _platform, entries):
        for entry in entries:
            if entry.object_id in self.busy:
                self.clashes.append(entry.object_id)
            self.busy.add(entry.object_id)
            time.sleep(0.001)
            self.applied[entry.object_id].append(entry.id)
            self.busy.discard(entry.object_id)


def change(platform, name):
    with platform.work(SYSTEM) as work:
        work.after("count", name)
        time.sleep(0.001)
        work.session.execute(update(Job).where(Job.id == name).values(attempt=Job.attempt + 1))


def write_and_drain(platform, objects):
    for _ in range(15):
        for name in objects:
            change(platform, name)
        outbox.drain(platform)


def test_the_effects_of_one_object_are_applied_in_order_and_never_at_once(platforms):
    recorder, objects = Recorder(), [new_id() for _ in range(3)]
    with platforms[0].work(SYSTEM) as work:
        work.session.add_all(Job(id=name, kind="k", arguments={}, queued_at=work.now) for name in objects)
    for platform in platforms:
        platform.handlers["count"] = recorder
    threads = [threading.Thread(target=write_and_drain, args=(platform, objects)) for platform in platforms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.drain(platforms[0])
    assert outbox.backlog(platforms[0]) == (0, 0)
    assert not recorder.clashes
    assert set(recorder.applied) == set(objects)
    for sequence in recorder.applied.values():
        assert sequence == sorted(sequence)


def test_a_drainer_passes_by_what_another_is_at(platforms):
    first, second, *_ = platforms
    inside, go_on, seen = threading.Event(), threading.Event(), []

    def slowly(_platform, entries):
        inside.set()
        assert go_on.wait(20)

    first.handlers["count"] = slowly
    second.handlers["count"] = lambda _platform, entries: seen.extend(e.object_id for e in entries)
    ask(first, "a")
    thread = threading.Thread(target=outbox.drain, args=(first,))
    thread.start()
    assert inside.wait(20)
    ask(second, "a", "b")
    outbox.drain(second)
    assert seen == ["b"]
    go_on.set()
    thread.join()
    outbox.drain(second)
    assert seen in (["b"], ["b", "a"])  # the first may have taken the later one of `a` itself
    assert outbox.backlog(first) == (0, 0)


def test_a_claim_outlives_a_handler_that_takes_longer_than_transactions_may_be_idle(platforms):
    platform, applied = platforms[0], []

    def hurry(connection, _record):
        connection.execute("SET idle_in_transaction_session_timeout = '200ms'")
        connection.commit()

    def slowly(_platform, entries):
        time.sleep(0.5)
        applied.extend(entry.object_id for entry in entries)

    event.listen(platform.engine, "connect", hurry)
    platform.engine.dispose()
    platform.handlers["count"] = slowly
    ask(platform, "a")
    outbox.drain(platform)
    assert applied == ["a"]
    assert outbox.backlog(platform) == (0, 0)


def test_what_a_killed_drainer_had_claimed_is_applied_by_another(platforms):
    first, second, *_ = platforms
    ask(first, "a")
    with first.engine.connect() as connection:
        first_claim = connection.execute(select(OutboxEntry.id).with_for_update(skip_locked=True)).all()
        assert len(first_claim) == 1
        seen = []
        second.handlers["count"] = lambda _platform, entries: seen.extend(e.object_id for e in entries)
        assert outbox.drain(second) == 0
        connection.invalidate()  # as when its process dies
    end = time.monotonic() + 10
    while not outbox.drain(second):  # the server has to notice first
        assert time.monotonic() < end
        time.sleep(0.05)
    assert seen == ["a"]


def test_a_batch_is_claimed_with_few_statements(platforms):
    platform = platforms[0]
    platform.handlers["count"] = lambda _platform, _entries: None
    with platform.work(SYSTEM) as work:
        for n in range(300):
            work.after("count", str(n))
    statements = []
    event.listen(platform.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    assert outbox.drain(platform) == 300
    assert len(statements) <= 8


def test_leases_follow_the_clock_of_the_server_and_not_of_the_host(platforms):
    with platforms[0].read() as work:
        server = work.session.scalar(select(func.clock_timestamp()))
        assert abs(work.shared_now - server) < timedelta(seconds=1)
    platforms[1].clock = lambda: datetime(2020, 1, 1, tzinfo=UTC)
    with platforms[1].read() as work:
        assert work.shared_now.year == 2020


def test_a_job_of_a_worker_that_died_is_taken_over_and_that_of_a_living_one_is_not(platforms):
    first, second, *_ = platforms
    delivered = []
    for platform in (first, second):
        platform.handlers[jobs.TOPIC] = jobs.sender(lambda _k, message, _d: delivered.append(message["job"]))
    with first.work(SYSTEM) as work:
        job_id = jobs.enqueue(work, "k", {})
    outbox.drain(first)
    taken = jobs._take(first, job_id)
    assert jobs.recover(second) == 0
    with first.work(SYSTEM) as work:  # 60 s without a heartbeat
        work.session.get_one(Job, job_id).lease_until = datetime(2020, 1, 1, tzinfo=UTC)
    assert jobs.recover(second) == 1
    outbox.drain(second)
    assert delivered == [job_id, job_id]
    again = jobs._take(second, job_id)
    jobs._finish(first, job_id, taken.fence)  # the first wakes up: its fence is outdated
    with first.read() as work:
        assert work.session.get_one(Job, job_id).state == "running"
    jobs._finish(second, job_id, again.fence)
    with first.read() as work:
        assert work.session.get_one(Job, job_id).state == "done"


def test_a_job_the_queue_has_lost_is_queued_again_once_the_queue_is_empty(platforms):
    platform = platforms[0]
    platform.handlers[jobs.TOPIC] = lambda _platform, _entries: None  # lost with the queue
    with platform.work(SYSTEM) as work:
        job_id = jobs.enqueue(work, "k", {})
    outbox.drain(platform)
    assert jobs.recover(platform, queue_empty=True) == 0  # it may just not have been taken yet
    with platform.work(SYSTEM) as work:
        work.session.get_one(Job, job_id).queued_at = datetime(2020, 1, 1, tzinfo=UTC)
    assert jobs.recover(platform) == 0
    assert jobs.recover(platform, queue_empty=True) == 1


def test_a_few_batches_are_forgotten_as_all_are(platforms, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 2)
    platforms[0].handlers["count"] = recorder = Recorder()
    ask(platforms[0], *"abcde")
    assert outbox.drain(platforms[0], batches=2) == 4
    assert outbox.backlog(platforms[0]) == (1, 0)
    assert outbox.drain(platforms[0]) == 1
    assert all(len(sequence) == 1 for sequence in recorder.applied.values())
