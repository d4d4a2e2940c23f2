"""An index that is deleted under a running portal: reduced answers, never fewer hits as if they were all, and
the whole again by itself."""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from opendata.assembly import assemble
from opendata.base.models import Job
from opendata.base.runtime import SYSTEM, outbox
from opendata.base.runtime.timetable import Timetable
from opendata.engines.search import DocumentsRefused, SearchIndex
from opendata.services.catalog import datasets, documents, indexing, organizations, workflow
from opendata.settings import Settings
from opendata.testing import modes
from opendata.testing.load import eventually
from opendata.testing.records import complete_record
from opendata.testing.working import done_job

API = "/api/v1/datasets"
ALL = 6


@pytest.fixture
def lose(search_url, tmp_path, request):
    """Delete everything that the engine keeps."""

    def delete():
        if search_url.startswith("tantivy"):
            shutil.rmtree(tmp_path / "index")
        else:
            name = search_url.split("/")[3].split("?")[0]
            request.getfixturevalue("elastic_server").delete(f"/{name}-*")

    return delete


@pytest.fixture
def new_portal(engines, search_url, tmp_path):
    """Without any dataset."""
    settings = {**modes.engine_settings(tmp_path), "search_url": search_url}
    platform = assemble(Settings(data_dir=str(tmp_path), mode="test", log_level="ERROR", **settings))
    modes.make_tables(platform.engine)
    yield platform
    platform.close()
    modes.forget(tmp_path)


def asked(city, **query):
    """(whether it says that it is reduced, the number of hits)."""
    answer = city.client("operator").get(API, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.headers.get("X-Search-Mode") == "reduced", answer.get_json()["meta"]["total"]


def watched(city):
    """The problem of the watch, done as the timetable does it."""
    timetable = Timetable(city.platform)
    timetable.every(indexing.WATCH, timedelta(microseconds=1), indexing.watch)
    assert timetable.tick() == 1
    (standing,) = timetable.standings()
    return standing.problem


def jobs_asked_for(city):
    with city.platform.read(SYSTEM) as work:
        return len(work.session.scalars(select(Job).where(Job.kind == indexing.SCAN)).all())


def test_a_lost_index_is_made_up_for_and_comes_back_whole_by_itself(city, lose, monkeypatch):
    assert asked(city) == (False, ALL)
    lose()
    eventually(lambda: asked(city)[0])  # what other processes do is seen a moment later
    assert asked(city) == (True, ALL)
    assert asked(city, q="chat luong nuoc bien") == (True, 1)
    assert city.client().get("/health/ready").get_json()["status"] == "degraded"
    added = city.add_dataset(complete_record("Viết khi chỉ mục đã mất"))
    assert asked(city, q="chi muc da mat") == (True, 1)
    meanwhile = []
    index_document = documents.index_document

    def looked_at(*args):
        meanwhile.append(asked(city))
        return index_document(*args)

    monkeypatch.setattr(documents, "index_document", looked_at)
    assert [watched(city) for _ in range(3)] == [None] * 3
    assert jobs_asked_for(city) == 1
    assert done_job(city.platform, indexing.SCAN).state == "done"
    assert meanwhile[: ALL + 1] == [(True, ALL + 1)] * (ALL + 1), "while it is built"
    assert asked(city) == (False, ALL + 1)
    assert asked(city, q="chi muc da mat") == (False, 1)
    outbox.drain(city.platform)
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, datasets.get(work, added), note="nhầm")
    assert city.client().get(API, query_string={"q": "chi muc da mat"}).get_json()["meta"]["total"] == 0
    assert watched(city) is None
    assert jobs_asked_for(city) == 1


def test_what_was_withdrawn_while_the_index_was_lost_is_not_answered_from_memory(city, lose):
    shown = city.client().get(API, query_string={"q": "chat luong nuoc bien"}).get_json()
    assert shown["meta"]["total"] == 1
    lose()
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, datasets.get(work, city.published), note="nhầm")
    indexing.rebuild(city.platform)
    assert city.client().get(API, query_string={"q": "chat luong nuoc bien"}).get_json()["meta"]["total"] == 0


def test_the_command_that_repairs_builds_it_again(city, lose):
    lose()
    found = indexing.drift(city.platform)
    assert len(found.missing) == ALL
    indexing.repair(city.platform, found)
    assert indexing.drift(city.platform).ids == ()
    assert asked(city) == (False, ALL)


def test_a_scan_leaves_a_lost_index_to_a_job(city, lose):
    lose()
    assert indexing.scan(city.platform)["checked"] == "all"
    assert jobs_asked_for(city) == 1


def test_a_job_leaves_a_rebuild_of_another_alone(city, lose, monkeypatch):
    lose()

    def documents_of(*_args):
        indexing.perform_scan(city.platform, {})
        assert indexing.is_lost(city.platform)
        yield from ()

    monkeypatch.setattr(indexing, "_documents", documents_of)
    indexing.rebuild(city.platform)


@pytest.mark.parametrize("live", [True, False])
def test_a_rebuild_that_was_refused_documents_is_gone_on_from_where_it_went_live(
    city, lose, monkeypatch, live
):
    index = city.platform.part(SearchIndex)
    lose()
    rebuild = index.rebuild

    def refused(asked_for):
        if live:
            rebuild(document for document in asked_for if document.id != city.published)
        raise DocumentsRefused({city.published: "immense term"})

    monkeypatch.setattr(index, "rebuild", refused)
    if not live:
        with pytest.raises(DocumentsRefused):
            indexing.perform_scan(city.platform, {})
        assert asked(city) == (True, ALL)
        return
    indexing.perform_scan(city.platform, {})
    assert asked(city) == (False, ALL)


def test_a_new_portal_is_not_reduced_and_finds_its_first_dataset(new_portal, lose):
    assert not indexing.is_lost(new_portal)
    lose()
    assert not indexing.is_lost(new_portal), "there was nothing in it"


def test_the_first_dataset_of_a_portal_makes_the_index(new_portal):
    """Nobody has searched yet."""
    with new_portal.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Nông nghiệp"})
        made = datasets.create(work, complete_record(), publisher_id=body.id)
    assert new_portal.part(SearchIndex).sequences().keys() == {made.id}
