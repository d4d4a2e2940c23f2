"""The limits of the data plane as callers meet them."""

import re

import pytest

from opendata.services.plans.book import PlanBook
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


def test_what_is_left_can_be_asked_when_nothing_is(city: City) -> None:
    city.limit("anonymous", "2/minute", "1000/calmonth", "3 concurrent", page_max=77)
    client = city.client()
    for _ in range(3):
        client.get(URL)
    told = client.get("/api/v1/me/limits").get_json()
    assert (told["plan"], told["page_max"], told["degraded"]) == ("anonymous", 77, False)
    assert [(limit["name"], limit["remaining"]) for limit in told["limits"]] == [
        ("minute", 0),
        ("calmonth", 998),
        ("concurrent", None),
    ]


def test_signed_in_people_have_a_plan_of_their_own(city: City) -> None:
    city.limit("anonymous", "1/minute")
    city.client().get(URL)
    assert city.client("editor").get(URL).status_code == 200
    assert city.client("editor").get("/api/v1/me/limits").get_json()["plan"] == "basic"


def test_plans_are_written_by_operators_and_count_at_once(city: City) -> None:
    body = {"limits": "1/minute", "partition": "ip"}
    problem_of(city.client("admin").post("/api/v1/plans/anonymous/versions", json=body), 403)
    assert city.client("operator").post("/api/v1/plans/anonymous/versions", json=body).status_code == 201
    city.platform.part(PlanBook).forget()
    client = city.client()
    assert [client.get(URL).status_code for _ in range(2)] == [200, 429]
    wrong = {"limits": "as much as you like"}
    problem_of(city.client("operator").post("/api/v1/plans/basic/versions", json=wrong), 422, "rule_invalid")
