"""Bodies over REST."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, url_for

from opendata.base.kit.hashes import digest
from opendata.base.models import Organization
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import inputs, outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.doors.http.permissions import ANYONE
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import browsing, organizations
from opendata.services.catalog.documents import stamp

blueprint = Blueprint(
    "organizations", __name__, url_prefix="/organizations", description="Departments and other bodies."
)


@blueprint.operation(
    "GET", "", allows=ANYONE, query=queries.Paged, answer=outputs.listing(outputs.OrganizationRow)
)
def listing(query: Mapping[str, Any]) -> Response:
    """List the bodies.

    In Vietnamese order, each with the number of its datasets that the caller sees.
    """
    with reading() as work:
        rows = organizations.listing(work)
    slugs = {body.id: body.slug for body, _ in rows}
    page, following = lists.window(
        rows, lambda row: row[0].id, size=query["size"], cursor=query.get("cursor")
    )
    data = [_row(body, slugs.get(body.parent_id or ""), count) for body, count in page]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation(
    "GET", "/<organization_id>", allows=ANYONE, answer=outputs.Organization, errors=(301, 404)
)
def get(organization_id: str) -> Response:
    """Read one body.

    By id, slug or official code; a former slug redirects to the present one. `successors` took over the
    duties of a body that was dissolved.
    """
    with reading() as work:
        body = organizations.get(work, organization_id)
        if organization_id not in {body.id, body.slug, body.code}:
            return answers.moved(body.slug)
        value = _whole(work, body)
    return answers.json(value, etag=_etag(value))


@blueprint.operation(
    "POST",
    "",
    allows=Action.PLATFORM,
    body=inputs.NewBody,
    answer=outputs.Organization,
    status=201,
    errors=(404, 409),
)
def create(body: dict[str, Any]) -> Response:
    """Add a body.

    For operators.
    """
    with writing() as work:
        policy.require(work.caller, Action.PLATFORM)
        made = organizations.create(work, body.pop("name"), **_resolved(work, body))
        value = _whole(work, made)
    response = answers.json(value, etag=_etag(value), status=201)
    response.headers["Location"] = url_for("organizations.get", organization_id=made.id)
    return response


@blueprint.operation(
    "PATCH",
    "/<organization_id>",
    allows=Action.ORGANIZATION_EDIT,
    body=inputs.AnyBody,
    answer=outputs.Organization,
    errors=(404, 409),
    if_match="required",
)
def change(organization_id: str, body: dict[str, Any]) -> Response:
    """Change a body.

    Administrators of the department change what is its own; operators may also change code, level, parent,
    former names and the dates it exists from and to. `If-Match` takes the ETag that was read.
    """
    with writing() as work:
        found = organizations.get(work, organization_id, lock=True)
        policy.require(work.caller, Action.ORGANIZATION_EDIT, found.id)
        answers.require_match(_core(_whole(work, found)))
        if "name" in body:
            body["name"] = {**found.name, **body["name"]}
        organizations.edit(work, found, **_resolved(work, body))
        value = _whole(work, found)
    return answers.json(value, etag=_etag(value))


def _resolved(work: Work, values: dict[str, Any]) -> dict[str, Any]:
    """`parent` names a body by id or slug; the service knows it by id."""
    if "parent" in values:
        parent = values.pop("parent")
        values["parent_id"] = organizations.get(work, parent).id if parent else None
    return values


def _row(body: Organization, parent: str | None, datasets: int) -> dict[str, Any]:
    return {
        "id": body.id,
        "slug": body.slug,
        "name": body.name,
        "abbreviation": body.abbreviation,
        "description": body.description,
        "level": body.level,
        "parent": parent,
        "datasets": datasets,
    }


def _whole(work: Work, body: Organization) -> dict[str, Any]:
    parent = work.session.get(Organization, body.parent_id) if body.parent_id else None
    before, after = organizations.neighbours(work, body)
    return {
        **_row(
            body, parent.slug if parent else None, browsing.counts(work, "organization").get(body.slug, 0)
        ),
        "code": body.code,
        "former_names": body.former_names,
        "homepage": body.homepage,
        "contact": body.contact,
        "valid_from": body.valid_from,
        "valid_to": body.valid_to,
        "predecessors": _named(before),
        "successors": _named(after),
        "modified": stamp(body.modified),
    }


def _named(bodies: Sequence[Organization]) -> list[dict[str, Any]]:
    return [{"slug": body.slug, "name": body.name} for body in bodies]


def _etag(value: Mapping[str, Any]) -> str:
    return f"{_core(value)}-{value['datasets']}"


def _core(value: Mapping[str, Any]) -> str:
    """Of the body itself: the number of its datasets is no reason to refuse a change."""
    return digest({name: item for name, item in value.items() if name != "datasets"})[:24]
