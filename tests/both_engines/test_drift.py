"""Index and database that came apart are found and brought together again, on each engine."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Dataset, DatasetDocument, Job, OutboxEntry
from opendata.base.runtime import SYSTEM, outbox
from opendata.base.runtime.timetable import Timetable
from opendata.engines.search import Plan, SearchIndex
from opendata.services.catalog import datasets, documents, indexing
from opendata.testing.index_documents import dataset
from opendata.testing.records import complete_record
from opendata.testing.working import done_job


@pytest.fixture
def index(city):
    return city.platform.part(SearchIndex)


def sequence_of(city, dataset_id):
    with city.platform.read(SYSTEM) as work:
        return work.session.get_one(DatasetDocument, dataset_id).sequence


def lose(city, index, dataset_id):
    """As if its write had never been made."""
    index.write([], [(dataset_id, sequence_of(city, dataset_id))])


def scan(city):
    """As the timetable does it, due at once."""
    timetable = Timetable(city.platform)
    city.platform.register(Timetable, timetable)
    timetable.every(indexing.SCAN, timedelta(microseconds=1), indexing.scan)
    assert timetable.tick() == 1
    (standing,) = timetable.standings()
    assert standing.problem is None
    return standing.result


def jobs_of(city, kind):
    with city.platform.read(SYSTEM) as work:
        return work.session.scalars(select(Job).where(Job.kind == kind)).all()


def figures(result):
    return {name: result[name] for name in ("missing", "stale", "extra")}


def test_each_kind_of_drift_is_found_and_mended(city, index):
    lose(city, index, city.published)
    with city.platform.work(SYSTEM) as work:
        work.session.execute(
            update(DatasetDocument).where(DatasetDocument.dataset_id == city.draft).values(visibility="org:x")
        )
    index.write([dataset("11111111-1111-4111-8111-111111111111", "gone")])
    found = indexing.drift(city.platform)
    assert (found.missing, found.stale) == ((city.published,), (city.draft,))
    assert found.extra == ("11111111-1111-4111-8111-111111111111",)
    assert figures(indexing.scan_all(city.platform)) == {"missing": 1, "stale": 1, "extra": 1}
    assert indexing.drift(city.platform).ids == ()
    assert city.client().get("/api/v1/datasets?q=chat luong nuoc bien").get_json()["meta"]["total"] == 1


def test_a_lost_write_is_found_by_the_next_scan_of_what_changed(city, index):
    scan(city)
    scan(city)
    lose(city, index, city.add_dataset(complete_record("Bản ghi bị mất")))
    result = scan(city)
    assert figures(result) == {"missing": 1, "stale": 0, "extra": 0}
    result = scan(city)
    assert figures(result) == {"missing": 0, "stale": 0, "extra": 0}
    assert result["checked"] == 1, "what changed since the scan before the last, and nothing else"
    assert scan(city)["checked"] == 1
    assert scan(city)["checked"] == 0


def test_an_index_that_was_lost_is_filled_again_by_the_next_scan(city, index):
    for _ in range(2):
        scan(city)
    index.rebuild([])
    assert index.search(Plan(size=0)).total == 0
    assert scan(city)["checked"] == "all"
    assert done_job(city.platform, indexing.SCAN).state == "done"
    assert index.info().documents == 6
    assert scan(city)["checked"] != "all"


def test_everything_is_compared_by_a_job_and_by_one_at_a_time(city, index):
    """The timetable has other tasks, which wait for each other."""
    for _ in range(2):
        scan(city)
    index.rebuild([])
    assert [scan(city)["checked"] for _ in range(3)] == ["all"] * 3
    for _ in range(2):
        indexing.ask_to_scan_all(city.platform)
    assert index.info().documents == 0
    for kind in (indexing.SCAN, indexing.FULL_SCAN):
        assert [job.state for job in jobs_of(city, kind)] == ["queued"]


def test_what_was_given_up_is_no_reason_to_compare_everything(city, index):
    scan(city)
    lose(city, index, city.published)
    with city.platform.work(SYSTEM) as work:
        work.session.add(
            OutboxEntry(topic="dataset", object_id=city.published, at=work.now, problem="poison", attempts=8)
        )
    assert scan(city)["checked"] != "all"


def test_what_waits_in_the_outbox_is_no_drift(city, index):
    lose(city, index, city.published)
    city.platform.after_commit = lambda: None
    with city.platform.work(SYSTEM) as work:
        work.after("dataset", city.published)
    assert indexing.drift(city.platform).ids == ()


def test_no_drift_is_seen_while_people_write(city):
    """Looked at in the middle of writes, index and database never agree to the letter."""
    ended = threading.Event()
    problems = []

    def write():
        number = 0
        while not ended.is_set():
            number += 1
            try:
                with city.platform.work(SYSTEM) as work:
                    found = work.session.get_one(Dataset, city.published)
                    record = complete_record(f"Chất lượng nước biển {number}")
                    datasets.edit(work, found, record)
            except Exception as error:  # noqa: BLE001  # told by the main thread
                problems.append(error)
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = [indexing.drift(city.platform).ids for _ in range(30)]
    finally:
        ended.set()
        writer.join()
    assert problems == []
    assert set(found) == {()}


def test_an_index_ahead_of_a_database_that_was_put_back_is_overtaken(city, index):
    index.write([dataset(city.published, "từ tương lai", sequence=5_000_000)])
    assert figures(indexing.scan_all(city.platform))["stale"] == 1
    assert indexing.drift(city.platform).ids == ()
    assert sequence_of(city, city.published) > 5_000_000
    assert city.add_dataset(complete_record("Ghi sau đó")) in index.sequences()


def test_what_was_given_up_is_left_for_the_night_and_then_tried_once_more(city, index):
    scan(city)
    lose(city, index, city.published)
    with city.platform.work(SYSTEM) as work:
        work.session.add(
            OutboxEntry(topic="dataset", object_id=city.published, at=work.now, problem="poison", attempts=8)
        )
    assert figures(scan(city))["missing"] == 0
    assert outbox.backlog(city.platform) == (0, 1)
    assert figures(indexing.scan_all(city.platform))["missing"] == 1
    assert outbox.backlog(city.platform) == (0, 0)
    assert indexing.drift(city.platform).ids == ()


def test_what_was_given_up_counts_as_drift_though_index_and_document_agree(city):
    """The document may have been what could not be built."""
    with city.platform.work(SYSTEM) as work:
        work.session.add(
            OutboxEntry(topic="dataset", object_id=city.draft, at=work.now, problem="poison", attempts=8)
        )
    found = indexing.drift(city.platform)
    assert found.stale == (city.draft,)
    indexing.repair(city.platform, found)
    assert outbox.backlog(city.platform) == (0, 0)
    assert indexing.drift(city.platform).ids == ()


def test_one_dataset_that_cannot_be_indexed_keeps_no_other_from_a_rebuild(city, index, monkeypatch):
    made = documents.index_document

    def made_but_one(item, sequence):
        if item.dataset.id == city.published:
            raise ValueError("poison")
        return made(item, sequence)

    held = index.info().documents
    monkeypatch.setattr(documents, "index_document", made_but_one)
    for _ in range(2):
        assert indexing.rebuild(city.platform) == held - 1
        assert outbox.backlog(city.platform) == (1, 0), "the outbox tries again"
    monkeypatch.undo()
    with city.platform.work(SYSTEM) as work:
        work.session.execute(update(OutboxEntry).values(not_before=None))
    outbox.drain(city.platform)
    assert index.info().documents == held
    assert outbox.backlog(city.platform) == (0, 0)


def test_where_many_cannot_be_indexed_the_index_of_before_stays(city, index, monkeypatch):
    def broken(_item, _sequence):
        raise ValueError("of every dataset")

    held = index.info().documents
    monkeypatch.setattr(indexing, "FEW", 2)
    monkeypatch.setattr(documents, "index_document", broken)
    with pytest.raises((ValueError, Unavailable)):
        indexing.rebuild(city.platform)
    assert index.info().documents == held


@pytest.mark.parametrize("end", ["9999-12", "²²²²"])
def test_a_period_that_was_stored_without_being_judged_is_indexed(city, index, end):
    with city.platform.work(SYSTEM) as work:
        found = work.session.get_one(Dataset, city.published)
        found.content = found.content | {"temporal": {"start": "2020", "end": end}}
        work.after("dataset", city.published)
    assert outbox.backlog(city.platform) == (0, 0)
    held = index.info().documents
    assert indexing.rebuild(city.platform) == held
    assert city.client().get("/api/v1/datasets?q=chat luong nuoc bien").get_json()["meta"]["total"] == 1


def test_sequences_of_some_are_those_of_all(city, index):
    everything = dict(index.sequences())
    some = {city.published, city.draft}
    assert index.sequences([*some, "22222222-2222-4222-8222-222222222222"]) == {
        key: everything[key] for key in some
    }
    assert index.sequences([]) == {}
    with city.platform.read(SYSTEM) as work:
        assert everything.keys() == set(work.session.scalars(select(Dataset.id)))


def test_a_rebuild_holds_no_transaction_while_the_index_is_at_work(city, index, monkeypatch):
    under_way, pages = [], []
    read = city.platform.read

    @contextmanager
    def counted(*caller):
        with read(*caller) as work:
            under_way.append(work)
            yield work
            under_way.pop()

    def take(given):
        for document in given:
            assert not under_way
            pages.append(document.id)
        return len(pages)

    monkeypatch.setattr(city.platform, "read", counted)
    monkeypatch.setattr(documents, "BATCH", 1)
    monkeypatch.setattr(index, "rebuild", take)
    assert indexing.rebuild(city.platform) == len(pages) == len(set(pages)) >= 2
