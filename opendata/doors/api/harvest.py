"""Harvest sources and their runs over REST, for operators and the departments' own people."""

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for

from opendata.base.kit import cursors
from opendata.base.models import HarvestRun, HarvestSource, Organization
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import harvest as schemas
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import reading, writing
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog.documents import stamp
from opendata.services.harvest import events, known, overview, runs, sources
from opendata.services.harvest.overview import Standing

blueprint = Blueprint("harvest", __name__, url_prefix="/harvest", description="Where data is harvested from.")
SHOWN_RUNS = 1000


@blueprint.operation(
    "GET",
    "/sources",
    allows=Action.HARVEST_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.HarvestSource),
)
def list_sources(query: Mapping[str, Any]) -> Response:
    """List the sources the caller looks after."""
    with reading() as work:
        _require_somebody(work)
        rows = sources.visible(work)
        page, following = lists.window(
            rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor")
        )
        standing = overview.standings(work, page)
        data = [_source(work, source, standing[source.id]) for source in page]
    return lists.answer(data, total=len(rows), following=following)


def _require_somebody(work: Work) -> None:
    """A visitor is asked to sign in; a person without a department sees an empty list."""
    if not work.caller.signed_in:
        policy.require(work.caller, Action.HARVEST_VIEW)


@blueprint.operation(
    "GET", "/sources/<source_id>", allows=Action.HARVEST_VIEW, answer=schemas.HarvestSource, errors=(404,)
)
def get_source(source_id: str) -> Response:
    """Read one source.

    With its configuration; secrets are named and never shown.
    """
    with reading() as work:
        found = _found(work, source_id)
        value = _source(work, found, overview.standings(work, [found])[found.id])
    return answers.json(value)


@blueprint.operation(
    "GET",
    "/sources/<source_id>/runs",
    allows=Action.HARVEST_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.HarvestRun),
    errors=(404,),
)
def list_runs(source_id: str, query: Mapping[str, Any]) -> Response:
    """List the runs of a source, newest first."""
    with reading() as work:
        rows = runs.of_source(work, _found(work, source_id), limit=SHOWN_RUNS)
    page, following = lists.window(rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor"))
    return lists.answer([_run(run) for run in page], total=len(rows), following=following)


@blueprint.operation(
    "GET",
    "/sources/<source_id>/records",
    allows=Action.HARVEST_VIEW,
    query=schemas.Records,
    answer=outputs.listing(schemas.HarvestRecord),
    errors=(404,),
)
def list_records(source_id: str, query: Mapping[str, Any]) -> Response:
    """List what is known of a source's records.

    `state=quarantined` lists those that could not be taken over, with the reasons; their last good version
    stays published.
    """
    with reading() as work:
        source = _found(work, source_id)
        after = _guid(query.get("cursor"))
        rows, total = known.records(
            work, source, state=query.get("state"), after=after, limit=query["size"] + 1
        )
    page = rows[: query["size"]]
    following = cursors.encode((page[-1].guid,)) if len(rows) > len(page) else None
    data = [
        {
            "guid": row.guid,
            "state": row.state,
            "dataset_id": row.dataset_id,
            "url": row.url,
            "first_seen": stamp(row.first_seen),
            "last_seen": stamp(row.last_seen),
            "last_changed": stamp(row.last_changed),
            "run_id": row.run_id,
            "problems": row.problem or [],
        }
        for row in page
    ]
    return lists.answer(data, total=total, following=following)


def _guid(cursor: str | None) -> str:
    key = cursors.decode(cursor) if cursor else ("",)
    if len(key) != 1 or not isinstance(key[0], str):
        raise cursors.refused()
    return key[0]


@blueprint.operation(
    "POST",
    "/sources/<source_id>/preview",
    allows=Action.HARVEST_RUN,
    answer=schemas.HarvestRun,
    status=202,
    errors=(404, 409),
)
def preview(source_id: str) -> Response:
    """Preview a harvest.

    Reads the source and shows what a run would change, without changing anything. The answer is the run
    that was queued, or the one already at work; its `result` holds the differences when it is done.
    """
    return _started(source_id, "preview")


@blueprint.operation(
    "POST",
    "/sources/<source_id>/run",
    allows=Action.HARVEST_RUN,
    answer=schemas.HarvestRun,
    status=202,
    errors=(404, 409),
)
def run(source_id: str) -> Response:
    """Harvest a source now.

    The answer is the run that was queued, or the one already at work.
    """
    return _started(source_id, "manual")


def _started(source_id: str, kind: str) -> Response:
    with writing() as work:
        started = runs.start(work, _found(work, source_id), kind)
        value = _run(started)
    return _accepted(value)


def _accepted(value: dict[str, Any]) -> Response:
    response = answers.json(value, status=202)
    response.headers["Location"] = url_for("harvest.get_run", run_id=value["id"])
    return response


@blueprint.operation(
    "GET",
    "/runs",
    allows=Action.HARVEST_VIEW,
    query=schemas.Runs,
    answer=outputs.listing(schemas.HarvestRun),
)
def list_all_runs(query: Mapping[str, Any]) -> Response:
    """List the runs of all sources the caller looks after, newest first."""
    with reading() as work:
        _require_somebody(work)
        rows = runs.visible(work, state=query.get("state"), limit=SHOWN_RUNS)
    page, following = lists.window(rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor"))
    return lists.answer([_run(run) for run in page], total=len(rows), following=following)


@blueprint.operation(
    "GET", "/runs/<run_id>", allows=Action.HARVEST_VIEW, answer=schemas.HarvestRun, errors=(404,)
)
def get_run(run_id: str) -> Response:
    """Read one run.

    Its state, counts, proof of completeness and, of a preview, the differences found.
    """
    with reading() as work:
        value = _run(_found_run(work, run_id))
    return answers.json(value)


@blueprint.operation(
    "GET",
    "/runs/<run_id>/events",
    allows=Action.HARVEST_VIEW,
    query=queries.Paged,
    answer=outputs.listing(schemas.HarvestEvent),
    errors=(404,),
)
def list_events(run_id: str, query: Mapping[str, Any]) -> Response:
    """List the events of a run, oldest first."""
    with reading() as work:
        _found_run(work, run_id)
        rows = events.of_run(work, run_id, after=_number(query.get("cursor")), limit=query["size"] + 1)
        total = events.kept(work, run_id)
    page = rows[: query["size"]]
    following = cursors.encode((page[-1].id,)) if len(rows) > len(page) else None
    names = ("severity", "code", "guid", "path", "message")
    data = [{"at": stamp(row.at), **{name: getattr(row, name) for name in names}} for row in page]
    return lists.answer(data, total=total, following=following)


def _number(cursor: str | None) -> int:
    key = cursors.decode(cursor) if cursor else (0,)
    if len(key) != 1 or type(key[0]) is not int:
        raise cursors.refused()
    return key[0]


@blueprint.operation(
    "POST",
    "/runs/<run_id>/apply",
    allows=Action.HARVEST_RUN,
    answer=schemas.HarvestRun,
    status=202,
    errors=(404, 409),
)
def apply(run_id: str) -> Response:
    """Carry out what a preview showed.

    From what the preview read, without reading the source again; within 24 hours.
    """
    with writing() as work:
        started = runs.apply_preview(work, _found_run(work, run_id))
        value = _run(started)
    return _accepted(value)


@blueprint.operation(
    "POST",
    "/runs/<run_id>/cancel",
    allows=Action.HARVEST_RUN,
    answer=schemas.HarvestRun,
    errors=(404, 409),
)
def cancel(run_id: str) -> Response:
    """Cancel a run.

    One that waits is closed, one at work stops at its next write.
    """
    with writing() as work:
        found = _found_run(work, run_id)
        runs.cancel(work, found)
        value = _run(found)
    return answers.json(value)


def _found(work: Work, source_id: str) -> HarvestSource:
    """The source, where the caller belongs to its department; a visitor is asked to sign in."""
    _require_somebody(work)
    return sources.get(work, source_id)


def _found_run(work: Work, run_id: str) -> HarvestRun:
    _require_somebody(work)
    return runs.get(work, run_id)


def _source(work: Work, source: HarvestSource, standing: Standing) -> dict[str, Any]:
    body = work.session.get_one(Organization, source.organization_id)
    return {
        "id": source.id,
        "slug": source.slug,
        "title": source.title,
        "type": source.type,
        "url": source.url,
        "state": source.state,
        "organization": {"slug": body.slug, "name": body.name},
        "config": source.config,
        "secrets": list(sources.secret_names(source)),
        "schedule": source.schedule,
        "next_due": stamp(source.next_due),
        "last_complete": stamp(source.last_complete_at),
        "datasets": standing.datasets,
        "quarantined": standing.quarantined,
        "last_run": _run(standing.last_run) if standing.last_run else None,
    }


def _run(run: HarvestRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "source_id": run.source_id,
        "kind": run.kind,
        "state": run.state,
        "phase": run.phase,
        "complete": run.complete,
        "counts": run.counts,
        "proof": run.proof,
        "result": run.result,
        "error_code": run.error_code,
        "preview_of": run.preview_of,
        "queued": stamp(run.queued_at),
        "started": stamp(run.started_at),
        "ended": stamp(run.ended_at),
    }
