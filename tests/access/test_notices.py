"""People are told of their keys, quotas and subscriptions: once, in the page, by mail, in both languages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.base.models import ApiKey, Application, Mail, Notice, Product, User
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications, keys, notices, signup
from opendata.services.plans import ledger, products, reminders, subscriptions
from opendata.testing.web import City

URL = "/api/v1/me/notices"


def told(city: City, role: str) -> list[str]:
    """Kinds of what somebody was told, the oldest first."""
    with city.platform.read(city.caller(role)) as work:
        return [row.kind for row in reversed(notices.mine(work))]


def mails_to(city: City, role: str, part: str = "") -> Sequence[Mail]:
    with city.platform.read() as work:
        query = select(Mail).where(Mail.to == f"{role}@haiphong.example", Mail.subject.contains(part))
        return work.session.scalars(query).all()


def own_app(city: City, role: str = "member") -> Application:
    with city.platform.work(city.caller(role)) as work:
        return applications.create(work, "Ứng dụng thử")


def test_the_life_of_a_key_is_told_to_its_owner(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("member")) as work:
        made = keys.create(work, app, "máy chủ")
        heir = keys.rotate(work, app, made.key)
        keys.revoke(work, app, heir.key, reason="thử")
        keys.revoke(work, app, heir.key, reason="lần nữa")
    assert told(city, "member") == ["key.created", "key.rotated", "key.revoked"]
    assert len(mails_to(city, "member", "máy chủ")) == 3
    for mail in mails_to(city, "member"):
        assert made.secret not in mail.body
        assert heir.secret not in mail.body
    assert told(city, "foreign") == []


def test_the_reason_of_a_stop_tells_no_key(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("member")) as work:
        made = keys.create(work, app, "máy chủ")
    with city.platform.work(SYSTEM) as work:
        applications.suspend(work, work.session.get_one(Application, app.id), reason=f"lộ {made.secret}")
        stopped = work.session.scalars(select(Notice).where(Notice.kind == "application.suspended")).one()
    assert "lộ" in stopped.data["reason"]
    assert made.secret not in stopped.data["reason"]
    assert all(made.secret not in mail.body for mail in mails_to(city, "member"))


def test_the_key_of_a_sign_up_is_no_news(city: City) -> None:
    with city.platform.work() as work:
        made = signup.sign_up(work, "moi@vidu.example", "Người mới", "một câu dễ nhớ nhé")
    with city.platform.read() as work:
        assert work.session.scalar(select(Notice).where(Notice.user_id == made.user.id)) is None


def test_a_key_that_ends_is_told_30_7_and_1_days_before(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("member")) as work:
        key = keys.create(work, app, "sắp hết").key
        kept = keys.create(work, app, "còn lâu").key
    real = datetime.now(UTC)
    for days, number in ((40, 0), (31, 0), (29, 1), (20, 1), (7, 2), (3, 2), (1, 3), (0.5, 3)):
        with city.platform.work(SYSTEM) as work:
            work.session.get_one(ApiKey, key.id).expires_at = real + timedelta(days=60)
        city.platform.clock = lambda days=days: real + timedelta(days=60 - days)  # type: ignore[misc]
        reminders.remind(city.platform)
        reminders.remind(city.platform)
        assert told(city, "member").count("key.expiring") == number, days
    city.platform.clock = lambda: datetime.now(UTC)
    assert len(mails_to(city, "member", "sắp hết hạn")) == 3
    with city.platform.read() as work:
        assert (
            f"key:{kept.id}"
            not in work.session.scalars(select(Notice.subject).where(Notice.kind == "key.expiring")).all()
        )


def test_a_replaced_key_ends_on_purpose(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("member")) as work:
        made = keys.create(work, app, "cũ")
        keys.rotate(work, app, made.key, overlap_hours=24)
    reminders.remind(city.platform)
    assert "key.expiring" not in told(city, "member")


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_quotas_are_told_of_once_for_each_rule_and_period(city: City, locale: str) -> None:
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["member"]).locale = locale
    subject = f"user:{city.users['member']}"

    def spend(amount: int, *, rule: str = "calmonth", period: str = "2026-11") -> list[str]:
        with city.platform.work(SYSTEM) as work:
            ledger.add(work, subject, rule, period, amount=amount, limit=1000)
        return told(city, "member")

    assert spend(799) == []
    assert spend(1) == ["quota.warning"]
    assert spend(100) == ["quota.warning"]
    assert spend(100) == ["quota.warning", "quota.exhausted"]
    assert spend(500) == ["quota.warning", "quota.exhausted"]
    assert spend(800, period="2026-12")[2:] == ["quota.warning"]
    assert spend(1000, rule="rows-calmonth")[3:] == ["quota.exhausted"]
    subjects = {mail.subject for mail in mails_to(city, "member")}
    assert len(mails_to(city, "member")) == 4
    assert any(("quota" if locale == "en" else "hạn mức") in subject for subject in subjects)


def manual_product(city: City, **fields: Any) -> Product:
    with city.platform.work(city.caller("admin")) as work:
        return products.offer(
            work, "lich-tau", organization_id=city.own, plan="partner", title={"vi": "Tàu", "en": "Ships"},
            approval="manual", **fields,
        )  # fmt: skip


def test_a_request_is_told_to_those_who_decide_and_its_decision_to_who_asked(city: City) -> None:
    wanted, app = manual_product(city), own_app(city)
    with city.platform.work(city.caller("member")) as work:
        asked = subscriptions.subscribe(work, app, wanted)
    assert told(city, "admin").count("subscription.requested") == 1
    assert "subscription.requested" not in told(city, "editor")
    with city.platform.work(city.caller("admin")) as work:
        subscriptions.take_step(work, asked.id, "approve")
        subscriptions.take_step(work, asked.id, "pause", reason="Gọi sai cách.")
        subscriptions.take_step(work, asked.id, "resume")
        subscriptions.take_step(work, asked.id, "end")
    kinds = ["approved", "paused", "resumed", "ended"]
    assert told(city, "member") == [f"subscription.{kind}" for kind in kinds]
    page = city.client("member").get("/en/account/notices").get_data(as_text=True)
    assert "“Ships” is paused" in page
    assert "Gọi sai cách." in page


def product_of_the_portal(city: City) -> Product:
    with city.platform.work(city.caller("operator")) as work:
        return products.offer(
            work, "cua-cong", organization_id=None, plan="partner", title={"vi": "Của cổng"},
            approval="manual",
        )  # fmt: skip


def test_a_request_that_no_department_decides_is_told_to_operators(city: City) -> None:
    """The portal's own product, and that of a department that has lost its last admin."""
    nobodys, app = product_of_the_portal(city), own_app(city)
    with city.platform.work(city.caller("member")) as work:
        subscriptions.subscribe(work, app, nobodys)
    assert told(city, "operator") == ["subscription.requested"]
    wanted = manual_product(city)
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["admin"]).active = False
    app = own_app(city, "editor")
    with city.platform.work(city.caller("editor")) as work:
        subscriptions.subscribe(work, app, wanted)
    assert told(city, "operator") == ["subscription.requested"] * 2


def test_who_decides_is_reminded_once_when_the_promised_day_has_passed(city: City) -> None:
    wanted, app = manual_product(city), own_app(city)
    friday = datetime(2031, 1, 10, 3, tzinfo=UTC)
    city.platform.clock = lambda: friday
    with city.platform.work(city.caller("member")) as work:
        subscriptions.subscribe(work, app, wanted)
    for hours, number in ((71, 0), (95, 0), (97, 1), (400, 1)):
        city.platform.clock = lambda hours=hours: friday + timedelta(hours=hours)  # type: ignore[misc]
        reminders.remind(city.platform)
        assert told(city, "admin").count("subscription.overdue") == number, hours


def test_requests_nobody_can_be_told_of_keep_no_other_waiting(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal may be without operators; a reminder that was sent is no reason to stop."""
    monkeypatch.setattr(reminders, "BATCH", 1)
    nobodys = product_of_the_portal(city)
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["operator"]).operator = False
    wanted, apps = manual_product(city), [own_app(city), own_app(city, "editor")]
    with city.platform.work(city.caller("member")) as work:
        subscriptions.subscribe(work, apps[0], nobodys)
        subscriptions.subscribe(work, apps[0], wanted)
    with city.platform.work(city.caller("editor")) as work:
        subscriptions.subscribe(work, apps[1], wanted)
    city.platform.clock = lambda: datetime.now(UTC) + timedelta(days=20)
    assert [reminders.tell_of_waiting(city.platform) for _ in range(2)] == [2, 0]
    assert told(city, "admin").count("subscription.overdue") == 2


def test_keys_nobody_can_be_told_of_keep_no_other_waiting(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH", 1)
    for role in ("editor", "member"):
        with city.platform.work(city.caller(role)) as work:
            made = keys.create(work, applications.create(work, "Sắp hết"), "sắp hết").key
        with city.platform.work(SYSTEM) as work:
            ends = timedelta(hours=3 if role == "editor" else 4)
            work.session.get_one(ApiKey, made.id).expires_at = work.now + ends
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(User, city.users["editor"]).active = False
    reminders.tell_of_ends(city.platform, 1, 0)
    assert told(city, "member").count("key.expiring") == 1


def test_raised_terms_are_told_at_once_and_pause_after_thirty_days(city: City) -> None:
    start = datetime(2031, 1, 6, 3, tzinfo=UTC)
    city.platform.clock = lambda: start
    with city.platform.work(city.caller("admin")) as work:
        wanted = products.offer(
            work, "mo", organization_id=city.own, plan="partner", title={"vi": "Mở"}, terms_revision=1,
            terms={"vi": "Một."},
        )  # fmt: skip
    app, other = own_app(city), own_app(city, "editor")
    with city.platform.work(city.caller("member")) as work:
        late = subscriptions.subscribe(work, app, wanted, terms=1)
    with city.platform.work(city.caller("editor")) as work:
        quick = subscriptions.subscribe(work, other, wanted, terms=1)
    with city.platform.work(city.caller("admin")) as work:
        products.offer(work, "mo", organization_id=city.own, plan="partner", terms_revision=2)
    assert told(city, "member") == ["subscription.approved", "terms.changed"]
    with city.platform.work(city.caller("editor")) as work:
        subscriptions.accept_terms(work, quick.id, 2)
    for days, state in ((29, "active"), (31, "paused")):
        city.platform.clock = lambda days=days: start + timedelta(days=days)  # type: ignore[misc]
        reminders.remind(city.platform)
        with city.platform.read() as work:
            assert work.session.get_one(type(late), late.id).state == state
            assert work.session.get_one(type(late), quick.id).state == "active"
    assert told(city, "member")[-1] == "subscription.paused"
    with city.platform.work(city.caller("member")) as work:
        assert subscriptions.accept_terms(work, late.id, 2).state == "active"


def test_notices_are_counted_listed_and_marked_as_read(city: City) -> None:
    app = own_app(city)
    with city.platform.work(city.caller("member")) as work:
        for number in range(3):
            keys.create(work, app, f"khóa {number}")
    member = city.client("member")
    first = member.get(f"{URL}?size=2").get_json()
    assert first["meta"] == {"total": 3, "unread": 3}
    assert [item["title"] for item in first["data"]] == ["Khóa mới “khóa 2”", "Khóa mới “khóa 1”"]
    following = member.get(first["links"]["next"].replace("http://localhost", "")).get_json()
    assert [item["title"] for item in following["data"]] == ["Khóa mới “khóa 0”"]
    assert "(3)" in member.get("/account").get_data(as_text=True)
    newest = first["data"][1]["id"]
    assert member.post(f"{URL}/read", json={"up_to": newest}).get_json() == {"unread": 1}
    assert len(member.get(f"{URL}?unread=true").get_json()["data"]) == 1
    form = {"csrf_token": member.token, "up_to": str(first["data"][0]["id"])}
    assert member.post("/account/notices", data=form).status_code == 303
    assert member.get(URL).get_json()["meta"]["unread"] == 0
    assert city.client("foreign").get(URL).get_json()["meta"]["total"] == 0
    assert city.client().get(URL).status_code == 401


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_nothing_to_tell_is_said(city: City, prefix: str) -> None:
    page = city.client("spare").get(f"{prefix}/account/notices").get_data(as_text=True)
    assert ("No notices yet" if prefix else "Chưa có thông báo nào") in page
