"""The ways in: password, second factor, a provider of identities; and out."""

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError
from opendata.base.models import User
from opendata.base.runtime import Work
from opendata.doors.http import identity
from opendata.doors.http.application import forms_may_lead_to
from opendata.doors.http.context import language, platform, writing
from opendata.doors.http.paths import local_path
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.http.problems import sentence
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page
from opendata.services.access import people, provider, second_factor, sessions, tokens
from opendata.services.access.provider import Provider
from opendata.services.access.sessions import OpenSession

blueprint = Blueprint("signing_in", __name__)


@blueprint.get("/sign-in")
@permission(ANYONE)
def sign_in() -> Response:
    return _form(next=local_path(request.args.get("next")))


def _form(*, status: int = 200, next: str = "", email: str = "", error: str | None = None) -> Response:  # noqa: A002
    there = platform().part(Provider)
    response = form_page(
        "sign_in.html", status=status, next=next, email=email, error=error, provider=there.name
    )
    if there.name:
        response.headers["Content-Security-Policy"] = forms_may_lead_to(there.origins)
    return response


@blueprint.post("/sign-in")
@permission(ANYONE)
def sign_in_submit() -> BaseResponse:
    email = request.form.get("email", "")
    target = local_path(request.form.get("next"))
    try:
        with writing() as work:
            user = people.authenticate(work, email, request.form.get("password", ""))
            opened = _open(work, user)
    except people.BadCredentials as error:
        return _form(status=401, next=target, email=email[:320], error=sentence(error))
    return _entered(opened, target)


def _open(work: Work, user: User) -> OpenSession | str:
    """A session, or where the account asks for more, what the second step brings back."""
    if user.totp_secret is not None:
        return second_factor.begin(work, user)
    return sessions.start(work, user, hours=platform().settings.session_hours)


def _entered(opened: OpenSession | str, target: str) -> BaseResponse:
    if isinstance(opened, str):
        return form_page("second_step.html", pending=opened, next=target, error="")
    response = make_response(redirect(target or display.to("account"), 303))
    identity.remember(response, opened.token, hours=platform().settings.session_hours)
    return response


@blueprint.post("/sign-in/code")
@permission(ANYONE)
def second_step() -> BaseResponse:
    """Each try is written down before it is judged, so that no fault gives one back."""
    pending, target = request.form.get("pending", ""), local_path(request.form.get("next"))
    try:
        with writing() as work:
            user_id = second_factor.count_try(work, pending)
        with writing() as work:
            user = people.by_id(work, user_id)
            second_factor.finish(work, user, pending, request.form.get("code", ""))
            opened = sessions.start(work, user, hours=platform().settings.session_hours)
    except second_factor.WrongCode as error:
        return form_page("second_step.html", status=401, pending=pending, next=target, error=sentence(error))
    except tokens.LinkEnded as error:
        return _form(status=401, next=target, error=sentence(error))
    except second_factor.Unreadable as error:
        return _form(status=error.status, next=target, error=sentence(error))
    return _entered(opened, target)


@blueprint.post("/sign-in/provider")
@permission(ANYONE)
def to_provider() -> BaseResponse:
    with writing() as work:
        start = provider.begin(work, target=local_path(request.form.get("next")))
    response = make_response(redirect(start.address, 303))
    identity.remember_errand(response, start.state)
    return response


@blueprint.get("/sign-in/provider/done")
@permission(ANYONE)
def from_provider() -> BaseResponse:
    given = request.args
    try:
        with writing() as work:
            nonce, verifier, target = provider.take(
                work, given.get("state", ""), identity.errand(), given.get("iss")
            )
        claims = platform().part(Provider).claims(given.get("code", ""), nonce=nonce, verifier=verifier)
        with writing() as work:
            user = provider.person(work, claims, locale=language())
            opened = _open(work, user)
    except OpenDataError as error:
        return _form(status=error.status, error=sentence(error))
    response = _entered(opened, local_path(target))
    identity.forget_errand(response)
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
