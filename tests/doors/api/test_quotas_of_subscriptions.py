"""What was used of a subscription's quota stays used, whatever is done to the subscription."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from opendata.base.kit.clock import utc_now
from opendata.services.plans.book import PlanBook
from opendata.services.plans.meter import Meter
from opendata.testing.web import ApiClient, City

URL = "/api/v1/datasets"
PLAN = "theo-dang-ky"
MONTH = [200, 200, 200, 429]
"""What four calls give by three a month."""


@pytest.fixture
def subscribed(city: City) -> City:
    """The member's application may call three times a month; in the middle of one, which is not over while
    the test lasts."""
    middle = (utc_now().replace(day=1) + timedelta(days=32)).replace(day=15)
    city.platform.clock = lambda: middle
    write(city, "3/calmonth")
    product = {"title": {"vi": "Tất cả"}, "plan": PLAN, "apis": ["*"], "approval": "auto"}
    offered = city.client("admin").put(f"/api/v1/organizations/{city.own}/products/tat-ca", json=product)
    assert offered.status_code == 200
    subscribe(city)
    return city


def write(city: City, limits: str) -> None:
    body = {"limits": limits, "partition": "subscription"}
    assert city.client("operator").post(f"/api/v1/plans/{PLAN}/versions", json=body).status_code == 201


def pass_a_minute(city: City) -> None:
    later = city.platform.clock() + timedelta(minutes=1)
    city.platform.clock = lambda: later
    city.platform.part(PlanBook).forget()


def app_of(city: City) -> str:
    """Asked for without its key, whose calls are counted."""
    key_of(city)
    apps = city.client("member").get("/api/v1/apps").get_json()["data"]
    return next(str(app["id"]) for app in apps if app["name"].startswith("member "))


def key_of(city: City) -> dict[str, str]:
    return {"X-Api-Key": city.key_of("member")}


def subscribe(city: City) -> str:
    address = f"/api/v1/apps/{app_of(city)}/subscriptions"
    made = city.client("member").post(address, json={"product": "tat-ca"}).get_json()
    assert made["state"] == "active"
    pass_a_minute(city)
    return str(made["id"])


def subscription_of(city: City, client: ApiClient) -> str:
    found = client.get(f"/api/v1/apps/{app_of(city)}/subscriptions").get_json()["data"]
    return str(found[0]["id"])


def calls(city: City, number: int) -> list[int]:
    client = city.client()
    return [client.get(URL, headers=key_of(city)).status_code for _ in range(number)]


def end_and_ask_again(city: City) -> None:
    member = city.client("member")
    steps = f"/api/v1/subscriptions/{subscription_of(city, member)}/steps"
    assert member.post(steps, json={"step": "end"}).get_json()["state"] == "ended"
    subscribe(city)


def move_to_a_new_version(city: City) -> None:
    write(city, "3/calmonth; 1000000/second")
    pass_a_minute(city)
    admin = city.client("admin")
    plan = f"/api/v1/subscriptions/{subscription_of(city, city.client('member'))}/plan"
    assert admin.put(plan, json={"plan": PLAN}).get_json()["plan_number"] == 2


def hand_over(city: City) -> None:
    app = app_of(city)
    offer = {"email": "editor@haiphong.example"}
    assert city.client("member").post(f"/api/v1/apps/{app}/transfer", json=offer).status_code == 201
    assert city.client("editor").post(f"/api/v1/me/transfers/{app}/accept").status_code == 200


@pytest.mark.parametrize("step", [end_and_ask_again, move_to_a_new_version, hand_over])
def test_what_was_used_stays_used(subscribed: City, step: Callable[[City], None]) -> None:
    used = len(calls(subscribed, 1))
    step(subscribed)
    pass_a_minute(subscribed)
    assert calls(subscribed, 4 - used) == MONTH[used:]


def test_the_ledger_goes_on_where_the_subscription_before_it_ended(subscribed: City) -> None:
    calls(subscribed, 1)
    end_and_ask_again(subscribed)
    calls(subscribed, 1)
    subscribed.platform.part(Meter).count()
    page = subscribed.client("member").get(f"/developers/apps/{app_of(subscribed)}/usage")
    assert "Đã dùng 2 " in page.get_data(as_text=True)
