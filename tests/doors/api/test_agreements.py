"""What is agreed with one subscriber: a rule of its plan, until a day that is to come, for all to see."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opendata.testing.web import City, problem_of


def agree(city: City, **wish: Any) -> Any:
    address = f"/api/v1/subscriptions/{city.subscription}/agreement"
    return city.client("operator").put(address, json=wish)


@pytest.fixture
def today(city: City) -> str:
    """Of the city, where it is the tenth already though it is the ninth in UTC."""
    now = datetime(datetime.now(UTC).year + 1, 1, 9, 18, tzinfo=UTC)
    city.platform.clock = lambda: now
    return f"{now.year}-01-10"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"rule": "khong-co", "amount": 7}, "rule"),
        ({"rule": "minute", "amount": 7, "until": "2020-01-01"}, "until"),
    ],
    ids=["rule", "until"],
)
def test_what_would_never_count_is_refused(city: City, wish: Mapping[str, Any], field: str) -> None:
    problem = problem_of(agree(city, **wish), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_the_last_day_is_one_of_the_city(city: City, today: str) -> None:
    yesterday = today.replace("-10", "-09")
    problem_of(agree(city, rule="minute", amount=7, until=yesterday), 422)
    assert agree(city, rule="minute", amount=7, until=today).status_code == 200


def test_subscribers_see_what_was_agreed_when_and_by_whom(city: City, today: str) -> None:
    for amount in (7, 9):
        agree(city, rule="minute", amount=amount, until=today)
    made = agree(city, rule="second", amount=5).get_json()
    operator, at = city.users["operator"], today.replace("-10", "-09T18:00:00Z")
    expected = [
        {"rule": "minute", "amount": 9, "until": today, "by": operator, "at": at},
        {"rule": "second", "amount": 5, "until": None, "by": operator, "at": at},
    ]
    assert made["overrides"] == expected
    address = f"/api/v1/apps/{city.application}/subscriptions"
    assert city.client("editor").get(address).get_json()["data"][0]["overrides"] == expected
    page = city.client("editor").get(f"/developers/apps/{city.application}/subscriptions")
    assert f'quy tắc minute là 9, đến hết ngày <time datetime="{today}">' in page.get_data(as_text=True)


def test_what_is_over_is_shown_no_more(city: City, today: str) -> None:
    agree(city, rule="minute", amount=7, until=today)
    now = city.platform.clock() + timedelta(days=1)
    city.platform.clock = lambda: now
    address = f"/api/v1/apps/{city.application}/subscriptions"
    assert city.client("editor").get(address).get_json()["data"][0]["overrides"] == []
