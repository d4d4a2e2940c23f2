"""A subscription that is paused or not approved yet stands back for another plan, and that is said."""

from typing import Any

import pytest

from opendata.services.plans.book import PlanBook
from opendata.testing.web import City


@pytest.fixture
def asked(city: City) -> dict[str, Any]:
    """The member's application has asked for a product that is approved by hand."""
    product = {"title": {"vi": "Tất cả"}, "plan": "partner", "apis": ["*"], "approval": "manual"}
    city.client("admin").put(f"/api/v1/organizations/{city.own}/products/tat-ca", json=product)
    me = city.client().get("/api/v1/me", headers={"X-Api-Key": city.key_of("member")}).get_json()
    address = f"/api/v1/apps/{me['application']}/subscriptions"
    made: dict[str, Any] = city.client("member").post(address, json={"product": "tat-ca"}).get_json()
    return made


def step(city: City, asked: dict[str, Any], **wish: str) -> None:
    answer = city.client("admin").post(f"/api/v1/subscriptions/{asked['id']}/steps", json=wish)
    assert answer.status_code == 200


def limits(city: City) -> tuple[str, list[dict[str, Any]]]:
    """The plan that counts, and what it counts in the place of."""
    city.platform.part(PlanBook).forget()
    told = city.client().get("/api/v1/me/limits", headers={"X-Api-Key": city.key_of("member")}).get_json()
    return told["plan"], told["held_back"]


def page(city: City, asked: dict[str, Any], prefix: str = "") -> str:
    answer = city.client("member").get(f"{prefix}/developers/apps/{asked['application']}/subscriptions")
    return answer.get_data(as_text=True)


def test_it_is_told_where_limits_are(city: City, asked: dict[str, Any]) -> None:
    held = {"id": asked["id"], "product": "tat-ca", "plan": "partner"}
    assert limits(city) == ("basic", [{**held, "state": "pending", "reason": None}])
    step(city, asked, step="approve")
    assert limits(city) == ("partner", [])
    step(city, asked, step="pause", reason="Xem lại.")
    assert limits(city) == ("basic", [{**held, "state": "paused", "reason": "Xem lại."}])
    step(city, asked, step="end")
    assert limits(city) == ("basic", [])


def test_it_is_told_on_the_page(city: City, asked: dict[str, Any]) -> None:
    limits(city)
    assert "Chưa được duyệt: đang tính theo gói basic." in page(city, asked)
    step(city, asked, step="approve")
    limits(city)
    assert "đang tính theo gói" not in page(city, asked)
    step(city, asked, step="pause", reason="Xem lại.")
    limits(city)
    assert "Tạm dừng: đang tính theo gói basic." in page(city, asked)
    assert "counted by the plan basic" in page(city, asked, "/en")


def test_a_product_that_counts_for_no_open_data_holds_nothing_back(city: City) -> None:
    product = {"title": {"vi": "Riêng"}, "plan": "partner", "apis": [], "approval": "manual"}
    city.client("admin").put(f"/api/v1/organizations/{city.own}/products/rieng", json=product)
    me = city.client().get("/api/v1/me", headers={"X-Api-Key": city.key_of("member")}).get_json()
    address = f"/api/v1/apps/{me['application']}/subscriptions"
    assert city.client("member").post(address, json={"product": "rieng"}).get_json()["state"] == "pending"
    assert limits(city) == ("basic", [])
