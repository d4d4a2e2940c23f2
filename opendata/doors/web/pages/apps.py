"""My applications, and one application with its keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.i18n import translations
from opendata.base.kit.clock import CITY_ZONE
from opendata.base.kit.errors import N_, Invalid, OpenDataError
from opendata.base.models import ApiKey, Application, ApplicationTransfer, Organization, User
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.web import display, forms, steps
from opendata.doors.web.pages.developers import shown_once
from opendata.doors.web.rendering import form_page
from opendata.services.access import applications, keys, policy, scopes, teams, transfers
from opendata.services.access.policy import Action

blueprint = Blueprint("apps", __name__)
SCOPE_LABELS = {
    "read": N_("Đọc mô tả và tìm kiếm"),
    "download": N_("Tải tệp"),
    "query": N_("Truy vấn dòng"),
    "publish": N_("Soạn và công bố dữ liệu của cơ quan"),
    "harvest": N_("Chạy nguồn thu thập của cơ quan"),
    "admin": N_("Quản trị: ứng dụng, khóa, thành viên"),
}


@blueprint.get("/developers/apps")
@permission(SIGNED_IN)
def listing() -> Response:
    return _listing()


@blueprint.post("/developers/apps")
@permission(SIGNED_IN)
def create() -> BaseResponse:
    form = request.form
    values = {name: form.get(name, "") for name in ("name", "purpose", "env", "organization")}
    try:
        with writing() as work:
            owner = teams.get(work, values["organization"]) if values["organization"] else None
            made = applications.create(
                work,
                values["name"],
                organization=owner,
                purpose=values["purpose"],
                env=values["env"] or "live",
                wanted=_most(work, owner, values["env"]),
            )
    except OpenDataError as error:
        return _listing(error, values)
    return redirect(display.to("app", made.id), 303)


def _most(work: Work, owner: Organization | None, env: str) -> list[str]:
    """An application may have what its maker may give; its keys begin with less."""
    held = scopes.OPEN if env == "test" else scopes.held_by(work.caller, owner.id if owner else None)
    return scopes.cleaned(held)


def _listing(error: OpenDataError | None = None, values: Mapping[str, str] | None = None) -> Response:
    with reading() as work:
        rows = applications.listing(work)
        live = _live_keys(work, rows)
        owners = _names(work, rows)
        groups = teams.mine(work)
        shown = [_row(row, owners, live.get(row.id, 0)) for row in rows]
        coming = [_coming(work, *row) for row in transfers.waiting(work)]
        may_own = [
            (body.id, body.name)
            for body, _role in groups
            if policy.allows(work.caller, Action.APPLICATION_EDIT, body.id)
        ]
    return form_page(
        "developers/apps.html",
        applications=shown,
        coming=coming,
        teams=[_team(body, role) for body, role in groups],
        owners=may_own,
        values=values or {},
        **steps.told(error),
    )


def _coming(work: Work, item: ApplicationTransfer, application: Application) -> dict[str, Any]:
    """An application that somebody offers to the caller."""
    giver = work.session.get(User, item.by_id) if item.by_id else None
    body = work.session.get(Organization, item.to_org_id) if item.to_org_id else None
    return {
        "id": application.id,
        "name": application.name,
        "by": giver.name if giver else "",
        "organization": body.name if body else None,
        "expires": item.expires,
    }


@blueprint.post("/developers/apps/transfers")
@permission(SIGNED_IN)
def decide_transfer() -> BaseResponse:
    """Take an application that is offered, or decline it."""
    policy.require_person(caller())
    offered = request.form.get("application", "")
    step, leads_to = steps.chosen(
        {
            "accept": (transfers.accept, display.to("app", offered)),
            "decline": (transfers.end, display.to("apps")),
        }
    )
    return steps.taken(
        lambda work: step(work, offered),
        done=lambda _: redirect(leads_to, 303),
        failed=_listing,
    )


def _team(body: Organization, role: str) -> dict[str, str]:
    return {"slug": body.slug, "name": body.name["vi"], "kind": body.kind, "role": role}


def _row(application: Application, owners: Mapping[str, str], live: int) -> dict[str, Any]:
    fields = (
        "id",
        "name",
        "purpose",
        "contact_email",
        "homepage",
        "env",
        "status",
        "status_reason",
        "scopes",
    )
    row = {field: getattr(application, field) for field in fields}
    return row | {"owner": owners.get(application.owner_org_id or "", ""), "keys": live}


def _names(work: Work, rows: Any) -> dict[str, str]:
    ids = {row.owner_org_id for row in rows if row.owner_org_id}
    found = work.session.scalars(select(Organization).where(Organization.id.in_(ids)))
    return {body.id: body.name.get(language()) or body.name["vi"] for body in found}


def _live_keys(work: Work, rows: Any) -> dict[str, int]:
    counted = (
        select(ApiKey.application_id, func.count())
        .where(ApiKey.application_id.in_([row.id for row in rows]))
        .where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > work.now)
        .group_by(ApiKey.application_id)
    )
    return {row[0]: row[1] for row in work.session.execute(counted)}


@blueprint.get("/developers/apps/<application_id>")
@permission(Action.APPLICATION_VIEW)
def application(application_id: str) -> Response:
    policy.require_person(caller())
    return _application(application_id)


def _application(
    application_id: str, error: OpenDataError | None = None, values: Mapping[str, Any] | None = None
) -> Response:
    with reading() as work:
        found = applications.get(work, application_id)
        person = work.session.get(User, found.owner_user_id) if found.owner_user_id else None
        rows = keys.listing(work, found)
        owners = _names(work, [found])
        held = scopes.held_by(work.caller, found.owner_org_id)
        offered = transfers.pending(work, found)
        leaving = {"expires": offered.expires, "to": _recipient(work, offered)} if offered else None
        groups = [(body.slug, body.name) for body, _role in teams.mine(work) if body.id != found.owner_org_id]
        may_edit, operator = applications.may_edit(work, found), work.caller.operator
        days = platform().settings.unconfirmed_days
        products = [(item.slug, item.title) for item in keys.bindable(work, found)]
        shown = [
            {
                **{name: getattr(key, name) for name in ("id", "name", "display", "scopes", "cidrs")},
                "origins": key.origins,
                "products": key.products,
                "state": keys.state_of(key, work.now),
                "expires_at": keys.end_of(key, person, days),
                "last_used_on": key.last_used_on,
            }
            for key in rows
        ]
    words = translations(language()).gettext
    return form_page(
        "developers/app.html",
        application=_row(found, owners, 0),
        keys=shown,
        scope_options=[(scope, words(SCOPE_LABELS[scope])) for scope in found.scopes if scope in held],
        product_options=products,
        leaving=leaving,
        teams=groups,
        may_edit=may_edit,
        may_stop=may_edit or operator,
        may_suspend=operator,
        values=values or {},
        **steps.told(error),
    )


def _recipient(work: Work, item: ApplicationTransfer) -> Any:
    if item.to_org_id is None:
        return item.to_email
    return work.session.get_one(Organization, item.to_org_id).name


@blueprint.post("/developers/apps/<application_id>")
@permission(Action.APPLICATION_EDIT)
def act(application_id: str) -> BaseResponse:
    policy.require_person(caller())
    step = steps.chosen(STEPS)

    def take(work: Work) -> tuple[Application, Shown | None]:
        found = applications.get(work, application_id)
        return found, step(work, found)

    def done(result: tuple[Application, Shown | None]) -> BaseResponse:
        found, made = result
        if made is None:
            return redirect(display.to("app", application_id), 303)
        return shown_once(found, made.key, made.secret, made.owner, old=made.old)

    return steps.taken(take, done=done, failed=lambda error: _application(application_id, error, _typed()))


def _typed() -> dict[str, Any]:
    form = request.form
    one = {name: form.get(name, "") for name in ("name", "cidrs", "origins", "expires_at")}
    return one | {name: form.getlist(name) for name in ("scopes", "products")}


@dataclass(frozen=True)
class Shown:
    """A new key, shown after the commit."""

    key: ApiKey
    secret: str = field(repr=False)
    owner: User | None
    old: ApiKey | None = None
    """The one it replaces."""


def _new_key(work: Work, found: Application) -> Shown:
    form = request.form
    made = keys.create(
        work,
        found,
        form.get("name", ""),
        wanted=form.getlist("scopes"),
        expires_at=_end_of_day(form.get("expires_at", "")),
        products=form.getlist("products"),
        cidrs=_lines("cidrs"),
        origins=_lines("origins"),
    )
    return Shown(made.key, made.secret, _owner(work, found))


def _rotate(work: Work, found: Application) -> Shown:
    key = keys.get(work, found, request.form.get("key", ""))
    hours = forms.whole(request.form.get(f"overlap-{key.id}", "24"), -1)
    made = keys.rotate(work, found, key, overlap_hours=hours)
    return Shown(made.key, made.secret, _owner(work, found), old=key)


def _revoke(work: Work, found: Application) -> None:
    key = keys.get(work, found, request.form.get("key", ""))
    keys.revoke(work, found, key, reason=request.form.get(f"reason-{key.id}", ""))


def _edit(work: Work, found: Application) -> None:
    form = request.form
    changes = {name: form.get(name, "") for name in ("purpose", "contact_email", "homepage")}
    applications.edit(work, found, {"name": form.get("app_name", ""), **changes})


def _close(work: Work, found: Application) -> None:
    applications.close(work, found, reason=request.form.get("reason", ""))


def _suspend(work: Work, found: Application) -> None:
    applications.suspend(work, found, reason=request.form.get("reason", ""))


def _resume(work: Work, found: Application) -> None:
    applications.resume(work, found, reason=request.form.get("reason", ""))


def _offer(work: Work, found: Application) -> None:
    slug = request.form.get("organization", "")
    body = teams.get(work, slug) if slug else None
    transfers.offer(work, found, email="" if body else request.form.get("email", ""), organization=body)


def _keep(work: Work, found: Application) -> None:
    applications.require_edit(work, found)
    transfers.end(work, found.id)


STEPS: Mapping[str, Callable[[Work, Application], Shown | None]] = {
    "key": _new_key,
    "rotate": _rotate,
    "revoke": _revoke,
    "edit": _edit,
    "close": _close,
    "suspend": _suspend,
    "resume": _resume,
    "offer": _offer,
    "keep": _keep,
}


def _owner(work: Work, found: Application) -> User | None:
    return work.session.get(User, found.owner_user_id) if found.owner_user_id else None


def _lines(field: str) -> list[str]:
    return [line.strip() for line in request.form.get(field, "").splitlines() if line.strip()]


def _end_of_day(text: str) -> datetime | None:
    """The end of a day in the city. Raises `Invalid`."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CITY_ZONE).date()
    except ValueError as error:
        raise Invalid(fields={"expires_at": N_("Không phải một ngày.")}) from error
    return datetime.combine(day + timedelta(days=1), time(), CITY_ZONE).astimezone(UTC)
