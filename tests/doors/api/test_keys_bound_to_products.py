"""A key bound to products opens what these cover, while its application is subscribed, and no more."""

import html
import re
from typing import Any

import pytest

from opendata.base.models import Dataset
from opendata.services.access.changes import Changes
from opendata.services.plans.coverage import Coverage
from opendata.testing.queries import counted
from opendata.testing.records import complete_record
from opendata.testing.web import ApiClient, City, problem_of

PRODUCTS: dict[str, dict[str, Any]] = {
    "tat-ca": {"apis": ["*"]},
    "mot-bo": {},
    "xe-buyt": {"apis": ["xe-buyt"]},
}


@pytest.fixture
def other(city: City) -> str:
    return city.add_dataset(complete_record("Bộ dữ liệu không thuộc sản phẩm nào"))


@pytest.fixture
def app(city: City, other: str) -> str:
    """An application that is subscribed to all of the products."""
    admin, member = city.client("admin"), city.client("member")
    made = str(member.post("/api/v1/apps", json={"name": "gắn"}).get_json()["id"])
    for slug, fields in PRODUCTS.items():
        product = {"title": {"vi": slug}, "plan": "basic", "approval": "auto", **fields}
        if slug == "mot-bo":
            product["datasets"] = [slug_of(city, city.published)]
        assert admin.put(f"/api/v1/organizations/{city.own}/products/{slug}", json=product).status_code == 200
        subscribe(member, made, slug)
    return made


def subscribe(client: ApiClient, app: str, slug: str) -> None:
    asked = client.post(f"/api/v1/apps/{app}/subscriptions", json={"product": slug})
    assert asked.get_json()["state"] == "active"


def slug_of(city: City, dataset: str) -> str:
    with city.platform.read() as work:
        return work.session.get_one(Dataset, dataset).slug


def key(city: City, app: str, *products: str) -> dict[str, Any]:
    asked = {"name": "gắn", "products": products}
    made = city.client("member").post(f"/api/v1/apps/{app}/keys", json=asked)
    assert made.status_code == 201, made.text
    return dict(made.get_json())


def called(city: City, secret: str, path: str, method: str = "get") -> int | str:
    """200, or the code of the refusal."""
    answer = getattr(city.client(), method)(f"/api/v1{path}", headers={"X-Api-Key": secret})
    return answer.status_code if answer.status_code < 400 else str(answer.get_json()["code"])


def test_a_key_is_bound_only_to_what_its_application_is_subscribed_to(city: City, app: str) -> None:
    member = city.client("member")
    for products in (["khong-co"], ["tat-ca", "khong-co"], [""]):
        answer = member.post(f"/api/v1/apps/{app}/keys", json={"name": "k", "products": list(products)})
        assert "products" in str(problem_of(answer, 422, "invalid")["errors"])
    mine = f"/api/v1/apps/{app}/keys/{key(city, app)['id']}"
    assert member.patch(mine, json={"products": ["khong-co"]}).status_code == 422
    assert member.patch(mine, json={"products": ["mot-bo", "mot-bo"]}).get_json()["products"] == ["mot-bo"]
    assert member.patch(mine, json={"products": []}).get_json()["products"] == []


def test_each_product_opens_what_it_covers(city: City, app: str, other: str) -> None:
    own, slug = city.published, slug_of(city, city.published)
    covered = [
        f"/datasets/{own}",
        f"/datasets/{own.upper()}",
        f"/datasets/{slug}",
        f"/resources/{city.resources(own)[0]}",
        f"/resources/{city.resources(own)[0]}/download",
    ]
    beside = [
        "/datasets",
        f"/datasets/{other}",
        "/datasets/khong-co",
        f"/resources/{city.resources(other)[0]}",
        "/topics",
        "/me",
    ]
    free, one, all_of_it = (key(city, app, *names)["secret"] for names in ((), ("mot-bo",), ("tat-ca",)))
    both, none = (key(city, app, *names)["secret"] for names in (("mot-bo", "tat-ca"), ("xe-buyt",)))
    for path in covered:
        expected = called(city, free, path)
        assert {called(city, secret, path) for secret in (one, all_of_it, both)} == {expected}, path
        assert called(city, none, path) == "product_not_allowed"
    for path in beside:
        assert called(city, one, path) == called(city, none, path) == "product_not_allowed", path
        assert called(city, all_of_it, path) == called(city, free, path), path


def test_a_product_of_datasets_opens_their_reading_alone(city: City, app: str) -> None:
    editor, scopes = city.client("editor"), ["read", "publish"]
    mine = editor.post("/api/v1/apps", json={"name": "ghi", "scopes": scopes}).get_json()["id"]
    subscribe(editor, mine, "mot-bo")
    asked = {"name": "k", "scopes": scopes, "products": ["mot-bo"]}
    secret = editor.post(f"/api/v1/apps/{mine}/keys", json=asked).get_json()["secret"]
    path = f"/datasets/{city.published}"
    assert called(city, secret, path) == 200
    assert called(city, secret, f"{path}/withdraw", "post") == "product_not_allowed"


def test_a_binding_ends_and_begins_with_the_subscription(city: City, app: str) -> None:
    secret, member = key(city, app, "tat-ca")["secret"], city.client("member")
    assert called(city, secret, "/datasets") == 200
    held = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"]
    mine = next(item["id"] for item in held if item["product"] == "tat-ca")
    steps = f"/api/v1/subscriptions/{mine}/steps"
    for step, expected in (("pause", "product_not_allowed"), ("resume", 200), ("end", "product_not_allowed")):
        asked = city.client("admin").post(steps, json={"step": step, "reason": "thử"})
        assert asked.status_code == 200
        city.platform.part(Changes).look()
        assert called(city, secret, "/datasets") == expected


def test_what_a_key_is_bound_to_may_stay_and_is_rotated_with_it(city: City, app: str) -> None:
    member, made = city.client("member"), key(city, app, "xe-buyt", "mot-bo")
    held = member.get(f"/api/v1/apps/{app}/subscriptions").get_json()["data"]
    mine = next(item["id"] for item in held if item["product"] == "xe-buyt")
    assert member.post(f"/api/v1/subscriptions/{mine}/steps", json={"step": "end"}).status_code == 200
    path = f"/api/v1/apps/{app}/keys/{made['id']}"
    assert member.patch(path, json={"products": ["mot-bo", "xe-buyt"]}).status_code == 200
    after = member.post(f"{path}/rotate", json={}).get_json()
    assert after["products"] == ["mot-bo", "xe-buyt"]
    assert called(city, after["secret"], f"/datasets/{city.published}") == 200
    assert called(city, after["secret"], "/datasets") == "product_not_allowed"


def test_a_bound_key_in_use_asks_the_database_for_nothing(city: City, app: str) -> None:
    secret = key(city, app, "mot-bo")["secret"]
    path = f"/datasets/{city.published}"
    free = key(city, app)["secret"]
    city.platform.part(Changes).look()
    for one in (secret, free):
        assert called(city, one, path) == 200
    with counted(city.platform) as without:
        assert called(city, free, path) == 200
    with counted(city.platform) as bound:
        assert called(city, secret, path) == 200
    assert len(bound) == len(without)


def test_however_a_dataset_is_written_what_is_remembered_is_bounded(
    city: City, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.services.plans.coverage.KEPT", 2)
    secret, own = key(city, app, "mot-bo")["secret"], city.published
    city.platform.part(Changes).look()
    for name in (own, own.upper(), slug_of(city, own), own.capitalize()):
        assert called(city, secret, f"/datasets/{name}") == 200
    assert [len(covered.seen) for covered in city.platform.part(Coverage)._known.values()] == [2]


def test_the_form_offers_products_where_there_are_subscriptions(city: City, app: str) -> None:
    member = city.client("member")
    lone = member.post("/api/v1/apps", json={"name": "không đăng ký gì"}).get_json()["id"]
    assert 'name="products"' not in member.get(f"/developers/apps/{lone}").text
    page = member.get(f"/developers/apps/{app}").text
    assert set(re.findall(r'name="products" value="([^"]+)"', page)) == set(PRODUCTS)
    assert taken(member, page, app, "mot-bo").status_code == 201
    assert "Chỉ cho mot-bo" in html.unescape(member.get(f"/developers/apps/{app}").text)
    wrong = taken(member, page, app, "khong-co")
    assert wrong.status_code == 422
    assert "đăng ký đang chạy" in wrong.text


def taken(browser: ApiClient, page: str, app: str, *products: str) -> Any:
    """The form of a new key, sent."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "action": "key", "name": "từ trang", "scopes": ["read"]}
    return browser.post(f"/developers/apps/{app}", data={**form, "products": list(products)})
