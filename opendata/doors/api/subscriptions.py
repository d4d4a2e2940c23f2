"""Products and subscriptions over REST."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from opendata.base.models import PlanVersion, Product, Subscription
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.api.schemas import subscriptions as schemas
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.doors.http.permissions import ANYONE
from opendata.services.access import applications, policy
from opendata.services.access.policy import Action
from opendata.services.catalog import organizations
from opendata.services.catalog.documents import stamp
from opendata.services.plans import agreements, products, rules, showing, subscriptions
from opendata.services.plans.showing import Shown

blueprint = Blueprint(
    "subscriptions", __name__, url_prefix="", description="Products and who has subscribed to them."
)


@blueprint.operation(
    "GET", "/products", allows=ANYONE, query=queries.Paged, answer=outputs.listing(schemas.Product)
)
def list_products(query: Mapping[str, Any]) -> Response:
    """List the products, by name."""
    with reading() as work:
        rows = products.listing(work)
        page, following = lists.window(
            rows, lambda row: row.slug, size=query["size"], cursor=query.get("cursor")
        )
        data = [_product(item) for item in showing.shown(work, page)]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation("GET", "/products/<product>", allows=ANYONE, answer=schemas.Product, errors=(404,))
def read_product(product: str) -> Response:
    """Tell about a product.

    With the limits that count now, and how long decisions took lately.
    """
    with reading() as work:
        (found,) = showing.shown(work, [products.get(work, product)])
        value = _product(found)
    return answers.json(value)


@blueprint.operation(
    "PUT",
    "/organizations/<organization_id>/products/<product>",
    allows=Action.ORGANIZATION_EDIT,
    body=schemas.NewProduct,
    answer=schemas.Product,
    errors=(404,),
)
def offer(organization_id: str, product: str, body: dict[str, Any]) -> Response:
    """Offer a product, or change it.

    For administrators of the department.
    """
    with writing() as work:
        owner = organizations.get(work, organization_id)
        policy.require(work.caller, Action.ORGANIZATION_EDIT, owner.id)
        plan = body.pop("plan")
        made = products.offer(work, product, organization_id=owner.id, plan=plan, **body)
        (found,) = showing.shown(work, [made])
        value = _product(found)
    return answers.json(value)


@blueprint.operation(
    "GET",
    "/organizations/<organization_id>/products/<product>/subscriptions",
    allows=Action.ORGANIZATION_EDIT,
    answer=outputs.listing(schemas.Subscription),
    errors=(404,),
)
def list_subscribers(organization_id: str, product: str) -> Response:
    """List the subscriptions to a product, waiting ones first.

    For administrators of its department.
    """
    with reading() as work:
        owner = organizations.get(work, organization_id)
        policy.require(work.caller, Action.ORGANIZATION_EDIT, owner.id)
        found = products.get(work, product)
        data = [_subscription(work, item, found.slug) for item in subscriptions.of_product(work, found)]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "GET",
    "/apps/<application_id>/subscriptions",
    allows=Action.APPLICATION_VIEW,
    answer=outputs.listing(schemas.Subscription),
    errors=(404,),
)
def list_subscriptions(application_id: str) -> Response:
    """List the subscriptions of an application, newest first."""
    with reading() as work:
        application = applications.get(work, application_id)
        found = subscriptions.of_application(work, application)
        data = [_subscription(work, item, _slug(work, item)) for item in found]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "POST",
    "/apps/<application_id>/subscriptions",
    allows=Action.APPLICATION_EDIT,
    body=schemas.NewSubscription,
    answer=schemas.Subscription,
    status=201,
    errors=(404, 409),
)
def subscribe(application_id: str, body: Mapping[str, Any]) -> Response:
    """Subscribe to a product.

    Active at once where its approval is auto; else its department decides.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        wanted = products.get(work, body["product"])
        made = subscriptions.subscribe(work, application, wanted, terms=body["terms"])
        value = _subscription(work, made, wanted.slug)
    return answers.json(value, status=201)


@blueprint.operation(
    "POST",
    "/subscriptions/<subscription_id>/steps",
    allows=Action.APPLICATION_EDIT,
    body=schemas.SubscriptionStep,
    answer=schemas.Subscription,
    errors=(404, 409),
)
def take_step(subscription_id: str, body: Mapping[str, Any]) -> Response:
    """Decide about a subscription, or end one's own.

    The product's department approves, rejects, pauses, resumes and ends; the subscriber ends and accepts
    terms.
    """
    with writing() as work:
        policy.require_person(work.caller)
        if body["step"] == "accept_terms":
            found = subscriptions.accept_terms(work, subscription_id, body["terms"])
        else:
            found = subscriptions.take_step(work, subscription_id, body["step"], reason=body["reason"])
        value = _subscription(work, found, _slug(work, found))
    return answers.json(value)


@blueprint.operation(
    "PUT",
    "/subscriptions/<subscription_id>/plan",
    allows=Action.ORGANIZATION_EDIT,
    body=schemas.MovedTo,
    answer=schemas.Subscription,
    errors=(404,),
)
def move(subscription_id: str, body: Mapping[str, Any]) -> Response:
    """Move a subscription to another plan, or to the newest version of its own.

    For administrators of the product's department. What was used stays used.
    """
    with writing() as work:
        policy.require_person(work.caller)
        found = subscriptions.move(work, subscription_id, body["plan"])
        value = _subscription(work, found, _slug(work, found))
    return answers.json(value)


@blueprint.operation(
    "PUT",
    "/subscriptions/<subscription_id>/agreement",
    allows=Action.PLATFORM,
    body=schemas.Agreement,
    answer=schemas.Subscription,
    errors=(404,),
)
def agree(subscription_id: str, body: Mapping[str, Any]) -> Response:
    """Agree on another amount of one rule with one subscriber.

    For operators; kept with its author and day.
    """
    with writing() as work:
        policy.require(work.caller, Action.PLATFORM)
        until = body["until"].isoformat() if body["until"] else None
        found = subscriptions.agree(work, subscription_id, body["rule"], body["amount"], until=until)
        value = _subscription(work, found, _slug(work, found))
    return answers.json(value)


def _product(found: Shown) -> dict[str, Any]:
    item = found.product
    return {
        "slug": item.slug,
        "title": item.title,
        "description": item.description,
        "organization": found.owner.slug if found.owner else None,
        "plan": item.plan_slug,
        "approval": item.approval,
        "decide_by_days": item.decide_by_days,
        "terms": item.terms,
        "terms_revision": item.terms_revision,
        "apis": item.apis,
        "datasets": item.datasets,
        "visibility": item.visibility,
        "limits": _limits(found.version),
        "median_decision_hours": None if found.took is None else round(found.took / timedelta(hours=1), 2),
    }


def _limits(version: PlanVersion | None) -> list[dict[str, Any]]:
    return [rule.as_object() for rule in rules.compile_rules(version.rules)] if version else []


def _slug(work: Work, item: Subscription) -> str:
    return work.session.get_one(Product, item.product_id).slug


def _subscription(work: Work, item: Subscription, product: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "application": item.application_id,
        "product": product,
        "plan": item.plan_slug,
        "plan_number": item.plan_number,
        "state": item.state,
        "requested_at": stamp(item.requested_at),
        "decided_at": stamp(item.decided_at) if item.decided_at else None,
        "reason": item.reason,
        "terms_accepted": item.terms_accepted,
        "overrides": [_override(agreed) for agreed in agreements.standing(work, item)],
    }


def _override(agreed: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: agreed.get(name) for name in ("rule", "amount", "until", "by")}
    return {**told, "at": stamp(datetime.fromisoformat(agreed["at"]))}
