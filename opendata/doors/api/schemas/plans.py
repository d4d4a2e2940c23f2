"""Plans and limits: what the API takes and answers."""

from marshmallow import fields

from opendata.doors.api.schemas import base, stated
from opendata.services.plans import rules


class Rule(base.Schema):
    """One limit of a plan."""

    name = stated.text("Name of the rule, as in `RateLimit` and in `violated-policies`.", example="minute")
    unit = stated.one_of(rules.UNITS, "What is counted. Published files cost requests alone.")
    amount = stated.count("How much of it.")
    window = stated.text("second, minute, hour, day, calday or calmonth; empty for calls at once.")
    count = stated.count("Number of windows the amount is for.")
    burst = stated.count("What is let through at once; 0 where the amount is.")
    partition = stated.one_of(rules.PARTITIONS, "What is counted by; several keys of one owner are one.")
    algorithm = stated.one_of(rules.ALGORITHMS, "How time is measured.")
    mode = stated.one_of(rules.MODES, "`soft` counts and never refuses.")


class Plan(base.Schema):
    """A plan with the version that counts now."""

    slug = stated.text("Name of the plan.", example="basic")
    title = stated.both("Title in both languages.")
    number = stated.count("Number of the version.")
    page_max = stated.count("Most rows a page.")
    self_service = base.Flag(required=True, metadata={"description": "Anybody may take it."})
    rules = fields.List(
        fields.Nested(Rule), required=True, metadata={"description": "All of them hold together."}
    )


class Standing(Rule):
    """One limit as it stands for the caller."""

    limit = stated.count("The most at once.")
    remaining = stated.count("What is left.", nullable=True)
    resets_in = stated.count("Seconds until it is as new.", nullable=True)
    resets_at = stated.time("The same as a time.", nullable=True)


class HeldBack(base.Schema):
    """A subscription that does not count now."""

    id = stated.text("Id of the subscription.")
    product = stated.text("Name of the product.")
    plan = stated.text("Plan it would bring.", example="partner")
    state = stated.text("pending: nobody has decided yet; or paused.", example="paused")
    reason = stated.text("Why it is paused.", nullable=True)


class Limits(base.Schema):
    """What the caller may ask for and what is left of it. Asking costs nothing."""

    plan = stated.text("Name of the plan.", example="anonymous")
    number = stated.count("Version of the plan.")
    page_max = stated.count("Most rows a page.")
    counted_as = stated.text("Who counts as one: an owner, a subscription, or a network.")
    degraded = base.Flag(
        required=True, metadata={"description": "Each server counts its share by itself for the moment."}
    )
    held_back = fields.List(
        fields.Nested(HeldBack),
        required=True,
        metadata={"description": "Subscriptions in whose place the plan counts, until they are active."},
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
