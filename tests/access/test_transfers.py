"""An application changes hands once both sides agree, and what the former owner knows ends soon."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opendata.base.models import ApiKey, Application, User, WebhookEndpoint
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications, keys, notices, transfers, webhooks
from opendata.services.access.changes import Changes
from opendata.services.access.oauth import addresses, clients
from opendata.testing.web import City, problem_of


def own_app(city: City, role: str = "editor", *, wanted: tuple[str, ...] = ("read", "publish")) -> str:
    with city.platform.work(city.caller(role)) as work:
        made = applications.create(work, "Bản đồ", wanted=wanted)
        webhooks.add(work, made, "https://app.example/h")
        return made.id


def offer(city: City, app: str, *, role: str = "editor", status: int = 201, **body: str) -> Any:
    answer = city.client(role).post(f"/api/v1/apps/{app}/transfer", json=body)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


def take(city: City, app: str, role: str) -> int:
    return city.client(role).post(f"/api/v1/me/transfers/{app}/accept").status_code


def test_nothing_changes_until_the_other_side_agrees(city: City) -> None:
    app = own_app(city)
    offer(city, app, email="Foreign@haiphong.example")
    assert city.client("foreign").get(f"/api/v1/apps/{app}").status_code == 404
    assert city.client("editor").get(f"/api/v1/apps/{app}").status_code == 200
    listed = city.client("foreign").get("/api/v1/me/transfers").get_json()["data"]
    assert [item["application"] for item in listed] == [app]
    for role in ("member", "admin", "operator"):
        assert take(city, app, role) == 404
    assert take(city, app, "foreign") == 200
    assert city.client("foreign").get(f"/api/v1/apps/{app}").status_code == 200
    assert city.client("editor").get(f"/api/v1/apps/{app}").status_code == 404
    assert take(city, app, "foreign") == 404
    for role in ("editor", "foreign"):
        kinds = [item["kind"] for item in city.client(role).get("/api/v1/me/notices").get_json()["data"]]
        assert "application.transferred" in kinds


def test_secrets_the_former_owner_knows_end_and_can_do_less(city: City) -> None:
    """Else one could offer an application to an admin and act with his roles by a key of it."""
    app = own_app(city)
    with city.platform.work(city.caller("editor")) as work:
        found = applications.get(work, app)
        made = keys.create(work, found, "chính", wanted=["read", "publish"])
        client = clients.create(work, found, "chính", grants=[addresses.CREDENTIALS]).client.id
    offer(city, app, email="admin@haiphong.example")
    assert take(city, app, "admin") == 200
    city.platform.part(Changes).look()
    headers = {"X-Api-Key": made.secret}
    me = city.client().get("/api/v1/me", headers=headers).get_json()
    assert me["scopes"] == ["read"]
    problem_of(
        city.client().post("/api/v1/datasets", json={"title": {"vi": "x"}}, headers=headers),
        403,
        "insufficient_scope",
    )
    with city.platform.read(SYSTEM) as work:
        key = work.session.get_one(ApiKey, made.key.id)
        assert key.expires_at <= work.now + timedelta(days=7, minutes=1)
        assert clients.usable(work, client) is None, "people trusted the former owner"
        assert work.session.query(WebhookEndpoint).filter_by(application_id=app).all() == []


def test_a_key_the_former_owner_knows_reads_whatever_the_application_is_given_later(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("editor")) as work:
        made = keys.create(work, applications.get(work, app), "chính", wanted=["read", "publish"])
    offer(city, app, email="admin@haiphong.example")
    assert take(city, app, "admin") == 200
    with city.platform.work(city.caller("admin")) as work:
        applications.edit(work, applications.get(work, app), {"scopes": ["read", "publish"]})
    city.platform.part(Changes).look()
    me = city.client().get("/api/v1/me", headers={"X-Api-Key": made.secret}).get_json()
    assert me["scopes"] == ["read"]


def test_an_organisation_takes_by_those_who_look_after_its_applications(city: City) -> None:
    app = own_app(city, "member", wanted=("read",))
    slug = city.client("member").get("/api/v1/me/organizations").get_json()["data"][0]["slug"]
    offer(city, app, role="member", organization=slug)
    assert take(city, app, "foreign") == 404
    assert take(city, app, "member") == 404
    assert take(city, app, "editor") == 200
    with city.platform.read(SYSTEM) as work:
        found = work.session.get_one(Application, app)
        assert (found.owner_user_id, found.owner_org_id) == (None, city.own)


def test_an_offer_can_be_taken_back_declined_and_ends_by_itself(city: City) -> None:
    app = own_app(city)
    for role in ("editor", "foreign"):
        offer(city, app, email="foreign@haiphong.example")
        assert city.client("member").delete(f"/api/v1/me/transfers/{app}").status_code == 404
        assert city.client(role).delete(f"/api/v1/me/transfers/{app}").status_code == 200
        assert take(city, app, "foreign") == 404
    offer(city, app, email="foreign@haiphong.example")
    began = city.platform.clock()
    city.platform.clock = lambda: began + timedelta(days=15)
    with city.platform.read(city.caller("foreign")) as work:
        assert work.session.get_one(Application, app).owner_user_id == city.users["editor"]


def test_an_offer_tells_nothing_about_who_has_an_account(city: City) -> None:
    app = own_app(city)
    known = offer(city, app, email="foreign@haiphong.example").get_json()
    unknown = offer(city, app, email="khong.co@haiphong.example").get_json()
    assert {**known, "expires": ""} == {**unknown, "expires": ""}


def test_who_is_offered_the_same_again_hears_of_it_once_a_day(city: City) -> None:
    app = own_app(city)

    def told() -> int:
        with city.platform.work(city.caller("editor")) as work:
            transfers.offer(work, applications.get(work, app), email="foreign@haiphong.example")
        with city.platform.read(city.caller("foreign")) as work:
            return [row.kind for row in notices.mine(work)].count("application.offered")

    city.platform.clock = lambda: datetime(2026, 11, 3, 5, tzinfo=UTC)
    assert told() == 1
    city.platform.clock = lambda: datetime(2026, 11, 3, 9, tzinfo=UTC)
    assert told() == 1
    city.platform.clock = lambda: datetime(2026, 11, 4, 5, tzinfo=UTC)
    assert told() == 2


def test_only_who_has_a_confirmed_address_writes_to_others(city: City) -> None:
    app = own_app(city)
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["editor"]).confirmed_at = None
    problem_of(offer(city, app, status=403, email="foreign@haiphong.example"), 403, "email_not_confirmed")


def test_only_a_confirmed_address_takes(city: City) -> None:
    app = own_app(city)
    offer(city, app, email="foreign@haiphong.example")
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["foreign"]).confirmed_at = None
    assert take(city, app, "foreign") == 404


@pytest.mark.parametrize("body", [{}, {"email": "không phải"}, {"email": "a@b.example", "organization": "x"}])
def test_it_is_said_to_whom(city: City, body: dict[str, str]) -> None:
    offer(city, own_app(city), status=404 if "organization" in body else 422, **body)


def test_nobody_offers_to_himself_and_nobody_elses(city: City) -> None:
    app = own_app(city)
    offer(city, app, status=409, email="editor@haiphong.example")
    offer(city, app, role="foreign", status=404, email="foreign@haiphong.example")


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_pages_do_the_same(city: City, prefix: str) -> None:
    app, editor, foreign = own_app(city), city.client("editor"), city.client("foreign")
    page = f"{prefix}/developers/apps/{app}"
    form = {"csrf_token": editor.token, "action": "offer", "email": "foreign@haiphong.example"}
    assert editor.post(page, data=form | {"email": "không"}).status_code == 422
    assert editor.post(page, data=form).status_code == 303
    assert "foreign@haiphong.example" in editor.get(page).get_data(as_text=True)
    assert editor.post(page, data={"csrf_token": editor.token, "action": "keep"}).status_code == 303
    assert editor.post(page, data=form).status_code == 303
    listed = foreign.get(f"{prefix}/developers/apps").get_data(as_text=True)
    assert ("Offered to you" if prefix else "Chờ bạn nhận") in listed
    decided = {"csrf_token": foreign.token, "application": app, "action": "accept"}
    answer = foreign.post(f"{prefix}/developers/apps/transfers", data=decided)
    assert answer.headers["Location"].endswith(f"/developers/apps/{app}")
    assert foreign.get(page).status_code == 200
