"""Applications over REST: the same as on the developers' pages, with the same permissions."""

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for

from opendata.base.models import Application, Organization
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access as schemas
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.doors.http.permissions import SIGNED_IN
from opendata.services.access import applications, scopes, teams
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("applications", __name__, url_prefix="/apps", description="Applications of developers.")


@blueprint.operation(
    "GET", "", allows=SIGNED_IN, query=queries.Paged, answer=outputs.listing(schemas.Application)
)
def listing(query: Mapping[str, Any]) -> Response:
    """List the applications of the caller and of the caller's organisations."""
    with reading() as work:
        rows = applications.listing(work)
        page, following = lists.window(
            rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor")
        )
        data = [_shown(work, application) for application in page]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation(
    "POST",
    "",
    allows=SIGNED_IN,
    body=schemas.NewApplication,
    answer=schemas.Application,
    status=201,
    errors=(404, 409),
)
def create(body: dict[str, Any]) -> Response:
    """Make an application.

    Of the caller, or of an organisation the caller may act for.
    """
    with writing() as work:
        owner = body.pop("organization", None)
        made = applications.create(
            work,
            body.pop("name"),
            organization=teams.get(work, owner) if owner else None,
            wanted=body.pop("scopes", scopes.OPEN),
            **body,
        )
        value = _shown(work, made)
    response = answers.json(value, status=201)
    response.headers["Location"] = url_for("applications.get", application_id=made.id)
    return response


@blueprint.operation(
    "GET",
    "/<application_id>",
    allows=Action.APPLICATION_VIEW,
    answer=schemas.Application,
    errors=(404,),
)
def get(application_id: str) -> Response:
    """Read one application."""
    with reading() as work:
        value = _shown(work, applications.get(work, application_id))
    return answers.json(value)


@blueprint.operation(
    "PATCH",
    "/<application_id>",
    allows=Action.APPLICATION_EDIT,
    body=schemas.ApplicationPatch,
    answer=schemas.Application,
    errors=(404, 409),
)
def change(application_id: str, body: Mapping[str, Any]) -> Response:
    """Change an application.

    What is named is changed. Fewer scopes bind its keys at once.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        applications.edit(work, application, body)
        value = _shown(work, application)
    return answers.json(value)


@blueprint.operation(
    "DELETE",
    "/<application_id>",
    allows=Action.APPLICATION_EDIT,
    body=schemas.Reason,
    body_required=False,
    answer=schemas.Application,
    errors=(404, 409),
)
def close(application_id: str, body: Mapping[str, Any]) -> Response:
    """Close an application for good.

    Its keys are revoked.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        applications.close(work, application, reason=body.get("reason", ""))
        value = _shown(work, application)
    return answers.json(value)


@blueprint.operation(
    "POST",
    "/<application_id>/suspend",
    allows=Action.PLATFORM,
    body=schemas.Reason,
    answer=schemas.Application,
    errors=(404, 409),
)
def suspend(application_id: str, body: Mapping[str, Any]) -> Response:
    """Suspend an application.

    For operators, who have to say why; its keys are refused until it is resumed.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        applications.suspend(work, application, reason=body["reason"])
        value = _shown(work, application)
    return answers.json(value)


@blueprint.operation(
    "POST",
    "/<application_id>/resume",
    allows=Action.PLATFORM,
    body=schemas.Reason,
    answer=schemas.Application,
    errors=(404, 409),
)
def resume(application_id: str, body: Mapping[str, Any]) -> Response:
    """Resume a suspended application.

    For operators, who have to say why.
    """
    with writing() as work:
        application = applications.get(work, application_id)
        applications.resume(work, application, reason=body["reason"])
        value = _shown(work, application)
    return answers.json(value)


def _shown(work: Work, application: Application) -> dict[str, Any]:
    fields = ("id", "name", "purpose", "contact_email", "homepage", "env", "status", "status_reason")
    return {
        **{field: getattr(application, field) for field in fields},
        "scopes": application.scopes,
        "owner": _owner(work, application),
        "created": stamp(application.created),
    }


def _owner(work: Work, application: Application) -> dict[str, Any]:
    if application.owner_org_id is None:
        return {"kind": "user", "slug": None, "name": None}
    body = work.session.get_one(Organization, application.owner_org_id)
    return {"kind": body.kind, "slug": body.slug, "name": body.name["vi"]}
