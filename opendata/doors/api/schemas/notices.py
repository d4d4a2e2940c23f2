"""Notices and webhooks: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base, stated
from opendata.doors.api.schemas.queries import Paged
from opendata.services.access import webhooks


class Notices(Paged):
    """Which notices."""

    unread = base.Switch(load_default=False, metadata={"description": "Only those not read yet."})


class Notice(base.Schema):
    """Something the caller was told."""

    id = stated.count("Number of the notice; newer ones are higher.")
    kind = stated.text("What happened.", example="key.expiring")
    title = stated.prose("In short, in the language asked for.")
    text = stated.prose("In full.")
    data = fields.Dict(required=True, metadata={"description": "The same for programs; never a secret."})
    created = stated.time("When.")
    read_at = stated.time("When it was marked as read.", nullable=True)


class NoticesMeta(base.Schema):
    """How many there are."""

    total = stated.count("Notices that can be listed.")
    unread = stated.count("Of all of the caller's, not read yet.")


class NoticesRead(base.Schema):
    """Which notices were read."""

    up_to = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=base.Between(1, 2**53),
        metadata={"description": "Id of the newest one read; all without."},
    )


class Unread(base.Schema):
    """What is left."""

    unread = stated.count("Notices not read yet.")


def _kinds(**more: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=base.OneOf(webhooks.events())),
        metadata={"description": "Events it wants; empty for all."},
        **more,
    )


class Webhook(base.Schema):
    """An endpoint that is told of events."""

    id = stated.text("Id of the endpoint.")
    url = stated.text("Where messages are sent.", example="https://app.example/hooks")
    kinds = _kinds(required=True)
    state = stated.text("active or off.")
    secret_display = stated.text("First characters of its secret.")
    old_secret_until = stated.time("Until when the old secret signs as well.", nullable=True)
    failing_since = stated.time("Since when it fails; none while it answers.", nullable=True)
    created = stated.time("When it was added.")


class WebhookWithSecret(Webhook):
    """An endpoint with its new secret."""

    secret = stated.text("Signs the messages. Shown this once.")


class NewWebhook(base.Schema):
    """An endpoint of one's own server."""

    url = base.Text(required=True, most=2000, metadata={"description": "An https address."})
    kinds = _kinds(load_default=list)


class WebhookPatch(base.Schema):
    """Changes of an endpoint."""

    url = base.Text(most=2000, metadata={"description": "An https address."})
    kinds = _kinds()
    state = fields.String(
        validate=base.OneOf(("active", "off")), metadata={"description": "Off: nothing is sent."}
    )


class Delivery(base.Schema):
    """One message to one endpoint."""

    id = stated.text("Id of the delivery.")
    endpoint = stated.text("Id of the endpoint.")
    event = stated.text("`Webhook-Id`, the same at every try.")
    kind = stated.text("What happened.", example="key.rotated")
    state = stated.text("waiting, delivered or dead.")
    attempts = stated.count("Tries until now.")
    status = stated.count("HTTP status of the last answer.", nullable=True)
    problem = stated.text("What went wrong the last time.", nullable=True)
    created = stated.time("When it happened.")
    next_at = stated.time("When it is tried next; none once it has ended.", nullable=True)
    body = fields.Dict(required=True, metadata={"description": "The message."})


class NetworkBlock(base.Schema):
    """A network nothing is answered to."""

    id = stated.text("Id of the block.")
    network = stated.text("The network.", example="203.0.113.0/24")
    reason = stated.text("Why; seen by operators alone.")
    created = stated.time("Since when.")
    until = stated.time("Until when; none: until it is lifted.", nullable=True)
    refused = stated.count("Calls refused since, some seconds late.")
    refused_at = stated.time("When the last of them was, about.", nullable=True)


class NewNetworkBlock(base.Schema):
    """A network to answer nothing to."""

    network = base.Text(
        required=True, most=50, metadata={"description": "Address or network.", "example": "203.0.113.0/24"}
    )
    reason = base.Text(required=True, most=500, metadata={"description": "Kept in the audit trail."})
    hours = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=base.Between(1, 8784),
        metadata={"description": "For how long; without it until it is lifted."},
    )


class WhyLifted(base.Schema):
    """Why a network is let in again."""

    reason = base.Text(required=True, most=500, metadata={"description": "Kept in the audit trail."})


class NewTransfer(base.Schema):
    """Whom an application is offered to: one of the two."""

    email = base.Text(load_default="", most=320, metadata={"description": "Address of a person's account."})
    organization = base.Text(load_default="", most=120, metadata={"description": "Slug of an organisation."})


class Transfer(base.Schema):
    """An application offered to somebody else."""

    application = stated.text("Id of the application.")
    name = stated.text("Its name.")
    organization = stated.text("Slug of the organisation it is offered to.", nullable=True)
    expires = stated.time("Until when it can be taken.")
