"""How much is used: by my application, of my department's data, of all; and subscriptions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, Invalid, OpenDataError
from opendata.base.models import Application, Organization, Product, Subscription
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, platform, reading
from opendata.doors.http.permissions import permission
from opendata.doors.web import display, forms, steps
from opendata.doors.web.rendering import form_page
from opendata.services.access import applications, policy
from opendata.services.access.policy import Action
from opendata.services.catalog import organizations
from opendata.services.plans import agreements, deciding, products, quotas, reports, subscriptions
from opendata.services.plans.book import PlanBook, Terms
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.reports import Span, Usage

blueprint = Blueprint("usage", __name__)
GRAINS = {"hour": N_("24 giờ qua"), "day": N_("30 ngày qua"), "month": N_("12 tháng qua")}
STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@blueprint.get("/developers/apps/<application_id>/usage")
@permission(Action.APPLICATION_VIEW)
def of_application(application_id: str) -> Response:
    policy.require_person(caller())
    with reading() as work:
        found = applications.get(work, application_id)
    terms = _terms(found)  # between two transactions: the book opens its own
    gate = platform().part(PlanGate)
    with reading() as work:
        asked = reports.span(work, None, None, _grain())
        course = reports.of_application(work, found, asked)
        routes = reports.of_application(work, found, asked, "route")
        keys = reports.by_key(work, found, asked)
        drawn = quotas.drawings(terms, applications.owner_of(found), found.id, [key for key, _ in keys])
        held = list(quotas.of_periods(work, gate, drawn))
        failures = reports.failures(work, found) if applications.may_edit(work, found) else None
    held += quotas.sliding(gate, drawn, platform().clock())
    return form_page(
        "usage/application.html",
        nav="apps",
        application={"id": found.id, "name": found.name, "env": found.env},
        tab="usage",
        grain=asked.grain,
        grains=_grains(),
        total=_total(course),
        course=_course(course, asked),
        routes=_grouped(routes),
        keys=[
            {"name": key.name, "display": key.display, "calls": calls, "replaced": bool(key.replaced_by)}
            for key, calls in keys
        ],
        quotas=held,
        failures=failures,
    )


def _grain() -> str:
    asked = request.args.get("grain", "hour")
    if asked not in GRAINS:
        raise Invalid(fields={"grain": N_("Chỉ có minute, hour, day hoặc month.")})
    return asked


def _grains() -> list[tuple[str, str]]:
    return list(GRAINS.items())


def _total(found: Sequence[Usage]) -> dict[str, Any]:
    total = Usage(datetime.min, "")  # noqa: DTZ901  # sums have no time
    for usage in found:
        for name in ("calls", "throttled", "client_errors", "server_errors", "bytes", "rows", "ms_sum"):
            setattr(total, name, getattr(total, name) + getattr(usage, name))
        total.buckets = tuple(a + b for a, b in zip(total.buckets, usage.buckets, strict=True))
    return total.as_row()


def _course(found: Sequence[Usage], asked: Span) -> list[int]:
    """Calls of each step, those without any included. Months are few and need no filling."""
    calls = {usage.start: usage.calls for usage in found}
    step = STEP.get(asked.grain)
    if step is None:
        return list(calls.values())
    number = int((asked.end - asked.start) / step) + 1
    return [calls.get(asked.start + place * step, 0) for place in range(number)]


def _grouped(found: Sequence[Usage]) -> list[dict[str, Any]]:
    """Sums by group, the busiest first."""
    groups: dict[str, list[Usage]] = {}
    for usage in found:
        groups.setdefault(usage.group, []).append(usage)
    rows = [{**_total(items), "group": group} for group, items in groups.items()]
    return sorted(rows, key=lambda row: -row["calls"])[: reports.TOP]


def _terms(application: Application) -> Terms:
    owner = applications.owner_of(application)
    return platform().part(PlanBook).of(owner, application.id, env=application.env)


@blueprint.get("/developers/apps/<application_id>/subscriptions")
@permission(Action.APPLICATION_VIEW)
def of_subscriptions(application_id: str) -> Response:
    return _subscriptions(application_id)


def _subscriptions(application_id: str, error: OpenDataError | None = None) -> Response:
    policy.require_person(caller())
    with reading() as work:
        found = applications.get(work, application_id)
        held = [_held(work, item) for item in subscriptions.of_application(work, found)]
        taken = {item["product"] for item in held if item["state"] not in subscriptions.FINAL}
        offered = [item for item in products.listing(work) if item.slug not in taken]
        may_edit = applications.may_edit(work, found) and found.status == "active"
    terms = _terms(found)
    return form_page(
        "usage/subscriptions.html",
        nav="apps",
        application={"id": found.id, "name": found.name, "env": found.env},
        tab="subscriptions",
        subscriptions=held,
        counted_by=terms.plan,
        held_back={item.id for item in terms.held_back},
        products=[_offered(item) for item in offered],
        may_edit=may_edit,
        **steps.told_above(error),
    )


def _held(work: Work, item: Subscription) -> dict[str, Any]:
    product = work.session.get_one(Product, item.product_id)
    return {
        "id": item.id,
        "product": product.slug,
        "title": product.title,
        "plan": item.plan_slug,
        "state": item.state,
        "requested_at": item.requested_at,
        "decide_by": deciding.decide_by(work, item, product),
        "reason": item.reason,
        "agreed": agreements.standing(work, item),
        "terms": product.terms,
        "terms_revision": product.terms_revision,
        "terms_due": (item.terms_accepted or 0) < product.terms_revision
        and item.state in {"active", "paused"},
    }


def _offered(item: Product) -> dict[str, Any]:
    fields = ("slug", "title", "description", "approval", "decide_by_days", "terms", "terms_revision")
    return {**{field: getattr(item, field) for field in fields}, "plan": item.plan_slug}


@blueprint.post("/developers/apps/<application_id>/subscriptions")
@permission(Action.APPLICATION_EDIT)
def subscribe(application_id: str) -> BaseResponse:
    policy.require_person(caller())
    step = steps.chosen(STEPS)
    return steps.taken(
        lambda work: step(work, applications.get(work, application_id)),
        done=lambda _: redirect(display.to("subscriptions", application_id), 303),
        failed=lambda error: _subscriptions(application_id, error),
    )


def _end(work: Work, _found: Application) -> None:
    subscriptions.take_step(work, request.form.get("subscription", ""), "end")


def _accept(work: Work, _found: Application) -> None:
    revision = forms.whole(request.form.get("revision", ""), 0)
    subscriptions.accept_terms(work, request.form.get("subscription", ""), revision)


def _subscribe(work: Work, found: Application) -> None:
    product = products.get(work, request.form.get("product", ""))
    accepted = product.terms_revision if request.form.get("terms") else None
    subscriptions.subscribe(work, found, product, terms=accepted)


STEPS: Mapping[str, Callable[[Work, Application], None]] = {
    "subscribe": _subscribe,
    "accept": _accept,
    "end": _end,
}


@blueprint.get("/desk/usage")
@permission(Action.VIEW_HISTORY)
def of_department() -> Response:
    policy.require_person(caller(), "publish")
    with reading() as work:
        mine = [organizations.get(work, key) for key in caller().roles]
        chosen = request.args.get("organization")
        body = organizations.get(work, chosen) if chosen else next(iter(mine), None)
        policy.require(caller(), Action.VIEW_HISTORY, body.id if body else None)
        asked = reports.span(work, None, None, _grain())
        rows = reports.of_publisher(work, body, asked) if body else []
        waiting = _waiting(work, body) if body else None
    return form_page(
        "usage/department.html",
        nav="desk",
        organization={"slug": body.slug, "name": body.name} if body else None,
        organizations=[(item.slug, item.name) for item in mine],
        grain=asked.grain,
        grains=_grains(),
        datasets=rows,
        waiting=waiting,
    )


def _waiting(work: Work, body: Organization) -> int | None:
    """Requests for products that wait, for those who decide about them; None for everybody else."""
    if not policy.allows(work.caller, Action.ORGANIZATION_EDIT, body.id):
        return None
    return subscriptions.number_waiting(work, body.id)


@blueprint.get("/operator/usage")
@permission(Action.PLATFORM)
def of_platform() -> Response:
    policy.require(caller(), Action.PLATFORM)
    with reading() as work:
        asked = reports.span(work, None, None, _grain())
        found = reports.of_platform(work, asked)
    return form_page(
        "usage/platform.html",
        nav="usage",
        grain=asked.grain,
        grains=_grains(),
        total=found.total.as_row(),
        course=_course(found.course, asked),
        applications=found.applications,
        routes=found.routes,
        networks=found.networks,
        throttled=found.throttled,
        throttled_networks=found.throttled_networks,
        suspended=found.suspended,
        blocked=found.blocked,
        degraded=platform().part(PlanGate).degraded,
    )
