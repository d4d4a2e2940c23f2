"""API keys over REST: made and rotated with the secret in the answer, once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response

from opendata.base.models import ApiKey, Application, User
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access as schemas
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import platform, reading, writing
from opendata.services.access import applications, keys
from opendata.services.access.keys import NewKey
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("keys", __name__, url_prefix="/apps", description="API keys of an application.")
EVERYWHERE = timedelta(seconds=1)
"""How long a revocation takes to hold in every worker."""


@blueprint.operation(
    "GET",
    "/<application_id>/keys",
    allows=Action.APPLICATION_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.Key),
    errors=(404,),
)
def list_keys(application_id: str, query: Mapping[str, Any]) -> Response:
    """List the keys of an application, newest first."""
    with reading() as work:
        application = applications.get(work, application_id)
        rows = keys.listing(work, application)
        page, following = lists.window(
            rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor")
        )
        data = [_shown(work, application, key) for key in page]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation(
    "POST",
    "/<application_id>/keys",
    allows=Action.APPLICATION_EDIT,
    body=schemas.NewKey,
    answer=schemas.NewKeyAnswer,
    status=201,
    errors=(404, 409),
)
def create_key(application_id: str, body: dict[str, Any]) -> Response:
    """Make a key.

    The answer holds the secret; it is shown this once.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        made = keys.create(work, application, body.pop("name"), wanted=body.pop("scopes", None), **body)
        value = _whole(work, application, made)
    return answers.json_once(value)


@blueprint.operation(
    "PATCH",
    "/<application_id>/keys/<key_id>",
    allows=Action.APPLICATION_EDIT,
    body=schemas.KeyPatch,
    answer=schemas.Key,
    errors=(404, 409),
)
def change_key(application_id: str, key_id: str, body: Mapping[str, Any]) -> Response:
    """Change a key.

    In force in every worker within a second.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        key = keys.get(work, application, key_id)
        keys.edit(work, application, key, body)
        value = _shown(work, application, key)
    return answers.json(value)


@blueprint.operation(
    "POST",
    "/<application_id>/keys/<key_id>/rotate",
    allows=Action.APPLICATION_EDIT,
    body=schemas.Rotation,
    body_required=False,
    answer=schemas.NewKeyAnswer,
    status=201,
    errors=(404, 409),
)
def rotate_key(application_id: str, key_id: str, body: Mapping[str, Any]) -> Response:
    """Rotate a key.

    The successor has the same scopes, products, networks and origins. Both work during the overlap; answers
    to the old key carry `X-Credential-Expires`.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        key = keys.get(work, application, key_id)
        made = keys.rotate(work, application, key, overlap_hours=body.get("overlap_hours", 24))
        value = _whole(work, application, made)
    return answers.json_once(value)


@blueprint.operation(
    "DELETE",
    "/<application_id>/keys/<key_id>",
    allows=Action.APPLICATION_EDIT,
    body=schemas.Reason,
    body_required=False,
    answer=schemas.Revoked,
    errors=(404,),
)
def revoke_key(application_id: str, key_id: str, body: Mapping[str, Any]) -> Response:
    """Revoke a key for good."""
    with writing() as work:
        application = applications.get(work, application_id)
        key = keys.get(work, application, key_id)
        keys.revoke(work, application, key, reason=body.get("reason", ""))
        now = work.now
    return answers.json({"effective_by": stamp(now + EVERYWHERE)})


def _whole(work: Work, application: Application, made: NewKey) -> dict[str, Any]:
    return {**_shown(work, application, made.key), "secret": made.secret}


def _shown(work: Work, application: Application, key: ApiKey) -> dict[str, Any]:
    owner = work.session.get(User, application.owner_user_id) if application.owner_user_id else None
    return {
        **{field: getattr(key, field) for field in ("id", "name", "display", "scopes", "products")},
        "cidrs": key.cidrs,
        "origins": key.origins,
        "state": keys.state_of(key, work.now),
        "created": stamp(key.created),
        "expires_at": stamp(keys.end_of(key, owner, platform().settings.unconfirmed_days)),
        "last_used_on": key.last_used_on.isoformat() if key.last_used_on else None,
        "revoked_at": stamp(key.revoked_at) if key.revoked_at else None,
        "revoked_reason": key.revoked_reason,
        "replaced_by": key.replaced_by,
    }
