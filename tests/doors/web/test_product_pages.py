"""Products: limits as they count now, promised and measured times, from wish to decision by forms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from markupsafe import escape

from opendata.base.models import Product, Subscription
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications
from opendata.services.plans import deciding, products, subscriptions
from opendata.testing.queries import counted
from opendata.testing.web import ApiClient, City


def text_of(city: City, role: str, path: str, status: int = 200) -> str:
    answer = city.client(role).get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def own_app(city: City, name: str = "Ứng dụng thử", role: str = "member") -> str:
    with city.platform.work(city.caller(role)) as work:
        return applications.create(work, name).id


def offered(client: ApiClient, *, slug: str = "new", status: int = 303, **fields: Any) -> None:
    form = {
        "csrf_token": client.token,
        "slug": "lich-tau",
        "title_vi": "Lịch tàu",
        "title_en": "Ship calls",
        "plan": "partner",
        "approval": "manual",
        "decide_by_days": "3",
        "apis": "*",
        **fields,
    }
    assert client.post(f"/desk/products/{slug}", data=form).status_code == status


def department_of(city: City) -> dict[str, Any]:
    return {"department": city.own}


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        (
            "",
            [
                "7 lượt gọi mỗi giây, dồn được 21",
                "400.000 lượt gọi mỗi tháng, chỉ đếm chứ không chặn",
                "16 lượt gọi cùng lúc",
            ],
        ),
        (
            "/en",
            [
                "7 calls a second, up to 21 at once",
                "400,000 calls a month, counted and never refused",
                "16 calls at once",
            ],
        ),
    ],
)
def test_limits_are_printed_from_the_plan_that_counts_now(city: City, prefix: str, words: list[str]) -> None:
    offered(city.client("admin"), **department_of(city))
    for page in (f"{prefix}/products", f"{prefix}/products/lich-tau"):
        assert words[1] not in text_of(city, "anonymous", page)
    city.limit("partner", "7/second burst 21", "400000/calmonth soft", "16 concurrent")
    for page in (f"{prefix}/products", f"{prefix}/products/lich-tau"):
        shown = text_of(city, "anonymous", page)
        assert all(word in shown for word in words), page


@pytest.mark.parametrize("page", ["/products", "/api/v1/products"])
def test_many_products_are_listed_with_as_few_questions_as_one(city: City, page: str) -> None:
    """But for what a worker reads anew because something changed."""

    def asked() -> int:
        with counted(city.platform) as statements:
            assert city.client().get(page).status_code == 200
        return len([text for text in statements if "product" in text or "plan_version" in text])

    named = {"title": {"vi": "Tàu"}, "plan": "partner", "approval": "manual"}
    address = f"/api/v1/organizations/{city.own}/products/tau"
    admin = city.client("admin")
    admin.put(f"{address}-0", json=named)
    one = asked()
    for number in range(1, 6):
        admin.put(f"{address}-{number}", json=named)
    assert asked() == one


def test_a_long_list_of_products_goes_on_behind_a_cursor(city: City) -> None:
    admin = city.client("admin")
    for number in range(3):
        named = {"title": {"vi": f"Tàu {number}"}, "plan": "partner"}
        admin.put(f"/api/v1/organizations/{city.own}/products/tau-{number}", json=named)
    first = city.client().get("/api/v1/products?size=2").get_json()
    following = city.client().get(first["links"]["next"].replace("http://localhost", "")).get_json()
    listed = [row["slug"] for row in (*first["data"], *following["data"])]
    assert first["meta"]["total"] == following["meta"]["total"] >= 4
    assert listed[:2] == [row["slug"] for row in first["data"]]
    assert listed == sorted(listed)
    assert city.client().get("/api/v1/products?cursor=x").status_code == 422


def test_a_visitor_is_led_to_an_account_and_a_developer_to_the_form(city: City) -> None:
    offered(city.client("admin"), **department_of(city))
    assert "/sign-up" in text_of(city, "anonymous", "/products/lich-tau")
    assert "Bạn chưa có ứng dụng" in text_of(city, "spare", "/products/lich-tau")
    app = own_app(city)
    assert f'value="{app}"' in text_of(city, "member", "/products/lich-tau")
    assert city.client().post("/products/lich-tau", data={}).status_code in {400, 401, 403}


def test_from_wish_to_decision_by_forms(city: City) -> None:
    admin, member, app = city.client("admin"), city.client("member"), own_app(city)
    offered(admin, **department_of(city))
    form = {"csrf_token": member.token, "application": app}
    assert member.post("/products/lich-tau", data=form).status_code == 303
    again = member.post("/products/lich-tau", data=form)
    assert again.status_code == 409
    assert "chờ quyết định" in text_of(city, "member", "/products/lich-tau")
    for prefix, words in (("", "1 yêu cầu chờ quyết định"), ("/en", "1 request waits for a decision")):
        assert words in text_of(city, "admin", f"{prefix}/desk/requests")
        assert words in text_of(city, "admin", f"{prefix}/desk/usage")
    held = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"][0]["id"]
    step = {"csrf_token": admin.token, "subscription": held, "action": "reject", "reason": ""}
    assert "Cần nêu lý do." in admin.post("/desk/requests", data=step).get_data(as_text=True)
    assert admin.post("/desk/requests", data=step | {"action": "approve"}).status_code == 303
    assert "đang hiệu lực" in text_of(city, "member", "/products/lich-tau")
    for role in ("foreign", "editor"):
        assert city.client(role).get("/desk/requests").status_code == 403
        other = city.client(role)
        refused = other.post("/desk/requests", data=step | {"csrf_token": other.token})
        assert refused.status_code == 403


def test_terms_have_to_be_accepted_and_can_be_accepted_again(city: City) -> None:
    admin, member, app = city.client("admin"), city.client("member"), own_app(city)
    terms: dict[str, Any] = {"terms_vi": "Ghi nguồn.", "approval": "auto", **department_of(city)}
    offered(admin, **terms)
    form = {"csrf_token": member.token, "application": app}
    assert member.post("/products/lich-tau", data=form).status_code == 403
    assert member.post("/products/lich-tau", data=form | {"terms": "1"}).status_code == 303
    offered(admin, slug="lich-tau", **terms | {"terms_vi": "Ghi nguồn và ngày.", "raise": "1"})
    page = text_of(city, "member", f"/developers/apps/{app}/subscriptions")
    assert "Ghi nguồn và ngày." in page
    held = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"][0]
    accept = {"csrf_token": member.token, "action": "accept", "subscription": held["id"], "revision": "2"}
    assert member.post(f"/developers/apps/{app}/subscriptions", data=accept).status_code == 303
    now = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"][0]
    assert now["terms_accepted"] == 2
    assert 'value="accept"' not in text_of(city, "member", f"/developers/apps/{app}/subscriptions")


def test_the_measured_time_stands_beside_the_promised_one(city: City) -> None:
    start = datetime(2031, 1, 6, 3, tzinfo=UTC)
    city.platform.clock = lambda: start
    offered_by = city.caller("admin")
    with city.platform.work(offered_by) as work:
        wanted = products.offer(
            work, "lich-tau", organization_id=city.own, plan="partner", title={"vi": "Tàu"}, approval="manual"
        )
        assert deciding.median_decisions(work, [wanted]) == {}
    assert "chưa có quyết định nào để đo" in text_of(city, "anonymous", "/products/lich-tau")
    asked: list[Subscription] = []
    for number in range(3):
        app = own_app(city, f"Ứng dụng {number}")
        with city.platform.work(city.caller("member")) as work:
            asked.append(subscriptions.subscribe(work, applications.get(work, app), wanted))
    for item, hours in zip(asked, (2, 5, 100), strict=True):
        city.platform.clock = lambda hours=hours: start + timedelta(hours=hours)  # type: ignore[misc]
        with city.platform.work(offered_by) as work:
            subscriptions.take_step(work, item.id, "approve")
            subscriptions.take_step(work, item.id, "end")
    assert "được quyết định trong 5 giờ" in text_of(city, "anonymous", "/products/lich-tau")
    told = city.client().get("/api/v1/products/lich-tau").get_json()
    assert told["median_decision_hours"] == 5
    assert told["limits"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"slug": "Có Dấu"}, "Chỉ dùng chữ cái không dấu"),
        ({"slug": "du-lieu-mo"}, "Tên này đã có."),
        ({"title_vi": " "}, "Cần có tên."),
        ({"decide_by_days": "400"}, "Số không nằm trong giới hạn"),
        ({"decide_by_days": "x"}, "Số không nằm trong giới hạn"),
        ({"slug": "a" * 121}, "Chỉ dùng chữ cái không dấu"),
        ({"title_en": "a" * 301}, "Độ dài không nằm trong giới hạn"),
        ({"terms_vi": "a" * 20_001}, "Độ dài không nằm trong giới hạn"),
        ({"description_vi": "\0"}, "Độ dài không nằm trong giới hạn"),
        ({"apis": "a " * 101}, "Độ dài không nằm trong giới hạn"),
        ({"datasets": "a" * 121}, "Độ dài không nằm trong giới hạn"),
        ({"visibility": "secret"}, "Chỉ có public hoặc members."),
        ({"approval": "perhaps"}, "Chỉ có auto hoặc manual."),
    ],
)
def test_a_product_that_cannot_be_is_told_at_its_field(
    city: City, fields: dict[str, str], words: str
) -> None:
    admin = city.client("admin")
    form = {
        "csrf_token": admin.token, "slug": "moi", "title_vi": "Mới", "plan": "partner", "decide_by_days": "2",
        **department_of(city), **fields,
    }  # fmt: skip
    answer = admin.post("/desk/products/new", data=form)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_a_new_product_changes_none_that_is_there_not_even_one_nobody_sees(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        products.offer(work, "lich-tau", organization_id=city.foreign, plan="partner", visibility="members")
    offered(city.client("admin"), status=422, **department_of(city))


def test_the_first_terms_are_revision_one_and_others_when_somebody_says_so(city: City) -> None:
    admin = city.caller("admin")
    terms: dict[str, Any] = {"organization_id": city.own, "plan": "partner", "terms": {"vi": "Ghi nguồn."}}
    with city.platform.work(admin) as work:
        products.offer(work, "tau", organization_id=city.own, plan="partner", raise_terms=False)
        revisions = [
            products.offer(work, "tau", raise_terms=raised, **terms).terms_revision
            for raised in (False, False, True)
        ]
    assert revisions == [1, 1, 2]


def test_nobody_offers_for_another_department(city: City) -> None:
    admin = city.client("admin")
    offered(admin, status=403, department=city.foreign)
    offered(city.client("editor"), status=403, **department_of(city))
    with city.platform.read() as work:
        assert work.session.query(Product).count() == 1


def test_departments_offer_plans_for_subscribers_and_operators_any(city: City) -> None:
    admin, operator = city.client("admin"), city.client("operator")
    assert 'value="department"' not in text_of(city, "admin", "/desk/products/new")
    answer = admin.post(
        "/desk/products/new",
        data={"csrf_token": admin.token, "slug": "mo", "title_vi": "Mở", "plan": "department"}
        | department_of(city),
    )
    assert answer.status_code == 422
    assert "Chỉ người vận hành cấp được gói này." in answer.get_data(as_text=True)
    refused = admin.put(
        f"/api/v1/subscriptions/{city.subscription}/plan",
        json={"plan": "department"},
        headers={"If-Match": "*"},
    )
    assert refused.status_code == 422
    offered(operator, plan="department", **department_of(city))
    assert 'value="department"' in text_of(city, "admin", "/desk/products/lich-tau"), "what it has stays"
    offered(admin, slug="lich-tau", plan="department", title_vi="Lịch tàu biển")


@pytest.mark.parametrize("reason", ["<form action=//xau.example>", "giảm 50% cho", "100%", "%(ten)s"])
def test_a_reason_is_shown_as_it_was_written_and_nothing_else(city: City, reason: str) -> None:
    admin = city.client("admin")
    form = {"csrf_token": admin.token, "subscription": city.subscription, "action": "pause", "reason": reason}
    assert admin.post("/desk/requests", data=form).status_code == 303
    for role, path in (("admin", "/desk/requests"), ("editor", "/products/du-lieu-mo")):
        page = text_of(city, role, path)
        assert "<form action=//xau" not in page
        assert str(escape(reason)) in page, path
