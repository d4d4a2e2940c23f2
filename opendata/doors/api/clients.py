"""The OAuth2 client of an application over REST: the same as on the developers' pages."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.kit.errors import NotFound
from opendata.base.models import ClientSecret, OAuthClient
from opendata.base.runtime import Work
from opendata.doors.api.keys import EVERYWHERE
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access, oauth
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.services.access import applications
from opendata.services.access.oauth import clients
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint(
    "clients", __name__, url_prefix="/apps", description="The OAuth2 client of an application."
)


@blueprint.operation(
    "GET",
    "/<application_id>/client",
    allows=Action.APPLICATION_VIEW,
    answer=oauth.OAuthClient,
    errors=(404,),
)
def get_client(application_id: str) -> Response:
    """Read the client of an application."""
    with reading() as work:
        value = _shown(work, _opened(work, application_id))
    return answers.json(value)


@blueprint.operation(
    "POST",
    "/<application_id>/client",
    allows=Action.APPLICATION_EDIT,
    body=oauth.OAuthClientInput,
    answer=oauth.NewOAuthClient,
    status=201,
    errors=(404, 409),
)
def create_client(application_id: str, body: dict[str, Any]) -> Response:
    """Make the client of an application, which has one at a time.

    The answer holds its first secret; it is shown this once. Public clients have none.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        made = clients.create(work, application, body.pop("name"), wanted=body.pop("scopes", None), **body)
        value = {**_shown(work, made.client), "secret": made.text}
    return answers.json_once(value)


@blueprint.operation(
    "PATCH",
    "/<application_id>/client",
    allows=Action.APPLICATION_EDIT,
    body=oauth.OAuthClientPatch,
    answer=oauth.OAuthClient,
    errors=(404, 409),
)
def change_client(application_id: str, body: Mapping[str, Any]) -> Response:
    """Change the client of an application.

    What is named is changed. Fewer scopes bind the tokens it has within a second.
    """
    with writing() as work:
        client = _opened(work, application_id)
        clients.edit(work, client, body)
        value = _shown(work, client)
    return answers.json(value)


@blueprint.operation(
    "DELETE",
    "/<application_id>/client",
    allows=Action.APPLICATION_EDIT,
    body=access.Reason,
    body_required=False,
    answer=access.Revoked,
    errors=(404,),
)
def revoke_client(application_id: str, body: Mapping[str, Any]) -> Response:
    """Revoke the client for good; every token it has ends."""
    with writing() as work:
        clients.revoke(work, _opened(work, application_id), reason=body.get("reason", ""))
        now = work.now
    return answers.json({"effective_by": stamp(now + EVERYWHERE)})


@blueprint.operation(
    "POST",
    "/<application_id>/client/secrets",
    allows=Action.APPLICATION_EDIT,
    answer=oauth.NewClientSecret,
    status=201,
    errors=(404, 409, 422),
)
def add_client_secret(application_id: str) -> Response:
    """Make one more secret.

    Of those before it the newest stays good until it is ended, so that a secret can be changed without a
    gap.
    """
    with writing() as work:
        made = clients.add_secret(work, _opened(work, application_id))
        assert made.row is not None  # noqa: S101  # one was drawn just now
        value = {**_secret(made.row), "secret": made.text}
    return answers.json_once(value)


@blueprint.operation(
    "DELETE",
    "/<application_id>/client/secrets/<secret_id>",
    allows=Action.APPLICATION_EDIT,
    answer=oauth.OAuthClient,
    errors=(404,),
)
def end_client_secret(application_id: str, secret_id: str) -> Response:
    """End one secret at once."""
    with writing() as work:
        client = _opened(work, application_id)
        clients.end_secret(work, client, secret_id)
        value = _shown(work, client)
    return answers.json(value)


def _opened(work: Work, application_id: str) -> OAuthClient:
    """The client of an application the caller may see. Raises `NotFound`."""
    client = clients.of(work, applications.get(work, application_id))
    if client is None:
        raise NotFound
    return client


def _shown(work: Work, client: OAuthClient) -> dict[str, Any]:
    plain = ("id", "name", "type", "auth_method", "grants", "redirect_uris", "scopes", "jwks")
    return {
        **{field: getattr(client, field) for field in plain},
        "may_introspect": client.may_introspect,
        "created": stamp(client.created),
        "revoked_at": stamp(client.revoked_at) if client.revoked_at else None,
        "secrets": [_secret(secret) for secret in clients.live_secrets(work, client)],
    }


def _secret(row: ClientSecret) -> dict[str, Any]:
    return {
        "id": row.id,
        "display": row.display,
        "created": stamp(row.created),
        "expires_at": stamp(row.expires_at),
    }
