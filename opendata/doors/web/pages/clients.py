"""The OAuth2 client of an application, and the applications a person has let in."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.i18n import translations
from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, Invalid, NotFound, OpenDataError
from opendata.base.models import Application, OAuthClient
from opendata.base.runtime import Work
from opendata.doors.http import answers
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.web import display, steps
from opendata.doors.web.pages.apps import SCOPE_LABELS
from opendata.doors.web.rendering import form_page
from opendata.services.access import applications, policy, scopes
from opendata.services.access.oauth import addresses, clients, consents
from opendata.services.access.oauth.clients import NewSecret
from opendata.services.access.policy import Action

blueprint = Blueprint("clients", __name__)
GRANT_LABELS = {
    addresses.CODE: N_("Thay mặt người dùng, qua trình duyệt (mã ủy quyền, PKCE)"),
    addresses.REFRESH: N_("Giữ quyền khi người dùng vắng mặt (mã làm mới)"),
    addresses.DEVICE: N_("Thay mặt người dùng, trên thiết bị không có trình duyệt"),
    addresses.CREDENTIALS: N_("Tự nhân danh mình, từ máy chủ"),
}
METHOD_LABELS = {
    "client_secret_basic": N_("Bí mật, cho phần mềm chạy trên máy chủ"),
    "private_key_jwt": N_("Khóa riêng của bạn, cho phần mềm chạy trên máy chủ"),
    "none": N_("Không có bí mật, cho ứng dụng trên máy của người dùng"),
}


@blueprint.get("/developers/apps/<application_id>/client")
@permission(Action.APPLICATION_VIEW)
def client(application_id: str) -> Response:
    policy.require_person(caller())
    return _page(application_id)


def _page(
    application_id: str,
    error: OpenDataError | None = None,
    values: Mapping[str, Any] | None = None,
    made: NewSecret | None = None,
) -> Response:
    with reading() as work:
        found = applications.get(work, application_id)
        row = clients.of(work, found)
        held = scopes.held_by(work.caller, found.owner_org_id)
        may_edit, operator = applications.may_edit(work, found), work.caller.operator
        shown = _shown(work, row) if row is not None else None
    words = translations(language()).gettext
    return form_page(
        "developers/client.html",
        application={"id": found.id, "name": found.name, "status": found.status, "env": found.env},
        client=shown,
        secret=made.text if made else None,
        made=made is not None,
        metadata=f"{addresses.issuer(platform().settings)}/.well-known/oauth-authorization-server",
        scope_options=[(scope, words(SCOPE_LABELS[scope])) for scope in found.scopes if scope in held],
        grant_options=[(grant, words(label)) for grant, label in GRANT_LABELS.items()],
        method_options=[(method, words(label)) for method, label in METHOD_LABELS.items()],
        may_edit=may_edit and found.status == "active",
        may_stop=may_edit or operator,
        values=values or {},
        **steps.told(error, 201 if made else 200),
    )


def _shown(work: Work, row: OAuthClient) -> dict[str, Any]:
    fields = ("id", "name", "type", "auth_method", "grants", "redirect_uris", "scopes", "revoked_at")
    return {
        **{field: getattr(row, field) for field in fields},
        "jwks": orjson.dumps(row.jwks, option=orjson.OPT_INDENT_2).decode() if row.jwks else "",
        "secrets": [
            {"id": secret.id, "display": secret.display, "created": secret.created, "ends": secret.expires_at}
            for secret in clients.live_secrets(work, row)
        ],
    }


@blueprint.post("/developers/apps/<application_id>/client")
@permission(Action.APPLICATION_EDIT)
def act(application_id: str) -> BaseResponse:
    policy.require_person(caller())
    step = steps.chosen(STEPS)

    def done(made: NewSecret | None) -> BaseResponse:
        if made is None:
            return redirect(display.to("client", application_id), 303)
        return answers.once(_page(application_id, made=made))

    return steps.taken(
        lambda work: step(work, applications.get(work, application_id)),
        done=done,
        failed=lambda error: _page(application_id, error, _typed()),
    )


def _typed() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", "")[:200],
        "auth_method": form.get("auth_method", ""),
        "grants": form.getlist("grants"),
        "scopes": form.getlist("scopes"),
        "redirect_uris": form.get("redirect_uris", ""),
        "jwks": form.get("jwks", ""),
    }


def _described() -> dict[str, Any]:
    """What the form says of the client. Raises `Invalid`."""
    form = request.form
    return {
        "name": form.get("name", ""),
        "grants": form.getlist("grants"),
        "redirect_uris": [
            line.strip() for line in form.get("redirect_uris", "").splitlines() if line.strip()
        ],
        "jwks": _keys(form.get("jwks", "").strip()),
    }


def _keys(text: str) -> Any:
    if not text:
        return None
    try:
        found = strict_json.loads(text)
    except strict_json.NotJson as error:
        raise Invalid(fields={"jwks": N_("Cần một đối tượng JSON.")}) from error
    if not isinstance(found, dict):
        raise Invalid(fields={"jwks": N_("Cần một đối tượng JSON.")})
    return found


def _create(work: Work, found: Application) -> NewSecret:
    method = request.form.get("auth_method", "")
    values = _described()
    return clients.create(
        work, found, values.pop("name"), auth_method=method, wanted=request.form.getlist("scopes"), **values
    )


def _edit(work: Work, found: Application) -> None:
    clients.edit(work, _of(work, found), {**_described(), "scopes": request.form.getlist("scopes")})


def _add_secret(work: Work, found: Application) -> NewSecret:
    return clients.add_secret(work, _of(work, found))


def _end_secret(work: Work, found: Application) -> None:
    clients.end_secret(work, _of(work, found), request.form.get("secret", ""))


def _revoke(work: Work, found: Application) -> None:
    clients.revoke(work, _of(work, found), reason=request.form.get("reason", ""))


def _of(work: Work, found: Application) -> OAuthClient:
    row = clients.of(work, found)
    if row is None:
        raise NotFound
    return row


STEPS: Mapping[str, Callable[[Work, Application], NewSecret | None]] = {
    "create": _create,
    "edit": _edit,
    "secret": _add_secret,
    "end-secret": _end_secret,
    "revoke": _revoke,
}


# --- applications let in ---------------------------------------------------------------------------


@blueprint.get("/account/apps")
@permission(SIGNED_IN)
def let_in() -> Response:
    policy.require_person(caller())
    with reading() as work:
        rows = [
            {
                "client_id": row.client.id,
                "name": row.client.name,
                "application": row.application.name,
                "homepage": row.application.homepage,
                "scopes": row.scopes,
                "since": row.since,
                "last_used": row.last_used,
            }
            for row in consents.given(work)
        ]
    return form_page("consents.html", consents=rows)


@blueprint.post("/account/apps")
@permission(SIGNED_IN)
def show_out() -> BaseResponse:
    policy.require_person(caller())
    with writing() as work:
        consents.withdraw(work, request.form.get("client_id", ""))
    return redirect(display.to("consents"), 303)
