"""Where links in mails lead. Opening one changes nothing: mail programs open links too. The button does."""

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import Invalid, OpenDataError
from opendata.doors.http.context import caller, language, reading, writing
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page
from opendata.services.access import accounts, invitations, people, tokens

blueprint = Blueprint("mailbox", __name__)


@blueprint.get("/confirm")
@permission(ANYONE)
def confirm() -> Response:
    token = request.args.get("token", "")
    with reading() as work:
        found = tokens.peek(work, accounts.CONFIRM, token)
        user = people.by_id(work, found.user_id or "")
    return form_page("mailbox/confirm.html", token=token, email=user.email, name=user.name, done=False)


@blueprint.post("/confirm")
@permission(ANYONE)
def confirm_submit() -> Response:
    with writing() as work:
        user = accounts.confirm(work, request.form.get("token", ""))
    return form_page("mailbox/confirm.html", token="", email=user.email, name=user.name, done=True)


@blueprint.get("/forgot")
@permission(ANYONE)
def forgot() -> Response:
    return form_page("mailbox/forgot.html", done=False, email="")


@blueprint.post("/forgot")
@permission(ANYONE)
def forgot_submit() -> Response:
    """The same for every address, in word and in time."""
    email = request.form.get("email", "")
    with writing() as work:
        accounts.ask_reset(work, email)
    return form_page("mailbox/forgot.html", done=True, email=email[:320])


@blueprint.get("/reset")
@permission(ANYONE)
def reset() -> Response:
    token = request.args.get("token", "")
    with reading() as work:
        tokens.peek(work, accounts.RESET, token)
    return form_page("mailbox/reset.html", token=token, errors={})


@blueprint.post("/reset")
@permission(ANYONE)
def reset_submit() -> BaseResponse:
    token = request.form.get("token", "")
    try:
        with writing() as work:
            accounts.reset(work, token, request.form.get("password", ""))
    except tokens.LinkEnded:
        raise
    except Invalid as error:
        return form_page(
            "mailbox/reset.html", status=error.status, token=token, errors=field_sentences(error)
        )
    return redirect(display.to("sign-in"), 303)


@blueprint.get("/invitation")
@permission(ANYONE)
def invitation() -> Response:
    return _invitation(request.args.get("token", ""))


def _invitation(token: str, error: OpenDataError | None = None) -> Response:
    with reading() as work:
        organization, found = invitations.look(work, token)
    return form_page(
        "mailbox/invitation.html",
        status=error.status if error else 200,
        token=token,
        organization=organization.name.get(language()) or organization.name["vi"],
        role=found.data["role"],
        email=found.data["email"],
        here=f"{display.to('invitation')}?token={token}",
        error=sentence(error) if error else "",
    )


@blueprint.post("/invitation")
@permission(ANYONE)
def invitation_submit() -> BaseResponse:
    token = request.form.get("token", "")
    try:
        with writing() as work:
            organization = invitations.accept(work, token)
    except OpenDataError as error:
        if error.status in {401, 403, 409} and caller().signed_in:
            return _invitation(token, error)
        raise
    return redirect(display.to("team", organization.slug), 303)
