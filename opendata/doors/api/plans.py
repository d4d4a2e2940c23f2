"""Plans over REST, and what is left of the caller's own."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask import Response

from opendata.base.models import Plan, PlanVersion
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs
from opendata.doors.api.schemas import plans as schemas
from opendata.doors.http import answers, limits
from opendata.doors.http.context import platform, reading, writing
from opendata.doors.http.permissions import ANYONE
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp
from opendata.services.plans import plans, rules
from opendata.services.plans.gate import Line, PlanGate

blueprint = Blueprint("plans", __name__, url_prefix="", description="Plans and limits.")


@blueprint.operation("GET", "/plans", allows=ANYONE, answer=outputs.listing(schemas.Plan))
def list_plans() -> Response:
    """List the plans.

    Each with the rules that count now.
    """
    with reading() as work:
        data = [_plan(*row) for row in plans.listing(work)]
    return lists.answer(data, total=len(data))


@blueprint.operation("GET", "/me/limits", allows=ANYONE, scope="", answer=schemas.Limits)
def my_limits() -> Response:
    """Tell what is left.

    Of the caller's plan, or of the open one for the caller's network. Asking costs nothing.
    """
    gate, asked = platform().part(PlanGate), limits.context()
    now = platform().clock()
    standing = {line.rule.name: line for line in gate.standing(asked)}
    value = {
        "plan": asked.terms.plan,
        "number": asked.terms.number,
        "page_max": asked.terms.page_max,
        "counted_as": asked.subject(asked.terms.partitions[0]),
        "degraded": gate.degraded,
        "held_back": [asdict(item) for item in asked.terms.held_back],
        "limits": [
            {
                **rule.as_object(),
                "limit": rule.limit,
                **_left(standing.get(rule.name), now),
            }
            for rule in asked.terms.rules
        ],
    }
    response = answers.json(value)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.operation(
    "POST",
    "/plans/<plan>/versions",
    allows=Action.PLATFORM,
    body=schemas.NewPlanVersion,
    answer=schemas.Plan,
    status=201,
    errors=(404,),
)
def write_plan(plan: str, body: Mapping[str, Any]) -> Response:
    """Write a new version of a plan, or a new plan.

    For operators. What was used stays used.
    """
    with writing() as work:
        policy.require(work.caller, Action.PLATFORM)
        version = plans.write(
            work,
            plan,
            rules.parse(body["limits"], partition=body["partition"]),
            page_max=body["page_max"],
            title=body["title"],
        )
        value = _plan(plans.get(work, plan), version)
    return answers.json(value, status=201)


def _plan(plan: Plan, version: PlanVersion) -> dict[str, Any]:
    return {
        "slug": plan.slug,
        "title": plan.title,
        "number": version.number,
        "page_max": version.page_max,
        "self_service": plan.self_service,
        "rules": [rule.as_object() for rule in rules.compile_rules(version.rules)],
    }


def _left(line: Line | None, now: datetime) -> dict[str, Any]:
    if line is None:
        return {"remaining": None, "resets_in": None, "resets_at": None}
    seconds = ceil(line.reset)
    return {
        "remaining": line.remaining,
        "resets_in": seconds,
        "resets_at": stamp(now + timedelta(seconds=seconds)),
    }
