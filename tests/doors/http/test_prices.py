"""What routes cost beside their request: places among calls that run at once, rows and bytes."""

import time
from collections.abc import Iterator
from sqlite3 import DatabaseError

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from opendata.doors.http import application, limits, prices
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.http.prices import PRICES, Price
from opendata.engines.counters import CountersUnavailable
from opendata.services.plans.book import PlanBook
from opendata.services.plans.gate import Context, PlanGate
from opendata.testing.web import City, problem_of

pytestmark = pytest.mark.alone

ROWS, SIZE = 5000, 81_920
PATH = "/api/v1/rows"


@pytest.fixture
def client(city: City, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Before an engine that gives rows by the plan of who asks."""
    monkeypatch.setattr(limits, "PRICES", {**prices.PRICES, "rows": Price(held_seconds=10.0)})

    def rows() -> Response:
        limits.cost(rows=ROWS)
        limits.cost(bytes=SIZE - 1)
        limits.cost(bytes=1)
        return Response(_pieces(), mimetype="text/csv")

    app: Flask = application.build(city.platform)
    app.add_url_rule(PATH, "rows", permission(ANYONE)(rows))
    return app.test_client()


def _pieces() -> Iterator[bytes]:
    yield from (b"a,b\n", b"1,2\n")


def left(city: City) -> dict[str, int]:
    """Of the open plan, by rule."""
    gate, terms = city.platform.part(PlanGate), city.platform.part(PlanBook).anonymous()
    return {line.rule.name: line.remaining for line in gate.standing(Context(terms, "127.0.0.1"))}


def test_every_price_is_of_a_route(still_city: City) -> None:
    assert set(PRICES) <= set(still_city.app.view_functions)


def test_rows_and_bytes_are_charged_as_they_were_and_told(city: City, client: FlaskClient) -> None:
    city.limit("anonymous", "100/hour", "20000 rows/day", "1000000 bytes/day")
    answer = client.get(PATH)
    assert answer.headers["X-Request-Cost"] == f"requests=1, rows={ROWS}, bytes={SIZE}"
    assert left(city) == {"hour": 99, "rows-day": 20_000 - ROWS, "bytes-day": 1_000_000 - SIZE}


@pytest.mark.parametrize("path", ["/api/v1/datasets?q=nuoc", "/api/v1/datasets/{published}"])
def test_answers_cost_the_bytes_that_go_out(city: City, path: str) -> None:
    city.limit("anonymous", "100/hour", "1000000 bytes/day")
    answer = city.app.test_client().get(path.format(published=city.published))
    size = len(answer.data)
    assert answer.headers["X-Request-Cost"] == f"requests=1, bytes={size}"
    assert left(city)["bytes-day"] == 1_000_000 - size
    kept = {"If-None-Match": answer.headers["ETag"]}
    assert city.app.test_client().get(path.format(published=city.published), headers=kept).status_code == 304
    assert left(city) == {"hour": 99, "bytes-day": 1_000_000 - size}, "what was not sent costs nothing"


@pytest.mark.parametrize(
    "fault", [CountersUnavailable(), DatabaseError("malformed")], ids=lambda fault: type(fault).__name__
)
def test_an_answer_whose_cost_cannot_be_charged_is_given_all_the_same(
    city: City, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    city.limit("anonymous", "100/hour", "20000 rows/day", "1000000 bytes/day")

    def spend(*_: object, **__: object) -> bool:
        raise fault

    monkeypatch.setattr(city.platform.part(PlanGate).counters, "spend", spend)
    assert city.app.test_client().get("/api/v1/datasets?q=nuoc").status_code == 200
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["X-Request-Cost"] == f"requests=1, rows={ROWS}, bytes={SIZE}"


def test_a_published_file_costs_its_request_alone(city: City) -> None:
    city.limit("anonymous", "100/hour", "1 bytes/day")
    _, resource = city.add_file()
    assert city.app.test_client().get(f"/api/v1/resources/{resource}/download").status_code == 200
    assert left(city) == {"hour": 99, "bytes-day": 1}


def test_a_call_starts_while_anything_is_left_and_not_after(city: City, client: FlaskClient) -> None:
    city.limit("anonymous", "100/hour", "12000 rows/day")
    assert [client.get(PATH).status_code for _ in range(4)] == [200, 200, 200, 429]
    body = problem_of(client.get(PATH), 429, "quota_exceeded")
    assert body["violated-policies"] == ["rows-day"]
    assert left(city)["hour"] == 97, "what was refused is not charged"


def test_a_place_is_held_until_the_body_is_sent(city: City, client: FlaskClient) -> None:
    city.limit("anonymous", "100/hour", "2 concurrent")
    first, second = client.get(PATH, buffered=False), client.get(PATH, buffered=False)
    refused = client.get(PATH)
    problem_of(refused, 429, "concurrency_exceeded")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "RateLimit" in refused.headers
    assert left(city)["hour"] == 98, "what was refused is not charged"
    first.close()
    third = client.get(PATH, buffered=False)
    assert third.status_code == 200
    for answer in (second, third):
        answer.close()
    assert client.get(PATH).status_code == 200


def test_a_worker_that_was_killed_holds_its_place_no_longer_than_the_price_says(
    city: City, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of the counters, which may be a server's."""
    monkeypatch.setattr(limits, "PRICES", {**prices.PRICES, "rows": Price(held_seconds=3.0)})
    city.limit("anonymous", "100/hour", "1 concurrent")
    kept = client.get(PATH, buffered=False)
    assert client.get(PATH).status_code == 429
    time.sleep(3.1)
    assert client.get(PATH).status_code == 200
    kept.close()


def test_an_export_takes_a_place(city: City) -> None:
    city.limit("basic", "100/hour", "1 concurrent")
    client = city.client("member")
    application_id = client.post("/api/v1/apps", json={"name": "Sổ"}).get_json()["id"]
    path = f"/api/v1/apps/{application_id}/usage?format=csv"
    kept = client.get(path, buffered=False)
    assert kept.status_code == 200
    assert client.get(path).status_code == 429
    kept.close()
    assert client.get(path).status_code == 200
