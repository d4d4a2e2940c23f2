"""Usage over REST: for the owner of an application, for a department, for operators."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs
from opendata.doors.api.schemas import usage as schemas
from opendata.doors.http import answers
from opendata.doors.http.context import reading
from opendata.doors.http.dispositions import content_disposition
from opendata.services.access import applications, policy
from opendata.services.access.policy import Action
from opendata.services.catalog import organizations
from opendata.services.catalog.documents import stamp
from opendata.services.plans import reports
from opendata.services.plans.reports import Usage

blueprint = Blueprint(
    "usage", __name__, url_prefix="", description="Calls: how many, how fast, how they ended."
)
BOM = "\ufeff"
"""So that spreadsheets read Vietnamese."""


DATASET_COLUMNS = ("slug", "title_vi", "title_en", "calls", "downloads", "bytes", "applications")
APPLICATION_COLUMNS = (
    "id",
    "name",
    "calls",
    "throttled",
    "client_errors",
    "server_errors",
    "bytes",
    "p95_ms",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.operation(
    "GET",
    "/apps/<application_id>/usage",
    allows=Action.APPLICATION_VIEW,
    query=schemas.AskedByGroup,
    answer=outputs.listing(schemas.UsageRow),
    errors=(404, 422),
    other_forms=("text/csv",),
)
def of_application(application_id: str, query: Mapping[str, Any]) -> Response:
    """Report the calls of an application.

    By step of time and group; fresh within five seconds.
    """
    with reading() as work:
        application = applications.get(work, application_id)
        asked = reports.span(work, query["since"], query["until"], query["grain"])
        found = reports.of_application(work, application, asked, query["group_by"])
    rows = [_row(usage) for usage in found]
    if query["form"] == "csv":
        return as_csv(rows, f"{application_id}-{query['grain']}.csv")
    return _private(lists.answer(rows, total=len(rows)))


@blueprint.operation(
    "GET",
    "/apps/<application_id>/failed-calls",
    allows=Action.APPLICATION_EDIT,
    answer=outputs.listing(schemas.Failure),
    errors=(404,),
)
def failed_calls(application_id: str) -> Response:
    """List the newest failed calls of an application.

    Of the last 24 hours, 50 at most, for those who answer for it.
    """
    with reading() as work:
        found = reports.failures(work, applications.get(work, application_id))
        rows = [
            {
                "at": stamp(call.at),
                "key": call.key_id,
                "method": call.method,
                "path": call.path,
                "query": call.query,
                "status": call.status,
                "code": call.code,
                "request_id": call.request_id,
            }
            for call in found
        ]
    return _private(lists.answer(rows, total=len(rows)))


@blueprint.operation(
    "GET",
    "/organizations/<organization_id>/usage",
    allows=Action.VIEW_HISTORY,
    query=schemas.AskedInForm,
    answer=outputs.listing(schemas.DatasetUsage),
    errors=(404, 422),
    other_forms=("text/csv",),
)
def of_datasets(organization_id: str, query: Mapping[str, Any]) -> Response:
    """Report how the datasets of a department were used.

    For its people; it tells how much and by how many applications, never by whom.
    """
    with reading() as work:
        body = organizations.get(work, organization_id)
        policy.require(work.caller, Action.VIEW_HISTORY, body.id)
        asked = reports.span(work, query["since"], query["until"], query["grain"])
        rows = reports.of_publisher(work, body, asked)
        name = f"{body.slug}-{query['grain']}.csv"
    if query["form"] == "csv":
        flat = [
            {**row, "title_vi": row["title"].get("vi"), "title_en": row["title"].get("en")} for row in rows
        ]
        return as_csv(flat, name, DATASET_COLUMNS)
    return _private(lists.answer(rows, total=len(rows)))


@blueprint.operation(
    "GET",
    "/usage",
    allows=Action.PLATFORM,
    query=schemas.AskedInForm,
    answer=schemas.PlatformUsage,
    errors=(422,),
    other_forms=("text/csv",),
)
def of_platform(query: Mapping[str, Any]) -> Response:
    """Report all calls.

    For operators: the busiest applications, routes and networks, and who was slowed down or blocked. As CSV
    it is a row for each of the applications.
    """
    with reading() as work:
        policy.require(work.caller, Action.PLATFORM)
        asked = reports.span(work, query["since"], query["until"], query["grain"])
        found = reports.of_platform(work, asked)
    if query["form"] == "csv":
        return as_csv(found.applications, f"applications-{query['grain']}.csv", APPLICATION_COLUMNS)
    value = {
        "total": _row(found.total),
        "course": [_row(usage) for usage in found.course],
        "applications": found.applications,
        "routes": found.routes,
        "networks": found.networks,
        "throttled": found.throttled,
        "throttled_networks": found.throttled_networks,
        "suspended": found.suspended,
        "blocked": [{**row, "refused_at": stamp(row["refused_at"])} for row in found.blocked],
    }
    return _private(answers.json(value))


def _row(usage: Usage) -> dict[str, Any]:
    return {**usage.as_row(), "start": stamp(usage.start)}


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response


def as_csv(
    rows: Sequence[Mapping[str, Any]], name: str, columns: Sequence[str] = reports.COLUMNS
) -> Response:
    """A file of comma-separated values (RFC 4180) that spreadsheets open as it is."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    response = Response(BOM + text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition("attachment", name)
    return _private(response)


def _harmless(value: Any) -> Any:
    """A name that somebody chose must not be a formula in the spreadsheet of somebody else."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
