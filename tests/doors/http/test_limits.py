"""The limits of the data plane as callers meet them."""

import re

import pytest

from opendata.testing.web import City, problem_of

URL = "/api/v1/datasets?size=1"


def test_every_answer_tells_what_is_left(city: City) -> None:
    city.limit("anonymous", "1/second burst 30", "300/minute", "20000/day")
    answer = city.client().get(URL)
    assert (
        answer.headers["RateLimit-Policy"] == '"second";q=30;w=30, "minute";q=300;w=60, "day";q=20000;w=86400'
    )
    assert re.fullmatch(
        r'"second";r=29;t=1, "minute";r=299;t=\d+, "day";r=19999;t=\d+', answer.headers["RateLimit"]
    )
    assert answer.headers["X-RateLimit-Limit"] == "300"
    assert "Retry-After" not in answer.headers


def test_the_call_after_the_last_is_refused_with_what_is_full(city: City) -> None:
    city.limit("anonymous", "3/minute", "1000/day")
    client = city.client()
    assert [client.get(URL).status_code for _ in range(3)] == [200] * 3
    refused = client.get(URL)
    problem = problem_of(refused, 429, "rate_limited")
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert problem["violated-policies"] == ["minute"]
    assert problem["remaining"] == 0
    wait = int(refused.headers["Retry-After"])
    told = dict(re.findall(r'"(\w+)";r=\d+;t=(\d+)', refused.headers["RateLimit"]))
    assert 1 <= int(told["minute"]) <= wait
    assert '"day";r=997' in refused.headers["RateLimit"], "a refused call charged a rule"


def test_a_full_month_is_a_quota(city: City) -> None:
    city.limit("anonymous", "1/calmonth")
    client = city.client()
    client.get(URL)
    assert 'opendata-calendar="month"' in client.get(URL).headers["RateLimit-Policy"]
    problem_of(client.get(URL), 429, "quota_exceeded")


def test_pages_and_questions_of_browsers_are_not_counted_by_plans(city: City) -> None:
    city.limit("anonymous", "1/minute")
    client = city.client()
    client.get(URL)
    assert client.get("/datasets").status_code == 200
    assert client.options("/api/v1/datasets").status_code == 200
    problem_of(client.get(URL), 429)


def test_what_did_not_change_costs_nothing(city: City) -> None:
    city.limit("anonymous", "2/minute")
    client = city.client()
    etag = client.get(URL).headers["ETag"]
    for _ in range(5):
        assert client.get(URL, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(URL).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/datasets/none", "/api/v1/nothing-here"])
def test_what_is_not_there_costs_as_well(city: City, path: str) -> None:
    city.limit("anonymous", "2/minute")
    client = city.client()
    assert [client.get(path).status_code for _ in range(3)] == [404, 404, 429]
