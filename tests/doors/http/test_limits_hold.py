"""What limits promise in numbers: exact, quick, honest about time, one caller for one subscriber."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from opendata.app import create_app
from opendata.engines.counters import Counters
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.redis import RedisCounters
from opendata.services.plans.book import PlanBook
from opendata.services.plans.gate import Context, PlanGate
from opendata.testing.queries import counted
from opendata.testing.servers import RedisServer
from opendata.testing.web import City, build_city, close_city, problem_of

pytestmark = pytest.mark.alone

URL = "/api/v1/datasets?size=1"
ITEM = re.compile(
    r'"(?P<name>[\x20-\x21\x23-\x5b\x5d-\x7e]*)"'
    r'(?P<parameters>(;[a-z*][a-z0-9_.*-]*=(-?\d{1,15}|"[\x20-\x21\x23-\x5b\x5d-\x7e]*"))*)'
)


def parsed(field: str) -> dict[str, dict[str, Any]]:
    """A List of Strings with parameters (RFC 9651 §4.2), by name."""
    found = {}
    for member in re.split(r"[ \t]*,[ \t]*", field):
        matched = ITEM.fullmatch(member)
        assert matched, member
        pairs = [pair.split("=", 1) for pair in matched["parameters"].split(";") if pair]
        found[matched["name"]] = {
            name: value.strip('"') if value.startswith('"') else int(value) for name, value in pairs
        }
    return found


class Watch:
    """A clock of the whole city that tests move, that of shared counters with it."""

    def __init__(self, city: City) -> None:
        self.now = datetime(2026, 11, 25, 3, 0, 7, tzinfo=UTC)
        city.platform.clock = lambda: self.now
        counters = city.platform.part(Counters)
        if isinstance(counters, FallbackCounters):
            assert isinstance(counters._shared, RedisCounters)
            counters._shared._clock = lambda: self.now.timestamp()  # noqa: PLW0108  # it moves

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def any_city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """One at a time: those on Redis begin with nothing counted."""
    urls = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/limits.sqlite3"}
    if request.param == "redis":
        redis: RedisServer = request.getfixturevalue("redis_server")
        urls["redis"] = redis.url.replace("/0", "/9")
        with closing(Redis.from_url(urls["redis"])) as client:
            client.flushdb()
    made = build_city(tmp_path, engines={"counters_url": urls[request.param]})
    yield made
    close_city(made, tmp_path)


@pytest.mark.parametrize(
    "rules",
    [("2/second burst 10", "1000/day"), ("7/minute",), ("5/hour", "20/second burst 60"), ("3/calday",)],
    ids=lambda rules: rules[0],
)
def test_waiting_as_long_as_told_is_enough(any_city: City, rules: tuple[str, ...]) -> None:
    watch, draw = Watch(any_city), random.Random(5)
    any_city.limit("anonymous", *rules)
    client = any_city.client()
    for _ in range(20):
        watch.wait(draw.random() * 3)
        answer = client.get(URL)
        while answer.status_code == 200:
            assert "Retry-After" not in answer.headers
            answer = client.get(URL)
        body = problem_of(answer, 429)
        wait = int(answer.headers["Retry-After"])
        full = [parsed(answer.headers["RateLimit"])[name] for name in body["violated-policies"]]
        assert 1 <= max(item["t"] for item in full) <= wait
        assert int(answer.headers["X-RateLimit-Reset"]) <= watch.now.timestamp() + wait
        watch.wait(wait)
        assert client.get(URL).status_code == 200


@pytest.mark.parametrize("bucket", ["sign_up", "token"])
def test_waiting_as_long_as_a_form_tells_is_enough(any_city: City, bucket: str) -> None:
    """Whatever the answer to what was sent: it is looked at again."""
    watch, draw = Watch(any_city), random.Random(7)
    client = guarded(any_city, **{bucket: "4 per 90 seconds"})
    send = {"sign_up": sign_up, "token": ask_for_a_token}[bucket]
    for _ in range(20):
        watch.wait(draw.random() * 100)
        answer = send(client)
        while answer.status_code != 429:
            answer = send(client)
        wait = int(answer.headers["Retry-After"])
        assert 1 <= wait <= 180
        watch.wait(wait)
        assert send(client).status_code != 429


def guarded(city: City, **limits: str) -> FlaskClient:
    object.__setattr__(city.platform.settings, "guard_limits", limits)
    client = create_app(platform=city.platform).test_client()
    client.get("/sign-up")
    return client


def sign_up(client: FlaskClient, remote: str = "203.0.113.4") -> TestResponse:
    token = client.get_cookie("opendata_form")
    form = {"csrf_token": token.value if token else "", "email": "nobody"}
    answer = client.post("/sign-up", data=form, environ_base={"REMOTE_ADDR": remote})
    assert answer.status_code in {422, 429}
    return answer


def ask_for_a_token(client: FlaskClient) -> TestResponse:
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("app", "guess"))
    assert answer.status_code in {401, 429}
    return answer


def test_signing_up_from_one_block_is_one_caller(city: City) -> None:
    client = guarded(city, sign_up="5 per hour")
    walked = [sign_up(client, f"2001:db8:1:2::{n:x}").status_code for n in range(1, 9)]
    assert walked == [422] * 5 + [429] * 3
    assert sign_up(client, "2001:db8:1:3::1").status_code == 422
    mapped = [sign_up(client, ("203.0.113.5", "::ffff:203.0.113.5")[n % 2]).status_code for n in range(8)]
    assert mapped == [422] * 5 + [429] * 3


def test_fields_are_structured_lists_on_every_answer(city: City) -> None:
    city.limit("anonymous", "10/second burst 30", "3/minute", "20000/day", "9/calmonth", "5 rows/day")
    client = city.client()
    for status in (200, 200, 200, 429):
        answer = client.get(URL)
        assert answer.status_code == status
        policy, left = parsed(answer.headers["RateLimit-Policy"]), parsed(answer.headers["RateLimit"])
        assert list(policy) == list(left) == ["second", "minute", "day", "calmonth"]
        assert all(item["q"] >= 0 and item["w"] > 0 for item in policy.values())
        assert all(item["r"] >= 0 and item["t"] >= 0 for item in left.values())
        assert ("Retry-After" in answer.headers) == (status == 429)
        assert answer.headers["X-RateLimit-Limit"] == "3"


def test_one_block_is_one_caller(city: City) -> None:
    """400 calls that walk through the addresses of one subscriber, and a neighbour."""
    Watch(city)
    city.limit("anonymous", "300/minute")
    client = city.client()

    def call(remote: str) -> int:
        return client.get(URL, environ_base={"REMOTE_ADDR": remote}).status_code

    walked = [call(f"2001:db8:1:2::{n:x}") for n in range(1, 401)]
    assert walked == [200] * 300 + [429] * 100
    assert call("2001:db8:1:3::1") == 200
    mapped = [call(("203.0.113.5", "::ffff:203.0.113.5")[n % 2]) for n in range(302)]
    assert mapped == [200] * 300 + [429] * 2


def test_more_keys_and_applications_of_one_owner_give_no_more(city: City) -> None:
    Watch(city)
    city.limit("basic", "20/minute")
    client, member = city.client(), city.client("member")
    secrets = [city.key_of("member")]
    app = client.get("/api/v1/me", headers={"X-Api-Key": secrets[0]}).get_json()["application"]
    for target in (app, member.post("/api/v1/apps", json={"name": "Thứ hai"}).get_json()["id"]):
        for number in range(3):
            made = member.post(f"/api/v1/apps/{target}/keys", json={"name": f"khóa {number}"}).get_json()
            secrets.append(made["secret"])
    city.platform.part(PlanBook).forget()
    member.get(URL)
    client.get(URL, headers={"X-Api-Key": secrets[-1]})
    seen = [client.get(URL, headers={"X-Api-Key": secrets[n % 7]}).status_code for n in range(40)]
    assert seen.count(200) <= 20
    assert seen[20:] == [429] * 20


@pytest.mark.parametrize("where", ["sqlite", "redis"])
def test_a_warm_keyed_call_costs_no_statement_and_few_trips(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/limits.sqlite3"
    if where == "redis":
        redis: RedisServer = request.getfixturevalue("redis_server")
        url = redis.url.replace("/0", "/7")
    city = build_city(tmp_path, engines={"counters_url": url})
    city.limit("basic", "2000/second burst 5000", "100000/minute", "5000000/calmonth")
    client, secret = city.client(), city.key_of("member")
    trips = _counting(city.platform.part(Counters))
    key = {"X-Api-Key": secret}
    path = "/api/v1/licences"
    for _ in range(5):
        client.get(path, headers=key)
    gate, book = city.platform.part(PlanGate), city.platform.part(PlanBook)
    before = len(trips)
    with counted(city.platform) as statements:
        for _ in range(1000):
            assert client.get(path, headers=key).status_code == 200
    assert [s for s in statements if "change_sequence" not in s] == []
    assert len(trips) - before <= 50
    context = Context(terms=book.of("user:1"), ip="192.0.2.1", owner="user:1")
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        gate.check(context)
        times.append(time.perf_counter() - began)
    assert median(times) < 50e-6
    close_city(city, tmp_path)


def _counting(counters: Any) -> list[str]:
    trips: list[str] = []
    take = counters.take
    counters.take = lambda *arguments, **named: trips.append("take") or take(*arguments, **named)
    return trips


_WORKER = """
import sys, time
from types import SimpleNamespace
from opendata.base.kit.clock import utc_now
from opendata.base.kit.errors import RateLimited
from opendata.engines.counters import open_counters
from opendata.services.plans.book import Terms
from opendata.services.plans.gate import Context, PlanGate
from opendata.services.plans.rules import parse
settings = SimpleNamespace(time_zone="Asia/Ho_Chi_Minh", workers=4)
gate = PlanGate(SimpleNamespace(settings=settings, clock=utc_now), open_counters(sys.argv[1], timeout=5.0))
terms = Terms(plan="x", number=1, rules=parse(sys.argv[2]), page_max=1)
context = Context(terms=terms, ip="", owner=sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
passed, tries, ends = 0, 0, time.time() + float(sys.argv[4])
while time.time() < ends and tries < 2500:
    tries += 1
    try:
        gate.check(context)
        passed += 1
    except RateLimited:
        pass
gate.close()
print(passed)
"""


def passed(url: str, rules: str, owner: str, seconds: float) -> int:
    """How many calls four processes let through together, each for so many seconds from a common start."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, url, rules, owner, str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sum(int(process.communicate(timeout=120)[0]) for process in running)


@pytest.fixture(params=["sqlite", "redis"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/limits.sqlite3"
    redis: RedisServer = request.getfixturevalue("redis_server")
    return redis.url.replace("/0", "/8")


def test_ten_times_the_limit_from_four_workers_passes_the_limit(shared: str) -> None:
    rules = "1000/calmonth; 1000000/second"
    assert passed(shared, rules, f"user:{random.random()}", 60.0) == 1000


def test_a_rate_over_four_workers_passes_the_rate(shared: str) -> None:
    """Burst 100 and 100 a second for two seconds; a lot may be spent a quarter of a second late. Not all may
    be spent where the machine is busy, but the burst is."""
    seconds, rate, burst = 2.0, 100, 100
    lots = 4 * int(rate * 0.25)
    got = passed(shared, f"{rate}/second burst {burst}", f"user:{random.random()}", seconds)
    assert burst <= got <= (burst + rate * seconds) * 1.01 + lots
