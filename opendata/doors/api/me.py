"""Who I am, and the organisations I belong to."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.models import Organization
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access as schemas
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers, gate
from opendata.doors.http.context import caller, reading, writing
from opendata.doors.http.permissions import ANYONE, SIGNED_IN
from opendata.services.access import policy, teams
from opendata.services.access.policy import SCOPES
from opendata.services.access.scopes import OPEN
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("me", __name__, url_prefix="/me", description="The caller.")


@blueprint.operation("GET", "", allows=ANYONE, scope="", answer=schemas.Me)
def whoami() -> Response:
    """Tell who is asking.

    Any key may ask; without one the answer is `anonymous`.
    """
    who, shown = caller(), gate.credential()
    held = who.scopes if who.scopes is not None else SCOPES if who.signed_in else OPEN
    return answers.json(
        {
            "kind": who.kind,
            "name": who.name if who.signed_in or shown else None,
            "scopes": [scope for scope in SCOPES if scope in held],
            "application": who.application_id,
            "credential": who.credential,
            "expires_at": stamp(shown.expires_at) if shown else None,
        }
    )


@blueprint.operation(
    "GET", "/organizations", allows=SIGNED_IN, query=queries.Paged, answer=outputs.listing(schemas.Team)
)
def list_teams(query: Mapping[str, Any]) -> Response:
    """List the departments and organisations the caller belongs to."""
    policy.require_person(caller())
    with reading() as work:
        rows = teams.mine(work)
    page, following = lists.window(
        rows, lambda row: row[0].id, size=query["size"], cursor=query.get("cursor")
    )
    return lists.answer([_team(*row) for row in page], total=len(rows), following=following)


@blueprint.operation(
    "POST", "/organizations", allows=SIGNED_IN, body=schemas.NewTeam, answer=schemas.Team, status=201
)
def create_team(body: Mapping[str, Any]) -> Response:
    """Found an organisation of developers.

    A company, a university or another; the caller becomes its first admin.
    """
    with writing() as work:
        value = _team(teams.create(work, body["name"], body["kind"]), "admin")
    return answers.json(value, status=201)


def _team(body: Organization, role: str) -> dict[str, Any]:
    return {"id": body.id, "slug": body.slug, "name": body.name["vi"], "kind": body.kind, "role": role}
