"""Harvest sources for operators and the departments' own people: list, source, preview, run, quarantine."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.i18n import translations
from opendata.base.models import HarvestRun, HarvestSource, Organization
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, language, reading, writing
from opendata.doors.http.permissions import permission
from opendata.doors.http.problems import BadRequest
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page
from opendata.doors.web.timeline import changes_view
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.harvest import events, overview, runs, sources
from opendata.services.harvest.overview import Standing

blueprint = Blueprint("operator", __name__)
PHASES = ("extract", "seal", "compare", "map", "validate", "gate", "apply", "withdraw")
PREVIEW_PHASES = PHASES[:6]
SHOWN_EVENTS = 200


@blueprint.get("/operator/harvest")
@permission(Action.HARVEST_VIEW)
def listing() -> Response:
    _require_insider()
    with reading() as work:
        found = sources.visible(work)
        standing = overview.standings(work, found)
        shown = [_source(work, source, standing[source.id]) for source in found]
    return form_page("operator/sources.html", nav="sources", sources=shown, can_add=caller().operator)


def _require_insider() -> None:
    """A visitor is asked to sign in; a person without a department sees an empty list."""
    if not caller().signed_in:
        policy.require(caller(), Action.HARVEST_VIEW)


def _source(work: Work, source: HarvestSource, standing: Standing) -> dict[str, Any]:
    body = work.session.get_one(Organization, source.organization_id)
    fields = (
        "id",
        "slug",
        "title",
        "type",
        "url",
        "state",
        "schedule",
        "next_due",
        "last_complete_at",
        "mapping",
        "policy",
        "config",
    )
    return {
        **{field: getattr(source, field) for field in fields},
        "organization": {"slug": body.slug, "name": body.name},
        "datasets": standing.datasets,
        "quarantined": standing.quarantined,
        "last_run": _run(standing.last_run) if standing.last_run else None,
    }


def _run(run: HarvestRun) -> dict[str, Any]:
    fields = (
        "id",
        "kind",
        "state",
        "phase",
        "queued_at",
        "started_at",
        "ended_at",
        "counts",
        "error",
        "complete",
        "proof",
    )
    view = {field: getattr(run, field) for field in fields}
    return view | {"error": translations(language()).gettext(run.error) if run.error else None}


@blueprint.get("/operator/harvest/<source_id>")
@permission(Action.HARVEST_VIEW)
def source(source_id: str) -> Response:
    _require_insider()
    with reading() as work:
        found = sources.get(work, source_id)
        standing = overview.standings(work, [found])[found.id]
        state = overview.health(work, found, standing)
        values: dict[str, Any] = {
            "source": _source(work, found, standing),
            "runs": [_run(run) for run in runs.of_source(work, found)],
            "actions": _source_actions(found),
        }
    sentence = translations(language()).gettext(state.sentence)
    health = {"kind": state.kind, "sentence": sentence % state.params if state.params else sentence}
    return form_page("operator/source.html", nav="sources", health=health, **values)


def _source_actions(source: HarvestSource) -> set[str]:
    may_run = policy.allows(caller(), Action.HARVEST_RUN, source.organization_id)
    may_accept = policy.allows(caller(), Action.HARVEST_ACCEPT, source.organization_id)
    actions = {"preview"} if may_run else set()
    if source.state == "accepted":
        return actions | ({"run"} if may_run else set()) | ({"pause"} if may_accept else set())
    if may_accept:
        actions.add("resume" if source.state == "paused" else "accept")
    return actions


@blueprint.post("/operator/harvest/<source_id>")
@permission(Action.HARVEST_RUN)
def source_action(source_id: str) -> BaseResponse:
    action = request.form.get("action", "")
    with writing() as work:
        found = sources.get(work, source_id)
        if action in {"preview", "run"}:
            run = runs.start(work, found, "preview" if action == "preview" else "manual")
            return redirect(display.to("preview" if action == "preview" else "run", found.id, run.id), 303)
        if action not in {"accept", "pause", "resume"}:
            raise BadRequest(fields={"action": BadRequest.message})
        sources.step(work, found, "accept" if action == "resume" else action)
    return redirect(display.to("source", source_id), 303)


@blueprint.get("/operator/harvest/<source_id>/runs/<run_id>")
@permission(Action.HARVEST_VIEW)
def run(source_id: str, run_id: str) -> Response:
    _require_insider()
    with reading() as work:
        found = sources.get(work, source_id)
        current = runs.get(work, run_id)
        told = events.of_run(work, run_id, limit=SHOWN_EVENTS)
        values: dict[str, Any] = {
            "source": _source(work, found, overview.standings(work, [found])[found.id]),
            "run": _run(current),
            "phases": _phases(current),
            "events": [_event(event) for event in told],
            "total_events": events.kept(work, run_id),
            "actions": {"cancel"} & _run_actions(found, current),
        }
    return form_page("operator/run.html", nav="sources", **values)


def _event(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("at", "severity", "code", "message", "guid", "path")}


def _run_actions(source: HarvestSource, run: HarvestRun) -> set[str]:
    active = run.state in {"queued", "running"}
    return (
        {"cancel"}
        if active and policy.allows(caller(), Action.HARVEST_RUN, source.organization_id)
        else set()
    )


def _phases(run: HarvestRun) -> list[dict[str, Any]]:
    names = PREVIEW_PHASES if run.kind == "preview" else PHASES
    ended = run.ended_at is not None
    reached = names.index(run.phase) if run.phase in names else -1
    return [
        {
            "name": name,
            "state": _phase_state(index, reached, ended=ended and name in run.timings),
            "seconds": run.timings.get(name),
            "count": None,
        }
        for index, name in enumerate(names)
        if not ended or name in run.timings
    ]


def _phase_state(index: int, reached: int, *, ended: bool) -> str:
    if ended or index < reached:
        return "done"
    return "current" if index == reached else "waiting"


@blueprint.post("/operator/harvest/<source_id>/runs/<run_id>")
@permission(Action.HARVEST_RUN)
def run_action(source_id: str, run_id: str) -> BaseResponse:
    with writing() as work:
        current = runs.get(work, run_id)
        if request.form.get("action") != "cancel":
            raise BadRequest(fields={"action": BadRequest.message})
        runs.cancel(work, current)
    return redirect(display.to("run", source_id, run_id), 303)


@blueprint.get("/operator/harvest/<source_id>/preview/<run_id>")
@permission(Action.HARVEST_VIEW)
def preview(source_id: str, run_id: str) -> Response:
    _require_insider()
    with reading() as work:
        found = sources.get(work, source_id)
        current = runs.get(work, run_id)
        values: dict[str, Any] = {
            "source": _source(work, found, overview.standings(work, [found])[found.id]),
            "run": _run(current),
            "result": _preview_result(current.result) if current.result else None,
            "can_apply": _can_apply(work, found, current),
            "stale": _stale(work, found, current),
        }
    return form_page("operator/preview.html", nav="sources", **values)


def _can_apply(work: Work, source: HarvestSource, run: HarvestRun) -> bool:
    allowed = policy.allows(work.caller, Action.HARVEST_RUN, source.organization_id)
    return allowed and source.state == "accepted" and not _too_old(work, run) and bool(run.result)


def _too_old(work: Work, run: HarvestRun) -> bool:
    return run.ended_at is None or work.now - run.ended_at > runs.PREVIEW_AGE


def _stale(work: Work, source: HarvestSource, run: HarvestRun) -> str:
    _ = translations(language()).gettext
    if run.ended_at is not None and _too_old(work, run):
        return _("Bản xem trước đã quá 24 giờ. Vui lòng xem trước lại.")
    if source.state != "accepted":
        return _("Nguồn cần được quản trị cổng chấp nhận trước khi áp dụng.")
    return ""


def _preview_result(result: Mapping[str, Any]) -> dict[str, Any]:
    samples = {name: [_sample(item) for item in items] for name, items in result.get("samples", {}).items()}
    return {**result, "samples": samples}


def _sample(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "changes": changes_view(item.get("changes") or [])}


@blueprint.post("/operator/harvest/<source_id>/preview/<run_id>")
@permission(Action.HARVEST_RUN)
def preview_action(source_id: str, run_id: str) -> BaseResponse:
    with writing() as work:
        if request.form.get("action") != "apply":
            raise BadRequest(fields={"action": BadRequest.message})
        started = runs.apply_preview(work, runs.get(work, run_id))
        target = started.id
    return redirect(display.to("run", source_id, target), 303)


@blueprint.get("/operator/harvest/<source_id>/quarantine")
@permission(Action.HARVEST_VIEW)
def quarantine(source_id: str) -> Response:
    _require_insider()
    after = request.args.get("after", "")
    with reading() as work:
        found = sources.get(work, source_id)
        kept, total = overview.quarantine(work, found, after=after)
        values: dict[str, Any] = {
            "source": _source(work, found, overview.standings(work, [found])[found.id]),
            "records": [_quarantined(item) for item in kept],
            "total": total,
            "next": _next_page(source_id, kept) if len(kept) < total and kept else "",
            "can_retry": policy.allows(caller(), Action.HARVEST_RUN, found.organization_id),
        }
    return form_page("operator/quarantine.html", nav="sources", **values)


def _quarantined(item: overview.Quarantined) -> dict[str, Any]:
    record, dataset = item.record, item.dataset
    return {
        "guid": record.guid,
        "title": dataset.content["title"] if dataset else None,
        "url": record.url,
        "first_seen": record.first_seen,
        "last_seen": record.last_seen,
        "dataset": {"slug": dataset.slug, "title": dataset.content["title"]} if dataset else None,
        "problem": record.problem or [],
    }


def _next_page(source_id: str, kept: list[overview.Quarantined]) -> str:
    return display.with_query(display.to("quarantine", source_id), [("after", kept[-1].record.guid)])


@blueprint.post("/operator/harvest/<source_id>/quarantine")
@permission(Action.HARVEST_RUN)
def retry(source_id: str) -> BaseResponse:
    """Quarantined records are tried again by every run, so retrying is running."""
    with writing() as work:
        started = runs.start(work, sources.get(work, source_id))
        target = started.id
    return redirect(display.to("run", source_id, target), 303)
