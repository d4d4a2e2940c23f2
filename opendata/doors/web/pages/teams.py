"""An organisation of developers or a department: its people and its invitations."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, Invalid, OpenDataError
from opendata.base.models import Organization
from opendata.base.runtime import ROLES, Work
from opendata.doors.http import answers
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display, forms
from opendata.doors.web.rendering import form_page
from opendata.services.access import invitations, members, people, policy, teams
from opendata.services.access.oauth import addresses, registration
from opendata.services.access.policy import Action

blueprint = Blueprint("teams", __name__)


@blueprint.get("/developers/organizations")
@permission(SIGNED_IN)
def new() -> Response:
    policy.require_person(caller())
    return form_page("developers/new_team.html", values={}, errors={}, error="")


@blueprint.post("/developers/organizations")
@permission(SIGNED_IN)
def create() -> BaseResponse:
    name, kind = request.form.get("name", ""), request.form.get("kind", "")
    try:
        with writing() as work:
            made = teams.create(work, name, kind)
    except OpenDataError as error:
        errors = field_sentences(error)
        return form_page(
            "developers/new_team.html",
            status=error.status,
            values={"name": name[:200], "kind": kind},
            errors=errors,
            error="" if errors else sentence(error),
        )
    return redirect(display.to("team", made.slug), 303)


@blueprint.get("/developers/organizations/<slug>")
@permission(Action.MEMBERS_VIEW)
def team(slug: str) -> Response:
    policy.require_person(caller())
    return _team(slug)


def _team(
    slug: str,
    error: OpenDataError | None = None,
    values: Mapping[str, str] | None = None,
    *,
    ticket: str = "",
) -> Response:
    with reading() as work:
        found = teams.get(work, slug)
        rows = members.listing(work, found)
        waiting = invitations.listing(work, found)
        manages = policy.allows(work.caller, Action.MEMBERS_EDIT, found.id)
        registers = policy.allows(work.caller, Action.APPLICATION_EDIT, found.id)
        givable = [role for role in ROLES if _may_give(work, found, role)] if manages else []
    errors = field_sentences(error) if error else {}
    return form_page(
        "developers/team.html",
        status=error.status if error else 201 if ticket else 200,
        ticket=ticket,
        may_register=registers,
        registration=addresses.registration(platform().settings),
        team={"slug": found.slug, "name": found.name, "kind": found.kind},
        members=[
            {"id": user.id, "name": user.name, "email": user.email, "role": role, "me": _is_me(user.id)}
            for user, role in rows
        ],
        invitations=[
            {
                "id": invitations.name_of(item),
                "email": item.data["email"],
                "role": item.data["role"],
                "expires": item.expires,
            }
            for item in waiting
        ],
        department=found.kind == people.DEPARTMENT,
        manages=manages,
        roles=givable,
        values=values or {},
        errors=errors,
        error="" if errors or not error else sentence(error),
    )


def _is_me(user_id: str) -> bool:
    return user_id == caller().user_id


def _may_give(work: Work, found: Organization, role: str) -> bool:
    try:
        members.require_givable(work, found, role)
    except members.RoleNotHeld:
        return False
    return True


@blueprint.post("/developers/organizations/<slug>")
@permission(Action.MEMBERS_VIEW)
def act(slug: str) -> BaseResponse:
    policy.require_person(caller())
    action = request.form.get("action", "")
    if action == "register":
        return _ticket(slug)
    step = STEPS.get(action)
    if step is None:
        raise Invalid(fields={"action": N_("Không có bước này.")})
    try:
        with writing() as work:
            step(work, teams.get(work, slug))
    except OpenDataError as error:
        if error.status in {401, 404}:
            raise
        return _team(slug, error, {"email": request.form.get("email", "")[:320]})
    return redirect(display.to("apps") if action == "leave" else display.to("team", slug), 303)


def _ticket(slug: str) -> Response:
    """A token with which clients register themselves, shown this once."""
    uses = forms.whole(request.form.get("uses", "1"), 0)
    try:
        with writing() as work:
            found = teams.get(work, slug)
            text = registration.invite(work, found, uses=uses)
    except Invalid as error:
        return _team(slug, error)
    return answers.once(_team(slug, ticket=text))


def _invite(work: Work, found: Organization) -> None:
    form = request.form
    invitations.invite(work, found, form.get("email", ""), form.get("role", ""), locale=language())


def _withdraw(work: Work, found: Organization) -> None:
    invitations.withdraw(work, found, request.form.get("invitation", ""))


def _assign(work: Work, found: Organization) -> None:
    user_id = request.form.get("member", "")
    user = members.find(work, found, user_id)
    members.assign(work, user, found, request.form.get(f"role-{user_id}", ""))


def _remove(work: Work, found: Organization) -> None:
    members.assign(work, members.find(work, found, request.form.get("member", "")), found, None)


def _leave(work: Work, found: Organization) -> None:
    members.assign(work, members.find(work, found, work.caller.user_id or ""), found, None)


STEPS: Mapping[str, Callable[[Work, Organization], None]] = {
    "invite": _invite,
    "withdraw": _withdraw,
    "assign": _assign,
    "remove": _remove,
    "leave": _leave,
}
