"""Plans, products and subscriptions as one document: out, compared, brought about, and the same again."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.kit.errors import OpenDataError
from opendata.base.models import Application, AuditEvent, PlanVersion, Subscription
from opendata.base.runtime import SYSTEM
from opendata.doors.cli.commands import access
from opendata.services.plans import declaration, plans, products, subscriptions
from opendata.settings import load
from opendata.testing.web import City

NEW = {
    "plans": {
        "vang": {
            "title": {"vi": "Vàng", "en": "Gold"},
            "counted_by": "subscription",
            "limits": ["50/second burst 100", "9000000/calmonth", {"unit": "rows", "amount": 5, "name": "it",
                        "window": "hour"}],
            "page_max": 5000,
        }
    },
    "products": {
        "lich-tau": {
            "organization": "so-nong-nghiep-va-moi-truong",
            "plan": "vang",
            "title": {"vi": "Lịch tàu", "en": "Ship calls"},
            "approval": "manual",
            "apis": ["*"],
        }
    },
}  # fmt: skip


def done(city: City, wanted: Any) -> list[declaration.Difference]:
    with city.platform.work(city.caller("operator")) as work:
        return declaration.apply(work, wanted)


def compared(city: City, wanted: Any) -> list[declaration.Difference]:
    with city.platform.read(city.caller("operator")) as work:
        return declaration.compare(work, wanted)


def exported(city: City) -> dict[str, Any]:
    with city.platform.read(city.caller("operator")) as work:
        found: dict[str, Any] = yaml.safe_load(yaml.safe_dump(declaration.export(work), allow_unicode=True))
        return found


def test_what_is_written_out_differs_from_nothing(city: City) -> None:
    done(city, NEW)
    assert compared(city, exported(city)) == []


def test_a_document_is_brought_about_once(city: City) -> None:
    wanted = {
        **NEW,
        "subscriptions": [{"application": city.application, "product": "lich-tau", "state": "active"}],
    }
    assert [(item.section, item.new) for item in compared(city, wanted)] == [
        ("plans", True), ("products", True), ("subscriptions", True),
    ]  # fmt: skip
    assert len(done(city, wanted)) == 3
    assert done(city, wanted) == []
    out = exported(city)
    assert out["plans"]["vang"]["limits"][:2] == ["50/second burst 100", "9000000/calmonth"]
    assert out["products"]["lich-tau"]["approval"] == "manual"
    assert {"application": city.application, "product": "lich-tau", "plan": "vang", "state": "active",
            "terms_accepted": None} in out["subscriptions"]  # fmt: skip
    with city.platform.read() as work:
        actions = set(work.session.scalars(select(AuditEvent.action)))
    assert {"plan.write", "product.offer", "subscription.request", "subscription.approve"} <= actions


def test_what_is_not_named_stays_and_a_changed_plan_is_a_new_version(city: City) -> None:
    done(city, NEW)
    change = {"plans": {"vang": {"page_max": 700}}}
    (difference,) = done(city, change)
    assert difference.fields == {"page_max": (5000, 700)}
    plan = exported(city)["plans"]["vang"]
    assert plan["page_max"] == 700
    assert len(plan["limits"]) == 3
    with city.platform.read() as work:
        numbers = work.session.scalars(
            select(PlanVersion.number).where(PlanVersion.plan_slug == "vang")
        ).all()
    assert sorted(numbers) == [1, 2]


def test_subscriptions_go_through_their_steps_and_no_further(city: City) -> None:
    pair = {"application": city.application, "product": "du-lieu-mo"}
    for state in ("paused", "active", "ended"):
        done(city, {"subscriptions": [{**pair, "state": state}]})
        with city.platform.read() as work:
            found = work.session.get_one(Subscription, city.subscription)
            assert found.state == state
    assert exported(city)["subscriptions"] == []


def test_an_ended_subscription_that_is_not_there_is_left_alone(city: City) -> None:
    pair = {"application": city.application, "product": "du-lieu-mo"}
    assert len(done(city, {"subscriptions": [{**pair, "state": "ended"}]})) == 1
    for state in subscriptions.FINAL:
        assert done(city, {"subscriptions": [{**pair, "state": state}]}) == []


def test_a_paused_subscription_is_brought_about_where_it_is_not_there(city: City) -> None:
    subscription = {"application": city.application, "product": "lich-tau", "state": "paused"}
    wanted = {**NEW, "subscriptions": [subscription]}
    assert len(done(city, wanted)) == 3
    assert compared(city, wanted) == []


def test_every_pair_of_states_is_reached_by_the_steps_there_are() -> None:
    for (before, after), step in declaration.STEP_TO.items():
        assert before in subscriptions.STEPS[step][0]
        assert after == subscriptions.STEPS[step][1]
    assert len(declaration.STEP_TO) == sum(len(before) for before, _ in subscriptions.STEPS.values())


def test_a_plan_behind_the_bound_of_the_listing_is_known(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    done(city, NEW)
    monkeypatch.setattr(plans, "listing", lambda *_, **__: [])
    assert compared(city, {"plans": NEW["plans"]}) == []


WRONG: list[Any] = [
    {"plan": {}},
    {"plans": {"vang": {"limits": []}}},
    {"plans": {"vang": {"limits": ["1/fortnight"]}}},
    {"plans": {"vang": {"colour": "red"}}},
    {"products": {"moi": {"organization": "khong-co", "plan": "basic", "title": {"vi": "Mới"}}}},
    {"subscriptions": [{"application": "app_x", "product": "du-lieu-mo"}]},
    {"subscriptions": [{"product": "du-lieu-mo"}]},
    {"subscriptions": [{"application": "a", "product": "b", "state": "forever"}]},
    {"subscriptions": {"a": 1}},
    {"plans": {"vang": {"limits": None}}},
    {"plans": {"vang": {"page_max": "100"}}},
    {"plans": {"vang": {"page_max": 0}}},
    {"plans": {"vang": {"title": "Vàng"}}},
    {"plans": {"vang": {"self_service": "yes"}}},
    {"plans": {"vang": None}},
    {"plans": {7: {}}},
    {"products": {"lich-tau": {**NEW["products"]["lich-tau"], "apis": "*"}}},
    {"products": {"lich-tau": {**NEW["products"]["lich-tau"], "decide_by_days": None}}},
    {"products": {"du-lieu-mo": {"organization": None}}},
    {"subscriptions": [{"application": "a", "product": "b", "state": ["active"]}]},
    {"subscriptions": [{"application": "a", "product": "b", "terms_accepted": "1"}]},
    [],
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_nothing_is_done_where_one_part_is_wrong(city: City, wrong: Any) -> None:
    before = exported(city)
    with pytest.raises(OpenDataError):
        done(city, {**NEW, **wrong} if isinstance(wrong, dict) else wrong)
    assert exported(city) == before


def test_by_the_command_line_with_a_dry_run(terminal: Any, tmp_path: Path) -> None:
    terminal.ok("migrate")
    document = yaml.safe_load(terminal.ok("access", "export"))
    assert {"anonymous", "basic", "partner"} <= set(document["plans"])
    document["plans"]["basic"]["limits"][1] = "700/minute"
    file = tmp_path / "access.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    for _ in range(2):
        shown = terminal.ok("access", "apply", str(file), "--dry-run")
        assert "~ plans basic" in shown
        assert "600/minute" in shown
        assert "700/minute" in shown
    terminal.ok("access", "apply", str(file))
    assert "Không có khác biệt." in terminal.ok("access", "apply", str(file), "--dry-run")
    assert "700/minute" in terminal.ok("plan", "list")
    file.write_text("plans: [", encoding="utf-8")
    assert terminal.call("access", "apply", str(file)) == 1


def test_a_network_is_blocked_from_the_command_line(terminal: Any) -> None:
    terminal.ok("migrate")
    assert terminal.call("access", "block", "203.0.113.0/24") == 2
    terminal.ok("access", "block", "203.0.113.0/24", "--reason", "Quét cổng.", "--hours", "5")
    (row,) = terminal.json("access", "blocks")
    assert (row["network"], row["reason"]) == ("203.0.113.0/24", "Quét cổng.")
    platform = assemble_of(terminal)
    client = create_app(platform=platform).test_client()
    assert client.get("/", environ_overrides={"REMOTE_ADDR": "203.0.113.5"}).status_code == 403
    platform.close()
    terminal.ok("access", "unblock", "203.0.113.0/24", "--reason", "Xong.")
    assert terminal.json("access", "blocks") == []


def test_only_the_network_that_is_named_is_let_in_again(terminal: Any) -> None:
    terminal.ok("migrate")
    for network in ("203.0.113.0/24", "203.0.113.0/25", "203.0.113.0", "2001:db8::/32"):
        terminal.ok("access", "block", network, "--reason", "Quét cổng.")
    assert terminal.call("access", "unblock", "198.51.100.0/24", "--reason", "Xong.") == 1
    terminal.ok("access", "unblock", "203.0.113.0", "--reason", "Xong.")
    terminal.ok("access", "unblock", "2001:0db8:0::/32", "--reason", "Xong.")
    left = terminal.json("access", "blocks")
    assert {row["network"] for row in left} == {"203.0.113.0/24", "203.0.113.0/25"}
    terminal.ok("access", "unblock", left[0]["id"], "--reason", "Xong.")
    assert len(terminal.json("access", "blocks")) == 1


def test_a_document_too_long_to_be_read_whole_is_refused(
    terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.ok("migrate")
    monkeypatch.setattr(access, "MOST", 20)
    file = tmp_path / "access.yaml"
    file.write_text("plans: {}\n" + "#" * 10 + "\n", encoding="utf-8")
    assert terminal.call("access", "apply", str(file)) == 1
    file.write_text("plans: {}\n" + "#" * 9 + "\n", encoding="utf-8")
    terminal.ok("access", "apply", str(file))


def assemble_of(terminal: Any) -> Any:
    return assemble(load(overrides=terminal.installed))


def test_subscriptions_are_decided_from_the_command_line(terminal: Any) -> None:
    terminal.ok("migrate")
    terminal.ok("user", "create", "a@b.example", "Người", "--password-stdin", stdin="một câu dễ nhớ nhé\n")
    terminal.ok("key", "create", "a@b.example")
    platform = assemble_of(terminal)
    with platform.work(SYSTEM) as work:
        wanted = products.offer(
            work, "mo", organization_id=None, plan="partner", title={"vi": "Mở"}, approval="manual"
        )
        subscriptions.grant(
            work, work.session.scalars(select(Application).where(Application.name == "default")).one(), wanted
        )
    platform.close()
    (row,) = terminal.json("plan", "requests")
    assert (row["product"], row["state"]) == ("mo", "pending")
    assert terminal.call("plan", "decide", row["id"], "reject") == 1
    terminal.ok("plan", "decide", row["id"], "approve")
    terminal.ok("plan", "agree", row["id"], "calmonth", "9000000", "--until", "2031-12-31")
    assert "basic" in terminal.ok("plan", "move", row["id"], "basic")
    assert terminal.json("plan", "requests")[0]["state"] == "active"
