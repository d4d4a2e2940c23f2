"""Usage and subscriptions over REST."""

import csv
import io

import pytest
from sqlalchemy import delete, insert

from opendata.base.kit.ids import new_id
from opendata.base.models import UsageRollup
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications, keys
from opendata.services.plans import reports
from opendata.services.plans.book import PlanBook
from opendata.services.plans.meter import Meter
from opendata.testing.web import City, problem_of

URL = "/api/v1/datasets"


def app_of(city: City, role: str) -> str:
    return (
        city.client(role)
        .get("/api/v1/me", headers={"X-Api-Key": city.key_of(role)})
        .get_json()["application"]
    )


def called(city: City) -> str:
    """The id of the member's application, after three good calls and two bad ones by its key."""
    secret, client = city.key_of("member"), city.client()
    app = app_of(city, "member")
    city.platform.part(Meter).count()
    for path in (URL, f"{URL}/{city.published}", URL, f"{URL}?no=1", f"{URL}/none"):
        client.get(path, headers={"X-Api-Key": secret})
    city.platform.part(Meter).count()
    return app


def test_the_owner_sees_calls_by_route_and_key(city: City) -> None:
    app = called(city)
    client = city.client("member")
    total = client.get(f"/api/v1/apps/{app}/usage?grain=day").get_json()["data"]
    assert [(row["calls"], row["client_errors"]) for row in total] == [(6, 2)]
    assert total[0]["p95_ms"] > 0
    routes = client.get(f"/api/v1/apps/{app}/usage?grain=minute&group_by=route").get_json()["data"]
    assert {row["group"] for row in routes} == {URL, f"{URL}/<dataset_id>", "/api/v1/me"}
    by_key = client.get(f"/api/v1/apps/{app}/usage?grain=month&group_by=key").get_json()["data"]
    assert len(by_key) == 1
    assert by_key[0]["group"].startswith("key_")


def test_a_report_is_a_file_for_spreadsheets_too(city: City) -> None:
    app = called(city)
    answer = city.client("member").get(f"/api/v1/apps/{app}/usage?grain=day&group_by=status&format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    text = answer.get_data(as_text=True)
    assert text.startswith("\ufeffstart,group,calls")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["group"], row["calls"]) for row in rows] == [("2xx", "4"), ("4xx", "2")]


def test_failed_calls_are_for_the_owner_alone(city: City) -> None:
    app = called(city)
    failed = city.client("member").get(f"/api/v1/apps/{app}/failed-calls").get_json()["data"]
    assert [(call["status"], call["code"], call["query"]) for call in failed] == [
        (404, "not_found", ""),
        (400, "bad_request", "no=1"),
    ]
    problem_of(city.client("editor").get(f"/api/v1/apps/{app}/failed-calls"), 404)
    problem_of(city.client("operator").get(f"/api/v1/apps/{app}/failed-calls"), 403)


def test_a_department_sees_how_much_and_not_by_whom(city: City) -> None:
    app = called(city)
    answer = city.client("editor").get(f"/api/v1/organizations/{city.own}/usage?grain=day")
    row = answer.get_json()["data"][0]
    assert (row["id"], row["calls"], row["applications"]) == (city.published, 1, 1)
    text = answer.get_data(as_text=True)
    assert app not in text
    assert city.users["member"] not in text
    problem_of(city.client("foreign").get(f"/api/v1/organizations/{city.own}/usage"), 403)


def test_operators_see_all(city: City) -> None:
    app = called(city)
    city.client().get(URL)
    city.platform.part(Meter).count()
    found = city.client("operator").get("/api/v1/usage?grain=hour").get_json()
    assert found["total"]["calls"] >= 7
    assert found["applications"][0]["id"] == app
    assert city.users["member"] not in str(found)


def test_sums_are_those_of_all_calls_however_many_rows_they_fill(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 20)
    app = app_of(city, "member")
    city.platform.part(Meter).count()
    with city.platform.work(SYSTEM) as work:
        work.session.execute(delete(UsageRollup))
        start = work.now.replace(minute=0, second=0, microsecond=0)
        made = {"grain": "hour", "start": start, "status_class": 2, "calls": 2, "bytes": 7, "ms_sum": 4}
        made |= {"application_id": app, "rows": 0, "throttled": 0, "buckets": [0, 2] + [0] * 14}
        others = [made | {"route": f"/api/{n}", "dataset_id": new_id()} for n in range(50)]
        downloads = {"route": "/api/v1/resources/<resource_id>/download", "dataset_id": city.published}
        work.session.execute(insert(UsageRollup), [*others, made | downloads])
    found = city.client("operator").get("/api/v1/usage?grain=hour").get_json()
    assert [found["total"][name] for name in ("calls", "bytes", "p95_ms")] == [102, 357, 2.0]
    assert [row["calls"] for row in found["course"]] == [102]
    assert [(row["id"], row["calls"]) for row in found["applications"]] == [(app, 102)]
    rows = city.client("editor").get(f"/api/v1/organizations/{city.own}/usage?grain=hour").get_json()["data"]
    shown = ("id", "calls", "downloads", "bytes", "applications")
    assert [[row[name] for name in shown] for row in rows] == [[city.published, 2, 2, 7, 1]]
    usage = f"/api/v1/apps/{app}/usage?grain=hour"
    (row,) = city.client("member").get(usage).get_json()["data"]
    assert (row["calls"], row["p50_ms"]) == (102, 2.0)
    problem_of(city.client("member").get(f"{usage}&group_by=route"), 422)


@pytest.mark.parametrize(
    "query",
    ["from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "grain=minute&from=2020-01-01T00:00:00Z"],
)
def test_a_time_that_cannot_be_reported_is_refused(city: City, query: str) -> None:
    app = app_of(city, "member")
    problem_of(city.client("member").get(f"/api/v1/apps/{app}/usage?{query}"), 422)


def test_a_subscription_that_was_approved_brings_its_plan(city: City) -> None:
    admin, member = city.client("admin"), city.client("member")
    product = {"title": {"vi": "Tất cả"}, "plan": "partner", "apis": ["*"], "approval": "manual"}
    assert admin.put(f"/api/v1/organizations/{city.own}/products/tat-ca", json=product).status_code == 200
    app, secret = app_of(city, "member"), city.key_of("member")
    made = member.post(f"/api/v1/apps/{app}/subscriptions", json={"product": "tat-ca"}).get_json()
    assert made["state"] == "pending"

    def plan() -> str:
        city.platform.part(PlanBook).forget()
        limits = city.client().get("/api/v1/me/limits", headers={"X-Api-Key": secret}).get_json()
        return f"{limits['plan']} {limits['counted_as'].partition(':')[0]}"

    assert plan() == "basic user"
    steps = f"/api/v1/subscriptions/{made['id']}/steps"
    problem_of(member.post(steps, json={"step": "approve"}), 403)
    assert admin.post(steps, json={"step": "approve"}).get_json()["state"] == "active"
    assert plan() == "partner sub"
    problem_of(admin.post(steps, json={"step": "pause"}), 422)
    assert admin.post(steps, json={"step": "pause", "reason": "Xem lại."}).get_json()["state"] == "paused"
    assert plan() == "basic user"
    assert member.post(steps, json={"step": "end"}).get_json()["state"] == "ended"
    problem_of(admin.post(steps, json={"step": "resume"}), 409, "step_not_possible")
    again = member.post(f"/api/v1/apps/{app}/subscriptions", json={"product": "tat-ca"})
    assert again.status_code == 201
    twice = member.post(f"/api/v1/apps/{app}/subscriptions", json={"product": "tat-ca"})
    problem_of(twice, 409, "already_subscribed")


def test_terms_have_to_be_accepted_as_they_stand(city: City) -> None:
    admin, member = city.client("admin"), city.client("member")
    product = {"title": {"vi": "Có điều khoản"}, "plan": "basic", "terms": {"vi": "…"}, "terms_revision": 2}
    admin.put(f"/api/v1/organizations/{city.own}/products/dieu-khoan", json=product)
    address = f"/api/v1/apps/{app_of(city, 'member')}/subscriptions"
    problem_of(member.post(address, json={"product": "dieu-khoan"}), 403, "terms_not_accepted")
    problem_of(member.post(address, json={"product": "dieu-khoan", "terms": 1}), 403, "terms_not_accepted")
    assert member.post(address, json={"product": "dieu-khoan", "terms": 2}).get_json()["state"] == "active"


def test_departments_and_operators_take_their_figures_as_files(city: City) -> None:
    with city.platform.work(city.caller("member")) as work:
        made = applications.create(work, "=HYPERLINK(1)")
        secret = keys.create(work, made, "máy").secret
    city.client().get(f"/api/v1/datasets/{city.published}", headers={"X-Api-Key": secret})
    city.platform.part(Meter).count()
    own = city.client("member").get(f"/api/v1/organizations/{city.own}/usage?grain=day&format=csv")
    (row,) = csv.DictReader(io.StringIO(own.get_data(as_text=True).removeprefix("\ufeff")))
    assert (row["title_vi"], row["calls"], row["applications"]) == ("Chất lượng nước biển", "1", "1")
    every = city.client("operator").get("/api/v1/usage?grain=day&format=csv")
    rows = list(csv.DictReader(io.StringIO(every.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["name"] for row in rows if row["id"]] == ["'=HYPERLINK(1)"]
    assert city.client("admin").get("/api/v1/usage?format=csv").status_code == 403
