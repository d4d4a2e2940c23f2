"""Products and subscriptions: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base, plans, stated
from opendata.services.plans import products
from opendata.services.plans.subscriptions import STATES, STEPS


def _both(most: int, description: str, **kwargs: Any) -> fields.Dict:
    """A text in Vietnamese, in English, or in both, each of `most` characters."""
    return fields.Dict(
        keys=fields.String(validate=base.OneOf(("vi", "en"))),
        values=base.Text(most=most),
        metadata={"description": description},
        **kwargs,
    )


def _names(description: str) -> fields.List[Any]:
    return fields.List(
        base.Text(most=products.SLUG_LENGTH),
        load_default=list,
        validate=base.Length(most=products.MOST_ITEMS),
        metadata={"description": description},
    )


class Product(base.Schema):
    """APIs and datasets offered together."""

    slug = stated.text("Name of the product.")
    title = stated.both("Title in both languages.")
    description = stated.both("What it holds.")
    organization = stated.text("Slug of the department that offers it.", nullable=True)
    plan = stated.text("Plan of its subscribers.")
    approval = stated.text("auto or manual.")
    decide_by_days = stated.count("Working days until a request is decided.")
    terms = stated.both("Terms of use.")
    terms_revision = stated.count("Revision of the terms; 0 where there are none.")
    apis = fields.List(
        fields.String(), required=True, metadata={"description": "APIs; `*` is all that is open."}
    )
    datasets = fields.List(
        fields.String(), required=True, metadata={"description": "Slugs of the datasets it holds."}
    )
    visibility = stated.text("public, or members for people of the department alone.")
    limits = fields.List(
        fields.Nested(plans.Rule),
        required=True,
        metadata={"description": "Rules of its plan that count now."},
    )
    median_decision_hours = stated.amount(
        "Half of the latest requests were decided within; none without any.", nullable=True
    )


class Override(base.Schema):
    """An amount agreed with one subscriber."""

    rule = stated.text("Name of the rule.", example="calmonth")
    amount = stated.count("How much of it instead of what the plan says.")
    until = stated.text("The last day it counts; for good without.", nullable=True, example="2026-12-31")
    by = stated.text("Id of the operator; none where it was agreed at the command line.", nullable=True)
    at = stated.time("When it was agreed.")


class Subscription(base.Schema):
    """An application's right to a product."""

    id = stated.text("Id of the subscription.")
    application = stated.text("Id of the application.")
    product = stated.text("Name of the product.")
    plan = stated.text("Plan it is counted by.")
    plan_number = stated.count("Version of the plan.")
    state = stated.one_of(STATES, "rejected and ended are final.")
    requested_at = stated.time("When it was asked for.")
    decided_at = stated.time("When it was decided.", nullable=True)
    reason = stated.text("Reason of the last step.", nullable=True)
    terms_accepted = stated.count("Revision of the terms that was accepted.", nullable=True)
    overrides = fields.List(
        fields.Nested(Override),
        required=True,
        metadata={"description": "What was agreed instead of the plan; none of it past its last day."},
    )


class NewSubscription(base.Schema):
    """A wish for a product."""

    product = base.Text(required=True, most=120, metadata={"description": "Name of the product."})
    terms = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=base.Between(0, 1_000_000),
        metadata={"description": "Revision of the terms you accept."},
    )


class SubscriptionStep(base.Schema):
    """A step of a subscription."""

    step = fields.String(
        required=True,
        validate=base.OneOf((*STEPS, "accept_terms")),
        metadata={"description": "approve, reject, pause, resume, end; accept_terms for the subscriber."},
    )
    reason = base.Text(load_default="", most=1000, metadata={"description": "Why."})
    terms = fields.Integer(
        strict=True,
        load_default=0,
        validate=base.Between(0, 1_000_000),
        metadata={"description": "Revision of the terms, for accept_terms."},
    )


class MovedTo(base.Schema):
    """Another plan."""

    plan = base.Text(required=True, most=40, metadata={"description": "Name of the plan."})


class Agreement(base.Schema):
    """Another amount of one rule."""

    rule = base.Text(required=True, most=32, metadata={"description": "Name of the rule of its plan."})
    amount = fields.Integer(
        strict=True, required=True, validate=base.Between(1, 10**12), metadata={"description": "How much."}
    )
    until = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "The last day it counts; for good without.", "example": "2026-12-31"},
    )


class NewProduct(base.Schema):
    """A product as its department offers it."""

    title = _both(products.TEXTS["title"], "Title in both languages.", required=True)
    plan = base.Text(required=True, most=40, metadata={"description": "Plan of its subscribers."})
    apis = _names("APIs; `*` is all that is open.")
    description = _both(products.TEXTS["description"], "What it holds.", load_default=dict)
    datasets = _names("Slugs of datasets.")
    decide_by_days = fields.Integer(
        strict=True,
        load_default=2,
        validate=base.Between(0, products.LONGEST_PROMISE),
        metadata={"description": "Working days within which a request is decided."},
    )
    approval = fields.String(
        load_default="auto",
        validate=base.OneOf(products.APPROVALS),
        metadata={"description": "Whether somebody decides."},
    )
    visibility = fields.String(
        load_default="public",
        validate=base.OneOf(products.VISIBILITIES),
        metadata={"description": "Who may ask for it."},
    )
    terms = _both(products.TEXTS["terms"], "Terms of use.", load_default=dict)
    terms_revision = fields.Integer(
        strict=True,
        load_default=0,
        validate=base.Between(0, products.MOST_REVISIONS),
        metadata={"description": "Raise it and every subscriber has to accept again."},
    )
