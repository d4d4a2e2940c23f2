"""Members and invitations of an organisation over REST."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.models import User, UserToken
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access as schemas
from opendata.doors.api.schemas import oauth, outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import language, platform, reading, writing
from opendata.services.access import invitations, members, teams
from opendata.services.access.oauth import addresses, registration
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp

blueprint = Blueprint(
    "members",
    __name__,
    url_prefix="/organizations",
    description="People of a department or an organisation of developers.",
)


@blueprint.operation(
    "GET",
    "/<organization_id>/members",
    allows=Action.MEMBERS_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.Member),
    errors=(404,),
)
def list_members(organization_id: str, query: Mapping[str, Any]) -> Response:
    """List the members, admins first."""
    with reading() as work:
        rows = members.listing(work, teams.get(work, organization_id))
    page, following = lists.window(
        rows, lambda row: row[0].id, size=query["size"], cursor=query.get("cursor")
    )
    return lists.answer([_member(*row) for row in page], total=len(rows), following=following)


@blueprint.operation(
    "PUT",
    "/<organization_id>/members/<user_id>",
    allows=Action.MEMBERS_EDIT,
    body=schemas.RoleInput,
    answer=schemas.Member,
    errors=(404, 409),
)
def set_role(organization_id: str, user_id: str, body: Mapping[str, Any]) -> Response:
    """Change the role of a member.

    Nobody gives a role above his own, and one admin stays.
    """
    with writing() as work:
        organization = teams.get(work, organization_id)
        user = members.find(work, organization, user_id)
        members.assign(work, user, organization, body["role"])
    return answers.json(_member(user, body["role"]))


@blueprint.operation(
    "DELETE",
    "/<organization_id>/members/<user_id>",
    allows=Action.MEMBERS_EDIT,
    answer=schemas.Member,
    errors=(404, 409),
)
def remove_member(organization_id: str, user_id: str) -> Response:
    """Remove a member; members may leave by themselves."""
    with writing() as work:
        organization = teams.get(work, organization_id)
        user = members.find(work, organization, user_id)
        role = members.role_of(work, organization, user)
        members.assign(work, user, organization, None)
    return answers.json(_member(user, role))


@blueprint.operation(
    "GET",
    "/<organization_id>/invitations",
    allows=Action.MEMBERS_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.Invitation),
    errors=(404,),
)
def list_invitations(organization_id: str, query: Mapping[str, Any]) -> Response:
    """List the invitations that wait for an answer."""
    with reading() as work:
        rows = invitations.listing(work, teams.get(work, organization_id))
    page, following = lists.window(rows, invitations.name_of, size=query["size"], cursor=query.get("cursor"))
    return lists.answer([_invitation(row) for row in page], total=len(rows), following=following)


@blueprint.operation(
    "POST",
    "/<organization_id>/invitations",
    allows=Action.MEMBERS_EDIT,
    body=schemas.NewInvitation,
    answer=schemas.Invitation,
    status=201,
    errors=(404,),
)
def invite(organization_id: str, body: Mapping[str, Any]) -> Response:
    """Invite somebody by mail."""
    with writing() as work:
        organization = teams.get(work, organization_id)
        made = invitations.invite(work, organization, body["email"], body["role"], locale=language())
    return answers.json(_invitation(made), status=201)


@blueprint.operation(
    "DELETE",
    "/<organization_id>/invitations/<invitation_id>",
    allows=Action.MEMBERS_EDIT,
    answer=schemas.Invitation,
    errors=(404,),
)
def withdraw_invitation(organization_id: str, invitation_id: str) -> Response:
    """Withdraw an invitation."""
    with writing() as work:
        gone = invitations.withdraw(work, teams.get(work, organization_id), invitation_id)
    return answers.json(_invitation(gone))


@blueprint.operation(
    "POST",
    "/<organization_id>/registration-tokens",
    allows=Action.MEMBERS_EDIT,
    body=oauth.NewRegistrationToken,
    body_required=False,
    answer=oauth.RegistrationToken,
    status=201,
    errors=(404,),
)
def create_registration_token(organization_id: str, body: Mapping[str, Any]) -> Response:
    """Make a token with which clients of the organisation register themselves.

    It is good for a day; the answer holds it this once.
    """
    uses = body.get("uses", 1)
    with writing() as work:
        text = registration.invite(work, teams.get(work, organization_id), uses=uses)
        value = {
            "token": text,
            "uses": uses,
            "expires_at": stamp(work.now + registration.LIFE),
            "registration_endpoint": addresses.registration(platform().settings),
        }
    return answers.json_once(value)


def _member(user: User, role: str) -> dict[str, Any]:
    return {"id": user.id, "name": user.name, "email": user.email, "role": role}


def _invitation(item: UserToken) -> dict[str, Any]:
    return {
        "id": invitations.name_of(item),
        "email": item.data["email"],
        "role": item.data["role"],
        "expires": stamp(item.expires),
    }
