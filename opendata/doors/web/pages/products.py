"""What can be subscribed to, with the limits that count now; and the desk of those who decide about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError
from opendata.base.models import Organization, Product
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, platform, reading, writing
from opendata.doors.http.permissions import ANYONE, SIGNED_IN, permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display, forms, offers
from opendata.doors.web.rendering import form_page, page
from opendata.services.access import applications, policy
from opendata.services.access.policy import Action
from opendata.services.plans import deciding, plans, products, showing, subscriptions

blueprint = Blueprint("products", __name__)
NEW = "new"
LANGUAGES = ("vi", "en")


@blueprint.get("/products")
@permission(ANYONE)
def listing() -> Response:
    with reading() as work:
        offered = [offers.described(item) for item in showing.shown(work, products.listing(work))]
        known = [
            {"title": plan.title, "self_service": plan.self_service, **offers.limits(version)}
            for plan, version in plans.listing(work)
        ]
    return page("products/list.html", nav="developers", products=offered, plans=known)


@blueprint.get("/products/<slug>")
@permission(ANYONE)
def product(slug: str) -> Response:
    return _one(slug)


def _one(slug: str, error: OpenDataError | None = None) -> Response:
    with reading() as work:
        found = products.get(work, slug)
        (shown,) = showing.shown(work, [found])
        mine = subscriptions.of_caller(work, found) if _is_person() else ()
        taken = {application.id for item, application in mine if item.state not in subscriptions.FINAL}
        free = [item for item in _own_applications(work) if item.id not in taken]
        values: dict[str, Any] = {
            "product": offers.described(shown),
            "plan": offers.limits(shown.version) if shown.version else None,
            "held": [
                {
                    "application": application.name,
                    "id": application.id,
                    "state": item.state,
                    "decide_by": deciding.decide_by(work, item, found),
                    "reason": item.reason,
                }
                for item, application in mine
            ],
            "applications": [(item.id, item.name) for item in free],
            "may_edit": policy.allows(caller(), Action.ORGANIZATION_EDIT, found.organization_id),
            "embedded": _frame(found),
        }
    errors = field_sentences(error) if error else {}
    return form_page(
        "products/product.html",
        nav="developers",
        status=error.status if error else 200,
        error=sentence(error) if error and not errors else "",
        errors=errors,
        **values,
    )


def _frame(found: Product) -> str:
    """What shows the product and the way to a key within a page of another site."""
    base = platform().settings.base_url.rstrip("/")
    address = f"{base}{display.to('embedded-sign-up')}?product={found.slug}"
    return f'<iframe src="{address}" title="{found.slug}" width="360" height="420" loading="lazy"></iframe>'


def _is_person() -> bool:
    return caller().signed_in


def _own_applications(work: Work) -> Sequence[Any]:
    if not _is_person():
        return ()
    found = applications.listing(work)
    return [item for item in found if item.status == "active" and applications.may_edit(work, item)]


@blueprint.post("/products/<slug>")
@permission(SIGNED_IN)
def subscribe(slug: str) -> BaseResponse:
    policy.require_person(caller())
    chosen = request.form.get("application", "")
    try:
        with writing() as work:
            wanted = products.get(work, slug)
            accepted = wanted.terms_revision if request.form.get("terms") else None
            subscriptions.subscribe(work, applications.get(work, chosen), wanted, terms=accepted)
    except OpenDataError as error:
        if error.status == 401:
            raise
        return _one(slug, error)
    return redirect(display.to("subscriptions", chosen), 303)


# --- those who decide -----------------------------------------------------------------------------


@blueprint.get("/desk/requests")
@permission(Action.ORGANIZATION_EDIT)
def requests() -> Response:
    return _requests()


def _requests(error: OpenDataError | None = None) -> Response:
    _require_decider()
    with reading() as work:
        rows = [
            {
                "id": item.id,
                "application": application.name,
                "purpose": application.purpose,
                "product": wanted.slug,
                "title": wanted.title,
                "plan": item.plan_slug,
                "state": item.state,
                "requested_at": item.requested_at,
                "decide_by": deciding.decide_by(work, item, wanted),
                "late": deciding.decide_by(work, item, wanted) < work.now,
                "reason": item.reason,
            }
            for item, wanted, application in subscriptions.to_decide(work)
        ]
        offered = [offers.described(item) for item in showing.shown(work, products.managed(work))]
    return form_page(
        "products/requests.html",
        nav="desk",
        status=error.status if error else 200,
        waiting=[row for row in rows if row["state"] == "pending"],
        decided=[row for row in rows if row["state"] != "pending"],
        products=offered,
        error=", ".join(field_sentences(error).values()) or sentence(error) if error else "",
    )


def _require_decider() -> None:
    policy.require_person(caller())
    if not caller().operator:
        policy.require(caller(), Action.ORGANIZATION_EDIT, _departments()[0][0] if _departments() else None)


def _departments() -> list[tuple[str, str]]:
    """(id, role) of the departments the caller is an admin of."""
    return [
        (key, role)
        for key, role in caller().roles.items()
        if policy.allows(caller(), Action.ORGANIZATION_EDIT, key)
    ]


@blueprint.post("/desk/requests")
@permission(Action.ORGANIZATION_EDIT)
def decide() -> BaseResponse:
    """A step of a subscription to a product of the department."""
    _require_decider()
    form: Mapping[str, str] = request.form
    try:
        with writing() as work:
            step, reason = form.get("action", ""), form.get("reason", "")
            subscriptions.take_step(work, form.get("subscription", ""), step, reason=reason)
    except OpenDataError as error:
        if error.status == 404:
            raise
        return _requests(error)
    return redirect(display.to("requests"), 303)


@blueprint.get("/desk/products/<slug>")
@permission(Action.ORGANIZATION_EDIT)
def edit(slug: str) -> Response:
    return _edit(slug)


def _edit(slug: str, error: OpenDataError | None = None, values: Mapping[str, Any] | None = None) -> Response:
    _require_decider()
    with reading() as work:
        found = None if slug == NEW else _managed(work, slug)
        bodies = [work.session.get_one(Organization, key) for key, _ in _departments()]
        shown = values or (offers.described(*showing.shown(work, [found])) if found else {})
        choices = {plan.slug: plan.title for plan, _ in plans.offered(work)}
        if found is not None and found.plan_slug not in choices:  # given by an operator: it may stay
            choices[found.plan_slug] = plans.get(work, found.plan_slug).title
    errors = field_sentences(error) if error else {}
    return form_page(
        "products/edit.html",
        nav="desk",
        status=error.status if error else 200,
        known=found is not None,
        title=found.title if found else None,
        values=shown,
        departments=[(body.id, body.name) for body in bodies],
        plans=list(choices.items()),
        errors=errors,
        error=sentence(error) if error and not errors else "",
    )


def _managed(work: Work, slug: str) -> Product:
    found = products.get(work, slug)
    policy.require(work.caller, Action.ORGANIZATION_EDIT, found.organization_id)
    return found


@blueprint.post("/desk/products/<slug>")
@permission(Action.ORGANIZATION_EDIT)
def offer(slug: str) -> BaseResponse:
    _require_decider()
    values = _typed(slug)
    try:
        with writing() as work:
            found = None if slug == NEW else products.get(work, slug)
            owner = found.organization_id if found else request.form.get("department", "")
            products.offer(
                work,
                values["slug"],
                organization_id=owner or None,
                plan=values["plan"],
                new=found is None,
                raise_terms="raise" in request.form,
                **{name: values[name] for name in OFFERED},
            )
    except OpenDataError as error:
        if error.status in {401, 404}:
            raise
        return _edit(slug, error, values)
    return redirect(display.to("requests"), 303)


OFFERED = ("title", "description", "terms", "apis", "datasets", "approval", "visibility", "decide_by_days")


def _typed(slug: str) -> dict[str, Any]:
    form = request.form
    return {
        "slug": form.get("slug", "").strip() if slug == NEW else slug,
        "plan": form.get("plan", ""),
        "approval": form.get("approval", "manual"),
        "visibility": form.get("visibility", "public"),
        "decide_by_days": forms.whole(form.get("decide_by_days", "2"), -1),
        "apis": form.get("apis", "").split(),
        "datasets": form.get("datasets", "").split(),
        **{name: _both(name) for name in ("title", "description", "terms")},
    }


def _both(name: str) -> dict[str, str]:
    texts = {lang: request.form.get(f"{name}_{lang}", "").strip() for lang in LANGUAGES}
    return {lang: text for lang, text in texts.items() if text}
