"""What every answer has in common, whichever door made it."""

import pytest

from opendata.doors.http.permissions import SCOPES
from opendata.testing.web import City, problem_of


def test_errors_of_the_frame_are_problems_too(still_city: City) -> None:
    client = still_city.client()
    problem_of(client.get("/api/v1/khong-co"), 404, "not_found")
    refused = client.delete("/api/v1/datasets")
    problem_of(refused, 405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_methods_that_are_invented_leave_nothing_behind(still_city: City) -> None:
    key = {"X-Api-Key": still_city.key_of("editor")}
    still_city.app.test_client().get("/api/v1/datasets", headers=key)
    known = dict(still_city.app.extensions[SCOPES])
    for number in range(3):
        answer = still_city.app.test_client().open("/api/v1/datasets", method=f"X{number}", headers=key)
        assert answer.status_code == 405
    assert still_city.app.extensions[SCOPES] == known


def test_a_fault_says_nothing_of_itself(still_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    from opendata.services.catalog import reading

    def broken(*_: object) -> None:
        raise RuntimeError("secret path /etc/opendata")

    monkeypatch.setattr(reading, "dataset", broken)
    answer = still_city.client().get(f"/api/v1/datasets/{still_city.published}")
    problem_of(answer, 500, "internal")
    assert b"secret" not in answer.data
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "[::2]", "evil.example:80"])
def test_foreign_hosts_are_refused(still_city: City, host: str) -> None:
    problem = problem_of(still_city.client().get("/api/v1/datasets", headers={"Host": host}), 400)
    assert problem["errors"][0]["field"] == "Host"


@pytest.mark.parametrize(
    "path", ["/api/v1/datasets", "/api/v1/khong-co", "/health/live", "/api/v1/openapi.json"]
)
def test_every_answer_is_dressed(still_city: City, path: str) -> None:
    headers = still_city.client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Request-Id"]
    assert headers["Cache-Control"]


def test_answers_for_a_person_are_kept_by_no_shared_cache(still_city: City) -> None:
    answer = still_city.client("member").get("/api/v1/datasets")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in answer.headers["Vary"]


def test_an_ended_session_is_nobody(city: City) -> None:
    from opendata.base.models import User
    from opendata.base.runtime import SYSTEM

    client = city.client("member")
    path = f"/api/v1/datasets/{city.draft}"
    assert client.get(path).status_code == 200
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["member"]).epoch += 1
    problem_of(client.get(path), 404)


def test_health_names_each_part_and_no_address(still_city: City) -> None:
    client = still_city.client()
    assert client.get("/health/live").get_json() == {"status": "ok"}
    ready = client.get("/health/ready", headers={"Host": "10.0.0.7:8000"})
    assert ready.status_code == 200
    assert ready.get_json() == {
        "status": "ok",
        "parts": {
            "database": "ok",
            "changes": "ok",
            "search": "ok",
            "files": "ok",
            "jobs": "ok",
            "limits": "ok",
        },
        "limit_faults": 0,
    }
    assert ready.headers["Cache-Control"] == "no-store"


def test_a_broken_index_leaves_the_site_serving(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    from opendata.base.kit.errors import Unavailable
    from opendata.engines.search import SearchIndex

    def away() -> None:
        raise Unavailable

    monkeypatch.setattr(city.platform.part(SearchIndex), "info", away)
    ready = city.client().get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["status"] == "degraded"
    assert ready.get_json()["parts"]["search"] == "degraded"
    listed = city.client().get("/api/v1/datasets?q=nuoc")
    assert (listed.status_code, listed.headers["X-Search-Mode"]) == (200, "reduced")
    assert city.client().get(f"/api/v1/datasets/{city.published}").status_code == 200


def test_without_its_database_it_is_not_ready(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OSError("disk at 10.1.2.3 is gone")

    monkeypatch.setattr(city.platform, "read", away)
    client = city.client()
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.get_json()["parts"]["database"] == "down"
    assert b"10.1.2.3" not in ready.data
    assert client.get("/health/live").status_code == 200
