"""While the database is away, the newest public answer to the same question stands in, with its age."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from opendata.app import create_app
from opendata.base.kit.errors import Unavailable
from opendata.base.models import Dataset, OutboxEntry
from opendata.base.runtime import SYSTEM, Platform, outbox
from opendata.doors.http import last_answers
from opendata.services.access.changes import Changes
from opendata.services.catalog import withdrawals, workflow
from opendata.testing.web import City


@contextmanager
def away(*_: object):
    raise Unavailable
    yield


@pytest.fixture
def without_database(monkeypatch):
    def take_away():
        monkeypatch.setattr(Platform, "read", away)
        monkeypatch.setattr(Platform, "work", away)

    return take_away


def addresses(city: City) -> tuple[str, ...]:
    with city.platform.read(SYSTEM) as work:
        slug = work.session.get_one(Dataset, city.published).slug
    pages = ("/", "/datasets", f"/dataset/{slug}", "/organizations")
    apis = (f"/api/v1/datasets/{slug}", f"/api/v1/datasets/{city.published}", "/api/v1/datasets?q=nuoc")
    return (*pages, *apis, "/api/v1/organizations")


def test_pages_and_documents_are_told_again_with_their_age(city: City, without_database):
    before = {path: city.client().get(path) for path in addresses(city)}
    without_database()
    for path, told in before.items():
        stale = city.client().get(path)
        assert stale.status_code == 200, path
        if "X-Answer-Mode" not in stale.headers:  # made without the database
            continue
        assert int(stale.headers["Age"]) >= 0
        assert stale.headers["X-Answer-Mode"] == "stale"
        assert stale.headers["Cache-Control"] == "no-store"
        if path.startswith("/api/"):
            assert stale.get_data() == told.get_data()
        else:
            assert "Máy chủ dữ liệu đang tạm gián đoạn" in stale.get_data(as_text=True)
            assert len(stale.get_data()) > len(told.get_data())


def test_a_dataset_is_among_them(city: City, without_database):
    path = f"/api/v1/datasets/{city.published}"
    told = city.client().get(path)
    without_database()
    stale = city.client().get(path)
    assert (stale.status_code, stale.headers["X-Answer-Mode"]) == (200, "stale")
    assert stale.headers["ETag"] == told.headers["ETag"]


def test_an_answer_older_than_an_hour_is_not_told(city: City, without_database, monkeypatch):
    path = f"/api/v1/datasets/{city.published}"
    city.client().get(path)
    without_database()
    monkeypatch.setattr(last_answers, "STALE_SECONDS", -1)
    answer = city.client().get(path)
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


def test_nobody_is_told_the_answer_to_another_question(city: City, without_database):
    city.client().get("/api/v1/datasets?q=nuoc")
    city.client().get("/datasets")
    without_database()
    assert city.client().get("/api/v1/datasets?q=rung").status_code == 503
    assert city.client().get("/en/datasets").status_code == 503
    assert city.client().get("/datasets", headers={"HX-Request": "true"}).status_code == 503
    assert "X-Answer-Mode" not in city.client().post("/api/v1/datasets").headers


def test_what_people_see_of_their_own_is_kept_for_nobody(city: City, without_database):
    path = f"/api/v1/datasets/{city.draft}"
    assert city.client("editor").get(path).status_code == 200
    assert city.client().get("/api/v1/me/limits").status_code == 200
    without_database()
    assert city.client().get(path).status_code == 503
    assert "X-Answer-Mode" not in city.client().get("/api/v1/me/limits").headers


def test_a_dataset_seen_to_be_withdrawn_is_not_told_again(city: City, without_database):
    path = f"/api/v1/datasets/{city.published}"
    city.client().get(path)
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    assert city.client().get(path).status_code == 404
    without_database()
    assert city.client().get(path).status_code == 503


def test_a_process_that_was_not_asked_since_does_not_tell_a_withdrawn_dataset(
    city: City, without_database, monkeypatch
):
    monkeypatch.setattr(withdrawals, "SETTLES", 3600.0)
    own, elsewhere = f"/api/v1/datasets/{city.published}", "/api/v1/organizations"
    watch(city)
    for path in (own, elsewhere):
        city.client().get(path)
    watch(city)
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    watch(city)
    city.client().get(elsewhere)
    watch(city)
    without_database()
    assert city.client().get(own).status_code == 503
    assert city.client().get(elsewhere).headers["X-Answer-Mode"] == "stale"


def withdraw_unapplied(city: City) -> None:
    """As where another drains or the index is away."""
    city.platform.after_commit, drain = (lambda: None), city.platform.after_commit
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    city.platform.after_commit = drain


def test_what_is_asked_before_a_withdrawal_is_applied_is_not_told_again(
    city: City, without_database, monkeypatch
):
    monkeypatch.setattr(withdrawals, "SETTLES", 3600.0)
    own = f"/api/v1/datasets/{city.published}"
    watch(city)
    withdraw_unapplied(city)
    watch(city)
    assert city.client().get(own).status_code == 200
    watch(city)
    assert city.client().get(own).status_code == 200
    outbox.drain(city.platform)
    watch(city)
    without_database()
    assert city.client().get(own).status_code == 503


def test_everything_is_forgotten_once_more_when_a_withdrawal_has_settled(city: City, monkeypatch):
    monkeypatch.setattr(withdrawals, "SETTLES", 3600.0)
    forgotten: list[bool] = []
    holder = withdrawals.Withdrawals(city.platform, lambda: forgotten.append(True))
    holder.look()
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    monkeypatch.setattr(withdrawals, "SETTLES", 0.0)
    rounds = []
    for _ in range(4):
        holder.look()
        rounds.append(len(forgotten))
    assert rounds == [2, 3, 3, 3]


def test_what_was_given_up_before_a_later_change_was_applied_is_no_withdrawal_that_waits(
    city: City, monkeypatch
):
    monkeypatch.setattr(withdrawals, "SETTLES", 0.0)
    with city.platform.work(SYSTEM) as work:
        work.session.add(
            OutboxEntry(topic="dataset", object_id=city.published, at=work.now, problem="poison", attempts=8)
        )
    forgotten: list[bool] = []
    holder = withdrawals.Withdrawals(city.platform, lambda: forgotten.append(True))
    holder.look()
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    for _ in range(4):
        holder.look()
    assert len(forgotten) == 3


def test_an_answer_that_was_begun_before_everything_was_forgotten_is_not_kept(
    city: City, without_database, monkeypatch
):
    own = f"/api/v1/datasets/{city.published}"
    kept = last_answers._kept

    def forgotten_meanwhile(response):
        city.app.extensions[last_answers.EXTENSION].clear()
        return kept(response)

    with monkeypatch.context() as patched:
        patched.setattr(last_answers, "_kept", forgotten_meanwhile)
        assert city.client().get(own).status_code == 200
    without_database()
    assert city.client().get(own).status_code == 503


def watch(city: City) -> None:
    """As the thread of a server does."""
    for beside in city.platform.part(Changes)._beside:
        beside.task()


def test_a_key_in_use_passes_and_an_unknown_one_comes_back_later(city: City, without_database):
    path = f"/api/v1/datasets/{city.published}"
    warm, cold = city.key_of("editor"), city.key_of("admin")
    city.client().get(path)
    city.client().get(path, headers={"X-Api-Key": warm})
    without_database()
    known = city.client().get(path, headers={"X-Api-Key": warm})
    assert (known.status_code, known.headers["X-Answer-Mode"]) == (200, "stale")
    assert known.headers["Cache-Control"] == "no-store"
    unknown = city.client().get(path, headers={"X-Api-Key": cold})
    assert (unknown.status_code, unknown.content_type) == (503, "application/problem+json")


def test_a_visitor_who_was_signed_in_reads_what_is_public(city: City, without_database):
    path = f"/api/v1/datasets/{city.published}"
    city.client().get(path)
    visitor = city.client("editor")
    without_database()
    assert visitor.get(path).headers["X-Answer-Mode"] == "stale"
    assert visitor.get("/account").status_code == 503


def test_made_up_data_stays_marked(city: City, without_database, monkeypatch):
    monkeypatch.setattr("opendata.services.catalog.reading.synthetic_mark", lambda _value: "true")
    monkeypatch.setattr("opendata.services.catalog.reading.Document.synthetic", "true")
    path = f"/api/v1/datasets/{city.published}"
    assert city.client().get(path).headers["X-Data-Synthetic"] == "true"
    without_database()
    assert city.client().get(path).headers["X-Data-Synthetic"] == "true"


def test_a_file_the_proxy_sends_is_not_told_without_its_bytes(city: City, without_database, monkeypatch):
    settings = replace(city.platform.settings, files_accel="/_files")
    monkeypatch.setattr(city.platform, "settings", settings)
    client = create_app(platform=city.platform).test_client()
    _, resource = city.add_file()
    path = f"/api/v1/resources/{resource}/download"
    assert "X-Accel-Redirect" in client.get(path).headers
    without_database()
    assert client.get(path).status_code == 503
