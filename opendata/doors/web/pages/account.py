"""Sign-in, sign-out, my account."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError, SignInRequired
from opendata.doors.http import identity
from opendata.doors.http.context import caller, platform, reading, writing
from opendata.doors.http.permissions import ANYONE, SIGNED_IN, permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page
from opendata.services.access import people, sessions
from opendata.services.catalog import organizations

blueprint = Blueprint("account", __name__)


@blueprint.get("/sign-in")
@permission(ANYONE)
def sign_in() -> Response:
    return form_page("sign_in.html", next=local_path(request.args.get("next")), email="", error=None)


@blueprint.post("/sign-in")
@permission(ANYONE)
def sign_in_submit() -> BaseResponse:
    email = request.form.get("email", "")
    target = local_path(request.form.get("next"))
    hours = platform().settings.session_hours
    try:
        with writing() as work:
            user = people.authenticate(work, email, request.form.get("password", ""))
            session = sessions.start(work, user, hours=hours)
    except people.BadCredentials as error:
        return form_page("sign_in.html", status=401, next=target, email=email[:320], error=sentence(error))
    response = make_response(redirect(target or display.to("account"), 303))
    identity.remember(response, session.token, hours=hours)
    return response


@blueprint.post("/sign-out")
@permission(ANYONE)
def sign_out() -> BaseResponse:
    if token := g.get("session_token"):
        with writing() as work:
            sessions.end(work, token)
    response = make_response(redirect(display.to("home"), 303))
    identity.forget(response)
    return response


@blueprint.get("/account")
@permission(SIGNED_IN)
def account() -> Response:
    return _account()


def _account(*, status: int = 200, errors: Mapping[str, str] | None = None) -> Response:
    if not caller().signed_in:
        raise SignInRequired
    with reading() as work:
        user = people.by_id(work, caller().user_id or "")
        bodies = [(organizations.get(work, key), role) for key, role in caller().roles.items()]
    return form_page(
        "account.html",
        status=status,
        email=user.email,
        memberships=[{"slug": body.slug, "name": body.name, "role": role} for body, role in bodies],
        can_change_password=True,
        errors=errors or {},
    )


@blueprint.post("/account")
@permission(SIGNED_IN)
def change_password() -> BaseResponse:
    """Ends every session of the account, this one included: the new password signs in anew."""
    if not caller().signed_in:
        raise SignInRequired
    current, new = request.form.get("current", ""), request.form.get("new", "")
    try:
        with writing() as work:
            people.change_password(work, people.by_id(work, caller().user_id or ""), current, new)
    except OpenDataError as error:
        fields = field_sentences(error)
        shown = {"new": fields["password"]} if "password" in fields else {"current": sentence(error)}
        return _account(status=error.status, errors=shown)
    return redirect(display.to("sign-in"), 303)


def local_path(target: str | None) -> str:
    """A path of this site, rebuilt from its parts, or "" for anything else."""
    if not target or "\\" in target or any(ord(sign) < 32 for sign in target):
        return ""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
