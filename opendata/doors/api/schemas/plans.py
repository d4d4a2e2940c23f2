"""Plans, limits, subscriptions and usage: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base
from opendata.doors.api.schemas.queries import Language
from opendata.services.plans import reports, rules
from opendata.services.plans.rollup import GRAINS
from opendata.services.plans.subscriptions import STATES, STEPS

_TIME: dict[str, Any] = {"example": "2026-11-30T17:00:00Z"}


def _text(description: str, *, nullable: bool = False, most: int = 2000, **metadata: Any) -> base.Text:
    return base.Text(
        required=True, allow_none=nullable, most=most, metadata={"description": description, **metadata}
    )


def _count(description: str, *, nullable: bool = False) -> fields.Integer:
    return fields.Integer(required=True, allow_none=nullable, metadata={"description": description})


def _one_of(values: tuple[str, ...], description: str) -> fields.String:
    return fields.String(required=True, validate=base.OneOf(values), metadata={"description": description})


def _both(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": description},
    )


class Rule(base.Schema):
    """One limit of a plan."""

    name = _text("Name of the rule, as in `RateLimit` and in `violated-policies`.", example="minute")
    unit = _one_of(rules.UNITS, "What is counted. Published files cost requests alone.")
    amount = _count("How much of it.")
    window = _text("second, minute, hour, day, calday or calmonth; empty for calls at once.")
    count = _count("Number of windows the amount is for.")
    burst = _count("What is let through at once; 0 where the amount is.")
    partition = _one_of(rules.PARTITIONS, "What is counted by; several keys of one owner are one.")
    algorithm = _one_of(rules.ALGORITHMS, "How time is measured.")
    mode = _one_of(rules.MODES, "`soft` counts and never refuses.")


class Plan(base.Schema):
    """A plan with the version that counts now."""

    slug = _text("Name of the plan.", example="basic")
    title = _both("Title in both languages.")
    number = _count("Number of the version.")
    page_max = _count("Most rows a page.")
    self_service = base.Flag(required=True, metadata={"description": "Anybody may take it."})
    rules = fields.List(
        fields.Nested(Rule), required=True, metadata={"description": "All of them hold together."}
    )


class Standing(Rule):
    """One limit as it stands for the caller."""

    limit = _count("The most at once.")
    remaining = _count("What is left.", nullable=True)
    resets_in = _count("Seconds until it is as new.", nullable=True)
    resets_at = _text("The same as a time.", nullable=True, **_TIME)


class Limits(base.Schema):
    """What the caller may ask for and what is left of it. Asking costs nothing."""

    plan = _text("Name of the plan.", example="anonymous")
    number = _count("Version of the plan.")
    page_max = _count("Most rows a page.")
    counted_as = _text("Who counts as one: an owner, a subscription, or a network.")
    degraded = base.Flag(
        required=True, metadata={"description": "Each server counts its share by itself for the moment."}
    )
    limits = fields.List(
        fields.Nested(Standing), required=True, metadata={"description": "Every rule of the plan."}
    )


class NewPlanVersion(base.Schema):
    """A new version of a plan; it replaces the one before and changes nothing that was used."""

    limits = base.Text(
        required=True,
        most=2000,
        metadata={
            "description": "Rules, separated by semicolons.",
            "example": "20/second burst 60; 600/minute; 500000/calmonth",
        },
    )
    partition = fields.String(
        load_default="owner",
        validate=base.OneOf(rules.PARTITIONS),
        metadata={"description": "What is counted by."},
    )
    page_max = fields.Integer(
        strict=True,
        load_default=10_000,
        validate=base.Between(1, 100_000),
        metadata={"description": "Most rows a page."},
    )
    title = fields.Dict(
        keys=fields.String(validate=base.OneOf(("vi", "en"))),
        values=base.Text(most=200),
        load_default=None,
        allow_none=True,
        metadata={"description": "Title in both languages; unchanged without."},
    )


# --- usage -----------------------------------------------------------------------------------------


class Asked(Language):
    """Which time, in which steps."""

    since = fields.AwareDateTime(
        format="iso",
        data_key="from",
        load_default=None,
        metadata={"description": "From when on, with an offset.", "example": "2026-11-01T00:00:00+07:00"},
    )
    until = fields.AwareDateTime(
        format="iso", data_key="to", load_default=None, metadata={"description": "Until when; now without."}
    )
    grain = fields.String(
        load_default="hour",
        validate=base.OneOf(GRAINS),
        metadata={"description": "Step of time; days and months are those of the city."},
    )


class AskedInForm(Asked):
    """The same, as JSON or as a file."""

    form = fields.String(
        load_default="json",
        data_key="format",
        validate=base.OneOf(("json", "csv")),
        metadata={"description": "json or csv."},
    )


class AskedByGroup(AskedInForm):
    """The same, by group."""

    group_by = fields.String(
        load_default="none",
        validate=base.OneOf(reports.GROUPS),
        metadata={"description": "What the calls of each step are told apart by."},
    )


class UsageRow(base.Schema):
    """Calls of one group in one step of time."""

    start = _text("When the step begins.", **_TIME)
    group = _text("The group; empty for all.")
    calls = _count("Calls, refused ones included.")
    throttled = _count("Refused because of limits.")
    client_errors = _count("Answered with 4xx.")
    server_errors = _count("Answered with 5xx.")
    not_modified = _count("Answered with 304; they cost nothing.")
    bytes = _count("Bytes sent.")
    rows = _count("Rows sent.")
    p50_ms = fields.Float(
        required=True, allow_none=True, metadata={"description": "Half were answered within, in ms."}
    )
    p95_ms = fields.Float(
        required=True, allow_none=True, metadata={"description": "95 of 100 were answered within, in ms."}
    )


class Failure(base.Schema):
    """A call that failed, with the request as it was made but for its secrets."""

    at = _text("When.", **_TIME)
    key = _text("Id of the key.")
    method = _text("Method.")
    path = _text("Path.")
    query = _text("Query, each value cut to 200 characters.")
    status = _count("Status of the answer.")
    code = _text("Code of the problem.")
    request_id = _text("Id of the request.")


class DatasetUsage(base.Schema):
    """How one dataset was used, without saying by whom."""

    id = _text("Id of the dataset.")
    slug = _text("Its address.")
    title = _both("Its title.")
    calls = _count("Calls.")
    downloads = _count("Downloads of files, of the calls.")
    bytes = _count("Bytes sent.")
    applications = _count("Number of applications that called.")


class Brief(base.Schema):
    """Sums of a time."""

    calls = _count("Calls.")
    throttled = _count("Refused because of limits.")
    client_errors = _count("Answered with 4xx.")
    server_errors = _count("Answered with 5xx.")
    bytes = _count("Bytes sent.")
    p95_ms = fields.Float(
        required=True, allow_none=True, metadata={"description": "95 of 100 were answered within, in ms."}
    )


class BusyApplication(Brief):
    """An application and its calls."""

    id = _text("Id; empty for callers without a key.")
    name = _text("Name.")


class BusyRoute(Brief):
    """A route and its calls."""

    route = _text("Route, as the document writes it.")


class Suspended(base.Schema):
    """An application that is stopped."""

    id = _text("Id.")
    name = _text("Name.")
    reason = _text("Why.", nullable=True)


class PlatformUsage(base.Schema):
    """What operators look at."""

    total = fields.Nested(UsageRow, required=True, metadata={"description": "All calls."})
    course = fields.List(fields.Nested(UsageRow), required=True, metadata={"description": "By step."})
    applications = fields.List(
        fields.Nested(BusyApplication), required=True, metadata={"description": "The busiest."}
    )
    routes = fields.List(fields.Nested(BusyRoute), required=True, metadata={"description": "The busiest."})
    suspended = fields.List(
        fields.Nested(Suspended), required=True, metadata={"description": "Stopped applications."}
    )


# --- products and subscriptions --------------------------------------------------------------------


class Product(base.Schema):
    """APIs and datasets offered together."""

    slug = _text("Name of the product.")
    title = _both("Title in both languages.")
    description = _both("What it holds.")
    organization = _text("Slug of the department that offers it.", nullable=True)
    plan = _text("Plan of its subscribers.")
    approval = _text("auto or manual.")
    decide_by_days = _count("Working days until a request is decided.")
    terms = _both("Terms of use.")
    terms_revision = _count("Revision of the terms; 0 where there are none.")
    apis = fields.List(
        fields.String(), required=True, metadata={"description": "APIs; `*` is all that is open."}
    )
    datasets = fields.List(
        fields.String(), required=True, metadata={"description": "Slugs of the datasets it holds."}
    )
    visibility = _text("public, or members for people of the department alone.")
    limits = fields.List(
        fields.Nested(Rule), required=True, metadata={"description": "Rules of its plan that count now."}
    )
    median_decision_hours = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Half of the latest requests were decided within; none without any."},
    )


class Subscription(base.Schema):
    """An application's right to a product."""

    id = _text("Id of the subscription.")
    application = _text("Id of the application.")
    product = _text("Name of the product.")
    plan = _text("Plan it is counted by.")
    plan_number = _count("Version of the plan.")
    state = _one_of(STATES, "rejected and ended are final.")
    requested_at = _text("When it was asked for.", **_TIME)
    decided_at = _text("When it was decided.", nullable=True, **_TIME)
    reason = _text("Reason of the last step.", nullable=True)
    terms_accepted = _count("Revision of the terms that was accepted.", nullable=True)


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

    title = fields.Dict(
        keys=fields.String(validate=base.OneOf(("vi", "en"))),
        values=base.Text(most=300),
        required=True,
        metadata={"description": "Title in both languages."},
    )
    plan = base.Text(required=True, most=40, metadata={"description": "Plan of its subscribers."})
    apis = fields.List(
        base.Text(most=120),
        load_default=list,
        validate=base.Length(most=100),
        metadata={"description": "APIs; `*` is all that is open."},
    )
    description = fields.Dict(
        keys=fields.String(validate=base.OneOf(("vi", "en"))),
        values=base.Text(most=5000),
        load_default=dict,
        metadata={"description": "What it holds."},
    )
    datasets = fields.List(
        base.Text(most=120),
        load_default=list,
        validate=base.Length(most=100),
        metadata={"description": "Slugs of datasets."},
    )
    decide_by_days = fields.Integer(
        strict=True,
        load_default=2,
        validate=base.Between(0, 60),
        metadata={"description": "Working days within which a request is decided."},
    )
    approval = fields.String(
        load_default="auto",
        validate=base.OneOf(("auto", "manual")),
        metadata={"description": "Whether somebody decides."},
    )
    visibility = fields.String(
        load_default="public",
        validate=base.OneOf(("public", "members")),
        metadata={"description": "Who may ask for it."},
    )
    terms = fields.Dict(
        keys=fields.String(validate=base.OneOf(("vi", "en"))),
        values=base.Text(most=20_000),
        load_default=dict,
        metadata={"description": "Terms of use."},
    )
    terms_revision = fields.Integer(
        strict=True,
        load_default=0,
        validate=base.Between(0, 1_000_000),
        metadata={"description": "Raise it and every subscriber has to accept again."},
    )
