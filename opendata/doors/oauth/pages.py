"""Where a person decides: what an application may do, and whether a device is theirs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.doors.http import identity
from opendata.doors.http.application import CONTENT_SECURITY_POLICY
from opendata.doors.http.context import caller, reading, writing
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web import display
from opendata.doors.web.pages.apps import SCOPE_LABELS
from opendata.doors.web.rendering import form_page, here
from opendata.services.access.oauth import consent, device
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.consent import Asked
from opendata.services.access.oauth.messages import Answer, Request

blueprint = Blueprint("consent", __name__)
STRONG = ("publish", "harvest", "admin")
_OURS = {"decision", identity.TOKEN_FIELD}


@blueprint.get("/oauth/authorize")
@permission(ANYONE)
def authorize() -> BaseResponse:
    """Nobody is sent anywhere else before signing in: also not with an error, which whoever owns the address
    could have caused on purpose (RFC 9700 §4.11.2). What is wrong is told before anybody is asked."""
    pairs = list(request.args.items(multi=True))
    with reading() as work:
        asked = consent.consider(work, Request("GET", request.path, pairs))
    if isinstance(asked, Answer) and asked.location is None:
        return _answered(asked)
    if not caller().signed_in:
        return _sign_in()
    if isinstance(asked, Answer):
        return _answered(asked)
    return _consent_page(asked, pairs)


@blueprint.post("/oauth/authorize")
@permission(ANYONE)
def decide() -> BaseResponse:
    pairs = [pair for pair in request.form.items(multi=True) if pair[0] not in _OURS]
    approved = request.form.get("decision") == "allow"
    with writing() as work:
        answer = consent.decide(work, Request("POST", request.path, pairs), approved=approved)
    return _answered(answer)


def _answered(answer: Answer) -> BaseResponse:
    """Back to the client, or a page where the client is not known to be at that address."""
    if answer.location is not None:
        response = redirect(answer.location, 303)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
    body = answer.body if not isinstance(answer.body, str) else {}
    return form_page("oauth/refused.html", status=400, error=body.get("error", ""))


def _sign_in() -> BaseResponse:
    return redirect(f"{display.to('sign-in')}?next={quote(_local(), safe='')}", 303)


def _local() -> str:
    """This page in the language of the visitor."""
    return display.in_language(display.language(), here())


def _consent_page(asked: Asked, pairs: Sequence[tuple[str, str]]) -> Response:
    response = form_page(
        "oauth/consent.html",
        pairs=pairs,
        scopes=_labels(asked.scopes),
        returns_to=urlsplit(asked.redirect_uri).netloc,
        **_about(asked.client),
    )
    return _leading_to(response, asked.redirect_uri)


def _leading_to(response: Response, address: str) -> Response:
    """Browsers hold the address a form leads on to against the policy, too."""
    parts = urlsplit(address)
    allowed = f"form-action 'self' {parts.scheme}://{parts.netloc}"
    policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", allowed)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _labels(scopes: Sequence[str]) -> list[tuple[str, str, bool]]:
    return [(scope, SCOPE_LABELS[scope], scope in STRONG) for scope in scopes]


def _about(client: Client) -> dict[str, Any]:
    application = client.application
    return {"client_name": client.row.name, "application": application.name, "homepage": application.homepage}


# --- devices ---------------------------------------------------------------------------------------


@blueprint.get("/oauth/device")
@permission(ANYONE)
def device_page() -> BaseResponse:
    """A code in the address is only filled in: looking it up here would let any page that leads to this one
    use up the person's tries, or try codes without counting."""
    if not caller().signed_in:
        return _sign_in()
    return form_page("oauth/device.html", code=request.args.get("user_code", "")[:20], wrong=False)


@blueprint.post("/oauth/device")
@permission(ANYONE)
def device_decide() -> BaseResponse:
    """The code is looked up, and counted if it is wrong; then the person is asked."""
    code, decision = request.form.get("user_code", "")[:20], request.form.get("decision", "")
    if decision not in {"allow", "deny"}:
        return _device(code)
    with writing() as work:
        waiting = device.find(work, code)
        done = waiting is not None and device.decide(work, waiting, approved=decision == "allow")
    if not done:
        return form_page("oauth/device.html", status=400, code=code, wrong=True)
    return form_page("oauth/device_done.html", approved=decision == "allow")


def _device(code: str) -> Response:
    with writing() as work:
        waiting = device.find(work, code)
    if waiting is None:
        return form_page("oauth/device.html", status=400, code=code, wrong=True)
    return form_page(
        "oauth/device_consent.html",
        code=code,
        scopes=_labels(waiting.row.scope.split()),
        **_about(waiting.client),
    )
