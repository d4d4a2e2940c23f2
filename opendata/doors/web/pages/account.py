"""My account: what the portal knows of me, my password, my second factor, my open sessions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import segno
from flask import Blueprint, Response, g, make_response, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import Invalid, OpenDataError
from opendata.base.models import User
from opendata.base.runtime import Work
from opendata.doors.http import answers, identity
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display, steps
from opendata.doors.web.rendering import form_page
from opendata.services.access import accounts, people, policy, second_factor, sessions, teams

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@permission(SIGNED_IN)
def account() -> Response:
    return _account()


def _account(*, status: int = 200, errors: Mapping[str, str] | None = None) -> Response:
    policy.require_person(caller())
    with reading() as work:
        user = people.by_id(work, caller().user_id or "")
        groups = teams.mine(work)
    memberships = [
        {"slug": body.slug, "name": body.name, "role": role, "public": body.kind == people.DEPARTMENT}
        for body, role in groups
    ]
    return form_page(
        "account.html",
        status=status,
        email=user.email,
        confirmed=user.confirmed_at is not None,
        memberships=memberships,
        can_change_password=user.password_hash is not None,
        errors=errors or {},
    )


@blueprint.post("/account")
@permission(SIGNED_IN)
def change() -> BaseResponse:
    """A new password ends every session of the account, this one included."""
    policy.require_person(caller())
    if request.form.get("action") == "confirm":
        with writing() as work:
            accounts.ask_again(work, people.by_id(work, caller().user_id or ""))
        return redirect(display.to("account"), 303)
    current, new = request.form.get("current", ""), request.form.get("new", "")
    try:
        with writing() as work:
            people.change_password(work, people.by_id(work, caller().user_id or ""), current, new)
    except OpenDataError as error:
        fields = field_sentences(error)
        shown = {"new": fields["password"]} if "password" in fields else {"current": sentence(error)}
        return _account(status=error.status, errors=shown)
    return redirect(display.to("sign-in"), 303)


@blueprint.get("/account/security")
@permission(SIGNED_IN)
def security() -> Response:
    return _security()


def _security(error: OpenDataError | None = None, codes: Sequence[str] = ()) -> Response:
    policy.require_person(caller())
    with reading() as work:
        user = people.by_id(work, caller().user_id or "")
        token = g.get("session_token", "")
        rows = [
            {
                "name": sessions.name_of(row),
                "created": row.created,
                "expires": row.expires,
                "this": sessions.is_this(row, token),
            }
            for row in sessions.listing(work, user)
        ]
        offered = None if user.totp_secret else _offered(work, user, request.form.get("offer", ""))
    return form_page(
        "security.html",
        second_factor=user.totp_secret is not None,
        offer=offered,
        codes=codes,
        sessions=rows,
        **steps.told_above(error),
    )


def _offered(work: Work, user: User, sealed: str) -> dict[str, Any]:
    """A secret for the person's device: the one the form brought back, else a new one."""
    try:
        secret = second_factor.opened(work, user, sealed)
    except Invalid:
        secret, sealed = second_factor.offer(work, user)
    settings = platform().settings
    name = settings.portal_name_en if language() == "en" else settings.portal_name_vi
    image = segno.make_qr(second_factor.address(user, secret, name), error="m")
    square = image.svg_inline(scale=4, dark="#000", light="#fff", omitsize=False)
    return {
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "sealed": sealed,
        "square": Markup(square),  # noqa: S704  # drawn by the line above
    }


@blueprint.post("/account/security")
@permission(SIGNED_IN)
def secure() -> BaseResponse:
    policy.require_person(caller())
    if request.form.get("action") == "end":
        return _end_one()
    step = steps.chosen(STEPS)
    hours = platform().settings.session_hours

    def take(work: Work) -> tuple[Sequence[str], sessions.OpenSession]:
        user = sessions.holder(work, g.get("session_token", ""))
        return step(work, user), sessions.end_others(work, user, hours=hours)

    def done(result: tuple[Sequence[str], sessions.OpenSession]) -> BaseResponse:
        codes, opened = result
        identity.become(opened)
        if codes:
            answer: BaseResponse = answers.once(_security(codes=codes))
        else:
            answer = make_response(redirect(display.to("security"), 303))
        identity.remember(answer, opened.token, hours=hours)
        return answer

    return steps.taken(take, done=done, failed=_security)


def _end_one() -> BaseResponse:
    with writing() as work:
        user = people.by_id(work, caller().user_id or "")
        sessions.end_one(work, user, request.form.get("session", ""))
    return redirect(display.to("security"), 303)


def _turn_on(work: Work, user: User) -> Sequence[str]:
    return second_factor.turn_on(work, user, request.form.get("offer", ""), request.form.get("code", ""))


def _turn_off(work: Work, user: User) -> Sequence[str]:
    second_factor.turn_off(work, user, request.form.get("code", ""))
    return ()


def _others(_work: Work, _user: User) -> Sequence[str]:
    return ()


STEPS: Mapping[str, Callable[[Work, User], Sequence[str]]] = {
    "on": _turn_on,
    "off": _turn_off,
    "others": _others,
}
