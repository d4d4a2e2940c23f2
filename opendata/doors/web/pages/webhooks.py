"""Endpoints of an application: where messages go, what was sent, sending again."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import OpenDataError
from opendata.base.models import Application, WebhookDelivery, WebhookEndpoint
from opendata.base.runtime import Work
from opendata.doors.http import answers
from opendata.doors.http.context import caller, reading
from opendata.doors.http.permissions import permission
from opendata.doors.web import display, steps
from opendata.doors.web.rendering import form_page
from opendata.services.access import applications, policy, webhooks
from opendata.services.access.policy import Action

blueprint = Blueprint("webhooks", __name__)
SAMPLE = """import base64, hmac, time

def is_genuine(secret, headers, body):
    event, sent = headers["Webhook-Id"], headers["Webhook-Timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    message = f"{event}.{sent}.".encode() + body
    digest = hmac.digest(secret.encode(), message, "sha256")
    right = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(right, one) for one in headers["Webhook-Signature"].split())
"""


@blueprint.get("/developers/apps/<application_id>/webhooks")
@permission(Action.APPLICATION_VIEW)
def listing(application_id: str) -> Response:
    return _listing(application_id)


def _listing(
    application_id: str,
    error: OpenDataError | None = None,
    *,
    secret: str = "",
    of: str = "",
) -> Response:
    """`secret` is a new one of the endpoint `of`, shown this once."""
    policy.require_person(caller())
    with reading() as work:
        found = applications.get(work, application_id)
        endpoints = webhooks.listing(work, found)
        urls = {endpoint.id: endpoint.url for endpoint in endpoints}
        sent = [_delivery(row, urls) for row in webhooks.deliveries(work, found)]
        may_edit = applications.may_edit(work, found) and found.status == "active"
        now = work.now
    answer = form_page(
        "developers/webhooks.html",
        nav="apps",
        application={"id": found.id, "name": found.name, "env": found.env},
        tab="webhooks",
        endpoints=[_endpoint(endpoint, now) for endpoint in endpoints],
        deliveries=sent,
        kinds=webhooks.events(),
        sample=SAMPLE,
        may_edit=may_edit,
        room=len(endpoints) < webhooks.MOST_ENDPOINTS,
        secret=secret,
        secret_of=urls.get(of, ""),
        values=_typed(),
        **steps.told(error, 201 if secret else 200),
    )
    return answers.once(answer) if secret else answer


def _endpoint(endpoint: WebhookEndpoint, now: Any) -> dict[str, Any]:
    fields = ("id", "url", "kinds", "state", "display", "failing_since", "created")
    rotating = endpoint.old_until is not None and endpoint.old_until > now
    return {name: getattr(endpoint, name) for name in fields} | {
        "old_until": endpoint.old_until if rotating else None
    }


def _delivery(row: WebhookDelivery, urls: Mapping[str, str]) -> dict[str, Any]:
    fields = ("id", "kind", "state", "attempts", "status", "problem", "created", "next_at", "event")
    body = orjson.dumps(orjson.loads(row.body), option=orjson.OPT_INDENT_2).decode()
    return {name: getattr(row, name) for name in fields} | {
        "url": urls.get(row.endpoint_id, ""),
        "body": body,
    }


def _typed() -> dict[str, Any]:
    return {"url": request.form.get("url", ""), "kinds": request.form.getlist("kinds")}


@blueprint.post("/developers/apps/<application_id>/webhooks")
@permission(Action.APPLICATION_EDIT)
def act(application_id: str) -> BaseResponse:
    policy.require_person(caller())
    step = steps.chosen(STEPS)

    def done(given: Given) -> BaseResponse:
        secret, of = given
        if secret:
            return _listing(application_id, secret=secret, of=of)
        return redirect(display.to("webhooks", application_id), 303)

    return steps.taken(
        lambda work: step(work, applications.get(work, application_id)),
        done=done,
        failed=lambda error: _listing(application_id, error),
    )


Given = tuple[str, str]
"""(a new secret or "", the endpoint it belongs to)"""


def _add(work: Work, found: Application) -> Given:
    typed = _typed()
    endpoint, secret = webhooks.add(work, found, typed["url"], typed["kinds"])
    return secret, endpoint.id


def _rotate(work: Work, found: Application) -> Given:
    endpoint = _chosen(work, found)
    return webhooks.rotate(work, found, endpoint), endpoint.id


def _switch(state: str) -> "Callable[[Work, Application], Given]":
    def switch(work: Work, found: Application) -> Given:
        webhooks.edit(work, found, _chosen(work, found), {"state": state})
        return "", ""

    return switch


def _test(work: Work, found: Application) -> Given:
    webhooks.test(work, found, _chosen(work, found))
    return "", ""


def _remove(work: Work, found: Application) -> Given:
    webhooks.remove(work, found, _chosen(work, found))
    return "", ""


def _again(work: Work, found: Application) -> Given:
    webhooks.send_again(work, found, request.form.get("delivery", ""))
    return "", ""


STEPS: Mapping[str, Callable[[Work, Application], Given]] = {
    "add": _add,
    "rotate": _rotate,
    "on": _switch("active"),
    "off": _switch("off"),
    "test": _test,
    "remove": _remove,
    "again": _again,
}


def _chosen(work: Work, found: Application) -> WebhookEndpoint:
    return webhooks.get(work, found, request.form.get("endpoint", ""))
