"""A department's desk: its datasets, their description, files and workflow."""

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.formats.record import DatasetRecord
from opendata.base.i18n import translations
from opendata.base.kit.errors import N_, Invalid, OpenDataError, SignInRequired
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset
from opendata.base.runtime import Work
from opendata.doors.http.bodies import takes_files
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import permission
from opendata.doors.http.problems import BadRequest, field_sentences, sentence
from opendata.doors.web import display, forms
from opendata.doors.web.rendering import form_page
from opendata.doors.web.timeline import timeline
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import datasets, desk, entry, gate, organizations, resources, workflow
from opendata.services.catalog.files import Intake, intake

blueprint = Blueprint("desk", __name__)
STEPS = {
    "submit": workflow.submit,
    "return": workflow.send_back,
    "publish": workflow.publish,
    "withdraw": workflow.withdraw,
}


# --- console --------------------------------------------------------------------------------------


@blueprint.get("/desk")
@permission(Action.VIEW_DRAFT)
def console() -> Response:
    if not caller().signed_in:
        raise SignInRequired
    with reading() as work:
        mine = [organizations.get(work, key) for key in caller().roles]
        chosen = request.args.get("organization")
        body = organizations.get(work, chosen) if chosen else next(iter(mine), None)
        if body is None:
            policy.require(caller(), Action.VIEW_DRAFT)
        else:
            shown = desk.of_organization(work, body.id)
    if body is None:
        return form_page("department/console.html", **_empty_desk())
    return form_page(
        "department/console.html",
        organization={"slug": body.slug, "name": body.name},
        organizations=[(item.slug, item.name) for item in mine],
        due=[_due(item) for item in shown.due],
        waiting=[_listed(dataset) | {"by": by, "at": dataset.modified} for dataset, by in shown.waiting],
        states=[
            {"state": state, "count": len(items), "datasets": [_listed(item) for item in items]}
            for state, items in shown.by_state.items()
            if items
        ],
        can_create=policy.allows(caller(), Action.CREATE, body.id),
        decides=policy.allows(caller(), Action.ORGANIZATION_EDIT, body.id),
    )


def _empty_desk() -> dict[str, Any]:
    """An operator without a department of their own."""
    name = translations(language()).gettext("Bàn làm việc")
    return {
        "organization": {"slug": "", "name": name},
        "organizations": [],
        "due": [],
        "waiting": [],
        "states": [],
    }


def _listed(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "slug": dataset.slug,
        "title": dataset.content["title"],
        "state": dataset.state,
        "note": dataset.note,
        "modified": dataset.modified,
    }


def _due(item: desk.DueDataset) -> dict[str, Any]:
    content = item.dataset.content
    rhythm = {"frequency": content.get("frequency"), "last_update": content.get("last_update")}
    return (
        _listed(item.dataset) | rhythm | {"next_due": item.freshness.next_due, "state": item.freshness.state}
    )


# --- description ----------------------------------------------------------------------------------


@blueprint.get("/desk/datasets/new")
@permission(Action.CREATE)
def new() -> Response:
    who = caller()
    if not any(policy.allows(who, Action.CREATE, body) for body in who.roles):
        policy.require(who, Action.CREATE)
    return _edit_page(None, {}, {})


@blueprint.post("/desk/datasets/new")
@permission(Action.CREATE)
def create() -> BaseResponse:
    typed = forms.dataset_from_form(request.form, {})
    try:
        record = _record(typed)
        if record.publisher is None:
            raise Invalid(fields={"publisher": N_("Cần có cơ quan công bố.")})
        with writing() as work:
            body = organizations.get(work, record.publisher)
            dataset = datasets.create(work, record, publisher_id=body.id)
            target = display.to("files", dataset.id)
    except OpenDataError as error:
        return _edit_page(None, typed, _errors(error), status=error.status)
    return redirect(target, 303)


@blueprint.get("/desk/datasets/<dataset_id>/edit")
@permission(Action.EDIT)
def edit(dataset_id: str) -> Response:
    with reading() as work:
        dataset = _own(work, dataset_id)
        record = entry.to_json(datasets.record_of(work, dataset))
    return _edit_page(dataset, record, {})


@blueprint.post("/desk/datasets/<dataset_id>/edit")
@permission(Action.EDIT)
def save(dataset_id: str) -> BaseResponse:
    with reading() as work:
        dataset = _own(work, dataset_id)
        before = entry.to_json(datasets.record_of(work, dataset))
    typed = forms.dataset_from_form(request.form, before) | {"resources": before["resources"]}
    try:
        with writing() as work:
            dataset = _locked(work, dataset_id)
            datasets.edit(work, dataset, _record(typed))
    except OpenDataError as error:
        return _edit_page(dataset, typed, _errors(error), status=error.status)
    return redirect(display.to("workflow", dataset_id), 303)


def _record(typed: Mapping[str, Any]) -> DatasetRecord:
    return entry.from_json({**typed, "slug": None})


def _edit_page(
    dataset: Dataset | None, record: Mapping[str, Any], errors: Mapping[str, str], *, status: int = 200
) -> Response:
    with reading() as work:
        bodies = [
            (body.id, body.name)
            for body, _count in organizations.listing(work)
            if policy.allows(caller(), Action.CREATE, body.id)
        ]
        topics = [(topic.slug, topic.title) for topic in organizations.topics(work)]
    return form_page(
        "department/edit.html",
        status=status,
        dataset=_listed(dataset) | {"version": dataset.version} if dataset else None,
        record=record,
        errors=errors,
        publishers=bodies,
        topics=topics,
    )


def _errors(error: OpenDataError) -> dict[str, str]:
    """By field; a refusal of the whole stands at the top."""
    return field_sentences(error) or {"title.vi": sentence(error)}


def _own(work: Work, dataset_id: str, *, lock: bool = False) -> Dataset:
    """A dataset the caller may edit. Raises `NotFound`, `NotAllowed`, `SignInRequired`."""
    if not caller().signed_in:
        raise SignInRequired
    dataset = datasets.get(work, dataset_id, lock=lock)
    policy.require(caller(), Action.EDIT, dataset.publisher_id)
    return dataset


def _locked(work: Work, dataset_id: str) -> Dataset:
    """The dataset, if it is still as the form showed it. Raises `PreconditionFailed`."""
    dataset = _own(work, dataset_id, lock=True)
    datasets.require_version(dataset, request.form.get("version", type=int))
    return dataset


# --- files ----------------------------------------------------------------------------------------


@blueprint.get("/desk/datasets/<dataset_id>/files")
@permission(Action.EDIT)
def files(dataset_id: str) -> Response:
    return _files_page(dataset_id)


@blueprint.post("/desk/datasets/<dataset_id>/files")
@permission(Action.EDIT)
@takes_files
def change_files(dataset_id: str) -> BaseResponse:
    """upload, link or remove. A file is stored before the transaction that names it."""
    with reading() as work:
        _own(work, dataset_id)
    try:
        _change_files(dataset_id, request.form.get("action", ""))
    except OpenDataError as error:
        problems = field_sentences(error) or {"file": sentence(error)}
        return _files_page(dataset_id, problems, status=error.status)
    return redirect(display.to("files", dataset_id), 303)


def _change_files(dataset_id: str, action: str) -> None:
    form = request.form
    title = {language: form.get(f"title.{language}", "").strip() for language in ("vi", "en")}
    stored = _stored() if action == "upload" else None
    with writing() as work:
        dataset = _locked(work, dataset_id)
        if stored is not None and form.get("replaces"):
            resources.replace_file(work, dataset, form["replaces"], stored)
        elif stored is not None:
            resources.add_file(work, dataset, stored, title=title)
        elif action == "link":
            resources.add_link(
                work, dataset, form.get("access_url", "").strip(), format=form.get("format"), title=title
            )
        elif action == "remove":
            resources.remove(work, dataset, form.get("resource", ""))
        else:
            raise BadRequest(fields={"action": BadRequest.message})


def _stored() -> Intake:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid(fields={"file": N_("Vui lòng chọn một tệp.")})
    return intake(platform(), cast("BinaryIO", upload.stream), name=upload.filename)


def _files_page(dataset_id: str, errors: Mapping[str, str] | None = None, *, status: int = 200) -> Response:
    with reading() as work:
        dataset = _own(work, dataset_id)
        record = entry.to_json(datasets.record_of(work, dataset))
    view = _listed(dataset) | {"version": dataset.version, "resources": record["resources"]}
    return form_page(
        "department/files.html",
        status=status,
        dataset=view,
        errors=errors or {},
        values=request.form,
        max_size=platform().settings.max_upload_mb << 20,
    )


@blueprint.get("/desk/datasets/<dataset_id>/files/<resource_id>")
@permission(Action.EDIT)
def file(dataset_id: str, resource_id: str) -> Response:
    with reading() as work:
        dataset = _own(work, dataset_id)
        resource = _resource(work, dataset, resource_id)
    return _file_page(dataset, resource, {})


@blueprint.post("/desk/datasets/<dataset_id>/files/<resource_id>")
@permission(Action.EDIT)
def describe_file(dataset_id: str, resource_id: str) -> BaseResponse:
    with reading() as work:
        dataset = _own(work, dataset_id)
        before = _resource(work, dataset, resource_id)
    typed = forms.resource_from_form(request.form, before)
    try:
        with writing() as work:
            dataset = _locked(work, dataset_id)
            resources.describe(work, dataset, entry.resource_from_json(typed))
    except OpenDataError as error:
        return _file_page(dataset, typed, _errors(error), status=error.status)
    return redirect(display.to("files", dataset_id), 303)


def _resource(work: Work, dataset: Dataset, resource_id: str) -> dict[str, Any]:
    record = entry.to_json(datasets.record_of(work, dataset))
    return next(dict(item) for item in record["resources"] if item["id"] == resource_id)


def _file_page(
    dataset: Dataset, resource: Mapping[str, Any], errors: Mapping[str, str], *, status: int = 200
) -> Response:
    view = _listed(dataset) | {"version": dataset.version}
    return form_page("department/file.html", status=status, dataset=view, resource=resource, errors=errors)


# --- workflow -------------------------------------------------------------------------------------


@blueprint.get("/desk/datasets/<dataset_id>/workflow")
@permission(Action.VIEW_HISTORY)
def steps(dataset_id: str) -> Response:
    return _workflow_page(dataset_id)


@blueprint.post("/desk/datasets/<dataset_id>/workflow")
@permission(Action.SUBMIT)
def take_step(dataset_id: str) -> BaseResponse:
    action = request.form.get("action", "")
    if action not in STEPS:
        raise BadRequest(fields={"action": BadRequest.message})
    try:
        with writing() as work:
            dataset = datasets.get(work, dataset_id, lock=True)
            datasets.require_version(dataset, request.form.get("version", type=int))
            STEPS[action](work, dataset, note=request.form.get("note", "").strip() or None)
    except OpenDataError as error:
        return _workflow_page(dataset_id, error=sentence(error), status=error.status)
    return redirect(display.to("workflow", dataset_id), 303)


def _workflow_page(dataset_id: str, *, error: str = "", status: int = 200) -> Response:
    with reading() as work:
        dataset = datasets.get(work, dataset_id)
        events = timeline(datasets.revisions(work, dataset))
        findings = gate.check(datasets.record_of(work, dataset), work.part(Vocabularies))
        possible = workflow.possible(work, dataset)
    return form_page(
        "department/workflow.html",
        status=status,
        dataset=_listed(dataset) | {"version": dataset.version},
        findings=[_finding(finding) for finding in findings],
        steps=possible,
        events=events,
        error=error,
    )


def _finding(finding: gate.Finding) -> dict[str, Any]:
    """`column` names the column of a file that a finding is about."""
    _, _, column = finding.field.partition(".columns.")
    message = translations(language()).gettext(finding.message)
    return {"field": finding.field, "message": message, "severity": finding.severity, "column": column}
