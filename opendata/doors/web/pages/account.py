"""Sign-in, sign-out, my account."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import SignInRequired
from opendata.doors.http import identity
from opendata.doors.http.context import caller, platform, reading, writing
from opendata.doors.http.permissions import ANYONE, SIGNED_IN, permission
from opendata.doors.http.problems import sentence
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
    if not caller().signed_in:
        raise SignInRequired
    with reading() as work:
        bodies = [(organizations.get(work, key), role) for key, role in caller().roles.items()]
        memberships = [{"slug": body.slug, "name": body.name, "role": role} for body, role in bodies]
    return form_page("account.html", memberships=memberships)


def local_path(target: str | None) -> str:
    """A path of this site, rebuilt from its parts, or "" for anything else."""
    if not target or "\\" in target or any(ord(sign) < 32 for sign in target):
        return ""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
