"""Handing applications over, over REST."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.models import Application, ApplicationTransfer, Organization
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import notices as schemas
from opendata.doors.api.schemas import outputs
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.doors.http.permissions import SIGNED_IN
from opendata.services.access import applications, policy, teams, transfers
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("transfers", __name__, url_prefix="", description="Handing applications over.")


@blueprint.operation("GET", "/me/transfers", allows=SIGNED_IN, answer=outputs.listing(schemas.Transfer))
def list_transfers() -> Response:
    """List the applications the caller may take."""
    with reading() as work:
        data = [_transfer(work, *row) for row in transfers.waiting(work)]
    return lists.answer(data, total=len(data))


@blueprint.operation(
    "POST",
    "/apps/<application_id>/transfer",
    allows=Action.APPLICATION_EDIT,
    body=schemas.NewTransfer,
    answer=schemas.Transfer,
    status=201,
    errors=(404, 409),
)
def offer_application(application_id: str, body: Mapping[str, Any]) -> Response:
    """Offer an application to somebody else.

    Nothing changes until it is taken. Then its keys end within a week, as its former owner knows them.
    """
    with writing() as work:
        application = applications.opened(work, application_id)
        organization = teams.get(work, body["organization"]) if body["organization"] else None
        made = transfers.offer(work, application, email=body["email"], organization=organization)
        value = _transfer(work, made, application)
    return answers.json(value, status=201)


@blueprint.operation(
    "POST", "/me/transfers/<transfer_id>/accept", allows=SIGNED_IN, answer=schemas.Transfer, errors=(404, 409)
)
def take_application(transfer_id: str) -> Response:
    """Take an application that is offered to the caller.

    `transfer_id` is the id of the application.
    """
    with writing() as work:
        value = _transfer(work, *transfers.accept(work, transfer_id))
    return answers.json(value)


@blueprint.operation(
    "DELETE", "/me/transfers/<transfer_id>", allows=SIGNED_IN, answer=schemas.Transfer, errors=(404,)
)
def end_transfer(transfer_id: str) -> Response:
    """Take an offer back, or decline one."""
    with writing() as work:
        policy.require_person(work.caller)
        value = _transfer(work, *transfers.end(work, transfer_id))
    return answers.json(value)


def _transfer(work: Work, item: ApplicationTransfer, application: Application) -> dict[str, Any]:
    body = work.session.get(Organization, item.to_org_id) if item.to_org_id else None
    return {
        "application": application.id,
        "name": application.name,
        "organization": body.slug if body else None,
        "expires": stamp(item.expires),
    }
