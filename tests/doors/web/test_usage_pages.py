"""Usage and subscriptions on pages, in both languages."""

import re
from datetime import datetime, timedelta

import pytest

from opendata.base.kit.clock import utc_now
from opendata.services.access import applications, keys
from opendata.services.plans.book import PlanBook
from opendata.services.plans.meter import Meter
from opendata.testing.web import City

URL = "/api/v1/datasets"


def called(city: City) -> str:
    """The member's application, after calls that went well and one that did not."""
    city.limit("basic", "1000000/second", "10/calmonth")
    secret, client = city.key_of("member"), city.client()
    app = client.get("/api/v1/me", headers={"X-Api-Key": secret}).get_json()["application"]
    for path in (f"{URL}/{city.published}", URL, f"{URL}?wrong=1"):
        client.get(path, headers={"X-Api-Key": secret})
    city.platform.part(Meter).count()
    return str(app)


def hold(city: City) -> datetime:
    """The clock, in the middle of the next month, so that none turns meanwhile."""
    middle = (utc_now().replace(day=1) + timedelta(days=32)).replace(day=15)
    city.platform.clock = lambda: middle
    return middle


def text_of(city: City, role: str, path: str, status: int = 200) -> str:
    answer = city.client(role).get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def test_a_call_is_seen_on_the_page_of_its_application(city: City) -> None:
    app = called(city)
    for prefix, words in (("", "Theo đường dẫn"), ("/en", "By route")):
        page = text_of(city, "member", f"{prefix}/developers/apps/{app}/usage?grain=day")
        assert words in page
        assert "/api/v1/datasets/&lt;dataset_id&gt;" in page
        assert "wrong=1" in page
        assert "bad_request" in page
        assert ("10 calls a month" if prefix else "10 lượt gọi mỗi tháng") in page
    text_of(city, "foreign", f"/developers/apps/{app}/usage", 404)
    text_of(city, "anonymous", f"/developers/apps/{app}/usage", 401)
    assert f"/developers/apps/{app}/usage" in text_of(city, "member", f"/developers/apps/{app}")


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_department_and_operators_have_their_views(city: City, prefix: str) -> None:
    app = called(city)
    mine = text_of(city, "member", f"{prefix}/desk/usage")
    assert "chat-luong-nuoc-bien" in mine
    assert app not in mine
    every = text_of(city, "operator", f"{prefix}/operator/usage")
    assert "/api/v1/datasets" in every
    text_of(city, "admin", "/operator/usage", 403)


def test_a_subscription_goes_from_wish_to_end_by_forms(city: City) -> None:
    app = called(city)
    product = {"title": {"vi": "Tất cả"}, "plan": "partner", "apis": ["*"], "approval": "manual"}
    admin, member = city.client("admin"), city.client("member")
    admin.put(f"/api/v1/organizations/{city.own}/products/tat-ca", json=product)
    address = f"/developers/apps/{app}/subscriptions"
    assert "tat-ca" in member.get(address).get_data(as_text=True)
    form = {"action": "subscribe", "product": "tat-ca", "csrf_token": member.token}
    assert member.post(address, data=form).status_code == 303
    for body, number in ((city.own, 1), (city.foreign, 0)):  # of the department that is looked at alone
        page = text_of(city, "operator", f"/desk/usage?organization={body}")
        assert f"{number} yêu cầu chờ quyết định" in page
    waiting = admin.get("/desk/requests").get_data(as_text=True)
    assert "Chấp thuận" in waiting
    held = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"][0]
    step = {"action": "approve", "subscription": held["id"], "csrf_token": admin.token}
    assert admin.post("/desk/requests", data=step).status_code == 303
    city.platform.part(PlanBook).forget()
    limits = city.client().get("/api/v1/me/limits", headers={"X-Api-Key": city.key_of("member")}).get_json()
    assert limits["plan"] == "partner"
    end = {"action": "end", "subscription": held["id"], "csrf_token": member.token}
    assert member.post(address, data=end).status_code == 303
    assert member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"][0]["state"] == "ended"
    assert member.post(address, data=form | {"product": "none"}).status_code == 404


def used_quotas(city: City, app: str) -> list[str]:
    """As the page says: how much of each."""
    page = text_of(city, "member", f"/developers/apps/{app}/usage")
    return re.findall(r"Đã dùng ([\d.]+) \(<span class=\"num\">(\d+)", page)


def test_quotas_are_shown_by_what_their_rules_count_by(city: City) -> None:
    """A subscription to a plan that counts by owner draws from the quotas of the owner."""
    hold(city)
    app = called(city)
    assert used_quotas(city, app) == [("4", "40")]
    offer = {"title": {"vi": "Tự lấy"}, "plan": "basic", "apis": ["*"], "approval": "auto"}
    city.client("admin").put(f"/api/v1/organizations/{city.own}/products/tu-lay", json=offer)
    made = city.client("member").post(f"/api/v1/apps/{app}/subscriptions", json={"product": "tu-lay"})
    assert made.get_json()["state"] == "active"
    city.platform.part(PlanBook).forget()
    city.platform.part(Meter).count()
    (shown,) = used_quotas(city, app)
    assert int(shown[0]) >= 4


def test_a_window_that_slides_is_shown_for_each_key(city: City) -> None:
    hold(city)
    city.limit("test", "1000000/second", "10/day")
    with city.platform.work(city.caller("member")) as work:
        made = applications.create(work, "Thử", env="test")
        secrets = [keys.create(work, made, name).secret for name in ("một", "hai", "ba")]
        app = made.id
    for secret, calls in zip(secrets, (2, 9, 0), strict=True):
        for _ in range(calls):
            assert city.client().get(URL, headers={"X-Api-Key": secret}).status_code == 200
    assert sorted(used_quotas(city, app)) == [("2", "20"), ("9", "90")]
    page = text_of(city, "member", f"/en/developers/apps/{app}/usage")
    assert "key hai" in page
    assert "given back little by little" in page
    assert "key ba" not in page


def test_a_month_that_is_over_is_not_shown_as_the_present_one(city: City) -> None:
    now = hold(city)
    app = called(city)
    assert used_quotas(city, app)
    city.platform.clock = lambda: now + timedelta(days=31)
    assert not used_quotas(city, app)
