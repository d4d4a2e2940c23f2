"""Endpoints of an application over REST."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response

from opendata.base.models import WebhookDelivery, WebhookEndpoint
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import notices as schemas
from opendata.doors.api.schemas import outputs
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.services.access import applications, webhooks
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/apps", description="Endpoints of an application's own server."
)
ONE = "/<application_id>/webhooks/<webhook_id>"


@blueprint.operation(
    "GET",
    "/<application_id>/webhooks",
    allows=Action.APPLICATION_VIEW,
    answer=outputs.listing(schemas.Webhook),
    errors=(404,),
)
def list_webhooks(application_id: str) -> Response:
    """List the endpoints of an application."""
    with reading() as work:
        application = applications.get(work, application_id)
        data = [_shown(endpoint) for endpoint in webhooks.listing(work, application)]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "POST",
    "/<application_id>/webhooks",
    allows=Action.APPLICATION_EDIT,
    body=schemas.NewWebhook,
    answer=schemas.WebhookWithSecret,
    status=201,
    errors=(404, 409),
)
def add_webhook(application_id: str, body: Mapping[str, Any]) -> Response:
    """Add an endpoint.

    The answer holds the secret that signs the messages; it is shown this once.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        endpoint, secret = webhooks.add(work, application, body["url"], body["kinds"])
        value = _shown(endpoint) | {"secret": secret}
    return answers.json_once(value)


@blueprint.operation(
    "PATCH",
    ONE,
    allows=Action.APPLICATION_EDIT,
    body=schemas.WebhookPatch,
    answer=schemas.Webhook,
    errors=(404,),
)
def change_webhook(application_id: str, webhook_id: str, body: Mapping[str, Any]) -> Response:
    """Change an endpoint, or turn it off and on."""
    with writing() as work:
        application = applications.get(work, application_id)
        endpoint = webhooks.get(work, application, webhook_id)
        webhooks.edit(work, application, endpoint, body)
        value = _shown(endpoint)
    return answers.json(value)


@blueprint.operation("DELETE", ONE, allows=Action.APPLICATION_EDIT, answer=schemas.Webhook, errors=(404,))
def remove_webhook(application_id: str, webhook_id: str) -> Response:
    """Remove an endpoint with what waits for it."""
    with writing() as work:
        application = applications.get(work, application_id)
        endpoint = webhooks.get(work, application, webhook_id)
        value = _shown(endpoint)
        webhooks.remove(work, application, endpoint)
    return answers.json(value)


@blueprint.operation(
    "POST",
    f"{ONE}/rotate",
    allows=Action.APPLICATION_EDIT,
    answer=schemas.WebhookWithSecret,
    status=201,
    errors=(404,),
)
def rotate_webhook(application_id: str, webhook_id: str) -> Response:
    """Rotate the secret of an endpoint.

    For 24 hours messages carry a signature of each.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        endpoint = webhooks.get(work, application, webhook_id)
        secret = webhooks.rotate(work, application, endpoint)
        value = _shown(endpoint) | {"secret": secret}
    return answers.json_once(value)


@blueprint.operation(
    "POST",
    f"{ONE}/test",
    allows=Action.APPLICATION_EDIT,
    answer=schemas.Delivery,
    status=201,
    errors=(404, 409),
)
def test_webhook(application_id: str, webhook_id: str) -> Response:
    """Send a message that tells nothing."""
    with writing() as work:
        application = applications.get(work, application_id)
        endpoint = webhooks.get(work, application, webhook_id)
        value = _delivery(webhooks.test(work, application, endpoint))
    return answers.json(value, status=201)


@blueprint.operation(
    "GET",
    "/<application_id>/webhook-deliveries",
    allows=Action.APPLICATION_VIEW,
    answer=outputs.listing(schemas.Delivery, name="DeliveryList"),
    errors=(404,),
)
def list_deliveries(application_id: str) -> Response:
    """List what was sent to the endpoints of an application, newest first.

    Ended ones are kept for thirty days.
    """
    with reading() as work:
        application = applications.get(work, application_id)
        data = [_delivery(row) for row in webhooks.deliveries(work, application, limit=200)]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "POST",
    "/<application_id>/webhook-deliveries/<delivery_id>/send",
    allows=Action.APPLICATION_EDIT,
    answer=schemas.Delivery,
    errors=(404, 409),
)
def send_again(application_id: str, delivery_id: str) -> Response:
    """Send a message once more.

    Its id stays, so that the other side can tell that it knows it.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        value = _delivery(webhooks.send_again(work, application, delivery_id))
    return answers.json(value)


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "kinds": endpoint.kinds,
        "state": endpoint.state,
        "secret_display": endpoint.display,
        "old_secret_until": stamp(endpoint.old_until),
        "failing_since": stamp(endpoint.failing_since),
        "created": stamp(endpoint.created),
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("id", "event", "kind", "state", "attempts", "status")},
        "endpoint": row.endpoint_id,
        "problem": row.problem,
        "created": stamp(row.created),
        "next_at": stamp(row.next_at) if row.state == "waiting" else None,
        "body": orjson.loads(row.body),
    }
