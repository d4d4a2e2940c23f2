"""An organisation of developers or a department: its people and its invitations."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError
from opendata.base.models import Organization
from opendata.base.runtime import ROLES, Work
from opendata.doors.http import answers
from opendata.doors.http.context import caller, language, platform, reading
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.web import display, forms, steps
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
    values = {"name": name[:200], "kind": kind}
    return steps.taken(
        lambda work: teams.create(work, name, kind).slug,
        done=lambda slug: redirect(display.to("team", slug), 303),
        failed=lambda error: form_page("developers/new_team.html", values=values, **steps.told(error)),
    )


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
        givable = [role for role in ROLES if _may_give(work, found, role)] if manages else []
    return form_page(
        "developers/team.html",
        ticket=ticket,
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
        **steps.told(error, 201 if ticket else 200),
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
    action = request.form.get("action")
    if action == "register":
        return _ticket(slug)
    step = steps.chosen(STEPS)
    leads_to = display.to("apps") if action == "leave" else display.to("team", slug)
    return steps.taken(
        lambda work: step(work, teams.get(work, slug)),
        done=lambda _: redirect(leads_to, 303),
        failed=lambda error: _team(slug, error, {"email": request.form.get("email", "")[:320]}),
    )


def _ticket(slug: str) -> BaseResponse:
    """A token with which clients register themselves, shown this once."""
    uses = forms.whole(request.form.get("uses", "1"), 0)
    return steps.taken(
        lambda work: registration.invite(work, teams.get(work, slug), uses=uses),
        done=lambda text: answers.once(_team(slug, ticket=text)),
        failed=lambda error: _team(slug, error),
    )


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
