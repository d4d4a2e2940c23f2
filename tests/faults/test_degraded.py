"""What goes on while a server of the scaled mode is killed or frozen, and that it comes back by itself."""

import io
import secrets
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.models import Job
from opendata.base.runtime import SYSTEM, jobs, outbox
from opendata.doors.worker import Worker
from opendata.engines.jobs import Queue
from opendata.services.catalog import indexing
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import ElasticNode, PostgresServer, RedisServer, S3Server
from opendata.testing.web import CSV, City, build_city, complete_record, problem_of

SECONDS = 60.0
PAGES = ("/", "/datasets", "/organizations", "/api/v1/datasets", "/api/v1/organizations")


class Stand:
    """Servers of its own, which may be killed, and a city on them with a worker beside it."""

    def __init__(self, folder, data):
        self.postgresql = PostgresServer(folder)
        self.elastic = ElasticNode(folder)
        self.redis = RedisServer(folder)
        self.s3 = S3Server(folder)
        self.servers = (self.postgresql, self.elastic, self.redis, self.s3)
        for server in self.servers:
            start_or_skip(server)
        name = f"d{secrets.token_hex(4)}"
        engines = {
            "database_url": self.postgresql.url,
            "search_url": f"elasticsearch://127.0.0.1:{self.elastic.port}/{name}?timeout=2&replicas=0",
            "files_url": f"{self.s3.address(name)}&timeout=2",
            "jobs_url": f"{self.redis.url}?name={name}",
            "counters_url": self.redis.url,
        }
        self.city = build_city(data, engines=engines)
        self.dataset, self.resource = self.city.add_file()

    def back(self):
        """Every server up again, and every breaker closed."""
        for server in self.servers:
            server.thaw()
            server.start()
        eventually(lambda: self.ready() == "ok")

    def ready(self):
        return self.city.client().get("/health/ready").get_json()["status"]

    def close(self):
        self.city.platform.close()
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="module")
def running(server_folder, tmp_path_factory) -> Iterator[Stand]:
    stand = Stand(server_folder, tmp_path_factory.mktemp("degraded"))
    yield stand
    stand.close()


@pytest.fixture
def stand(running) -> Iterator[Stand]:
    yield running
    running.back()


@pytest.fixture
def city(stand) -> City:
    return stand.city


def eventually(holds, seconds=SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.2)
    assert holds()


def get(city, path, role="anonymous", **kwargs):
    """The answer, and how long it took."""
    started = time.monotonic()
    answer = city.client(role).get(path, **kwargs)
    return answer, time.monotonic() - started


def off(server, how):
    server.kill() if how == "killed" else server.freeze()


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_elasticsearch_all_goes_on_and_search_is_reduced(stand, city, how):
    off(stand.elastic, how)
    for path in PAGES:
        answer, took = get(city, path)
        assert answer.status_code == 200, path
        assert took < 8, path
    answer, took = get(city, "/api/v1/datasets?q=chat luong nuoc bien")
    assert answer.headers["X-Search-Mode"] == "reduced"
    assert [row["id"] for row in answer.get_json()["data"]] == [city.published]
    assert get(city, f"/api/v1/datasets/{stand.dataset}")[0].status_code == 200
    assert get(city, f"/api/v1/resources/{stand.resource}/download")[0].get_data() == CSV
    new = city.add_dataset(complete_record(f"Viết khi chỉ mục vắng {how}"))
    assert get(city, f"/api/v1/datasets/{new}")[0].status_code == 200
    assert stand.ready() == "degraded"
    stand.elastic.thaw() if how == "frozen" else stand.elastic.start()
    started = time.monotonic()
    eventually(lambda: outbox.drain(city.platform) >= 0 and outbox.backlog(city.platform) == (0, 0))
    assert indexing.drift(city.platform).ids == ()
    assert time.monotonic() - started < SECONDS
    answer, _ = get(city, f"/api/v1/datasets?q=viet khi chi muc vang {how}")
    assert "X-Search-Mode" not in answer.headers
    assert answer.get_json()["data"][0]["id"] == new


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_redis_nothing_fails_and_jobs_wait(stand, city, how):
    off(stand.redis, how)
    for path in PAGES:
        answer, took = get(city, path)
        assert answer.status_code == 200, path
        assert took < 5, path
    done = threading.Event()
    city.platform.part(Queue).register("degraded", jobs.runner(city.platform, lambda *_: done.set()))
    with city.platform.work(SYSTEM) as work:
        job_id = jobs.enqueue(work, "degraded", {})
    answer, _ = get(city, "/account", "editor")
    assert answer.status_code < 500
    stand.redis.thaw() if how == "frozen" else stand.redis.start()
    worker = Worker(city.platform)
    worker.start()
    try:
        assert done.wait(SECONDS)
        eventually(lambda: state_of(city, job_id) == "done")
    finally:
        worker.stop()
    assert outbox.backlog(city.platform)[1] == 0


def state_of(city, job_id):
    with city.platform.read(SYSTEM) as work:
        return work.session.get_one(Job, job_id).state


def test_without_postgresql_answers_are_503_and_come_back_without_a_restart(stand, city):
    path = f"/api/v1/datasets/{stand.dataset}"
    assert get(city, path)[0].status_code == 200
    stand.postgresql.kill()
    answer, took = get(city, path)
    assert problem_of(answer, 503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert took < 8
    page, _ = get(city, "/organizations")
    assert page.status_code in {200, 503}
    assert get(city, "/health/live")[0].status_code == 200
    assert get(city, "/health/ready")[0].status_code == 503
    stand.postgresql.start()
    eventually(lambda: get(city, path)[0].status_code == 200, 15)


def test_what_is_in_memory_is_still_told_without_postgresql(stand, city, monkeypatch):
    paths = ("/api/v1/datasets?q=chat luong nuoc bien", "/datasets", "/organizations")
    before = {path: get(city, path)[0].get_data() for path in paths}
    stand.postgresql.kill()
    later = datetime.now(UTC) + timedelta(minutes=5)
    monkeypatch.setattr(city.platform, "clock", lambda: later)  # long after it would have been made anew
    for path in paths[:2]:  # the index and the names in memory are enough for them
        after, _ = get(city, path)
        assert after.status_code == 200, path
        assert after.get_data() == before[path]


def test_a_frozen_postgresql_costs_a_request_its_time_limit_and_no_more(stand, city, monkeypatch):
    monkeypatch.setattr("opendata.base.runtime.postgresql.ANSWER_SECONDS", 1.0)
    path = f"/api/v1/datasets/{stand.dataset}"
    stand.postgresql.freeze()
    answer, took = get(city, path)
    assert answer.status_code == 503
    assert took < 15
    stand.postgresql.thaw()
    eventually(lambda: get(city, path)[0].status_code == 200, 15)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_s3_metadata_and_search_go_on_downloads_and_uploads_are_refused(stand, city, how):
    off(stand.s3, how)
    for path in (*PAGES, f"/api/v1/datasets/{stand.dataset}", "/api/v1/datasets?q=nuoc"):
        assert get(city, path)[0].status_code == 200, path
    answer, took = get(city, f"/api/v1/resources/{stand.resource}/download")
    assert problem_of(answer, 503)
    assert took < 12
    body = {"file": (io.BytesIO(CSV), "moi.csv")}
    path = f"/api/v1/datasets/{stand.dataset}/resources"
    refused = city.client("editor").post(path, data=body, content_type="multipart/form-data")
    assert problem_of(refused, 503)
    assert stand.ready() == "degraded"
    stand.s3.thaw() if how == "frozen" else stand.s3.start()
    eventually(lambda: get(city, f"/api/v1/resources/{stand.resource}/download")[0].get_data() == CSV, 20)


def test_the_jobs_of_a_worker_that_died_are_taken_over(stand, city, monkeypatch):
    """The dead one took the job and never told its end; its lease runs out."""
    monkeypatch.setattr("opendata.doors.worker.RECOVER_EVERY", 0.5)
    done = threading.Event()
    with city.platform.work(SYSTEM) as work:
        job_id = jobs.enqueue(work, "taken_over", {})
    other = assemble(city.platform.settings)
    create_app(platform=other)
    with city.platform.work(SYSTEM) as work:
        job = work.session.get_one(Job, job_id)
        job.state, job.attempt, job.lease_until = "running", 1, work.shared_now
    other.part(Queue).register("taken_over", jobs.runner(other, lambda *_: done.set()))
    worker = Worker(other)
    worker.start()
    try:
        assert done.wait(SECONDS)
        eventually(lambda: state_of(city, job_id) == "done")
    finally:
        worker.stop()
        other.close()
