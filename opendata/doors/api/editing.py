"""Writing datasets over REST: create, change, and the steps of the workflow."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, url_for

from opendata.base.models import Dataset
from opendata.base.runtime import Work
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import inputs, outputs
from opendata.doors.http import answers, bodies, uploads
from opendata.doors.http.context import platform, reading, writing
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import datasets, documents, files, organizations, patching, resources, workflow

blueprint = Blueprint(
    "editing",
    __name__,
    url_prefix="/datasets",
    description="Datasets: write and publish, for the people of a department.",
)


@blueprint.operation(
    "POST",
    "",
    allows=Action.CREATE,
    body=inputs.NewDataset,
    answer=outputs.Dataset,
    status=201,
    errors=(404, 409),
)
def create(body: dict[str, Any]) -> Response:
    """Create a dataset.

    It begins as a draft of the body named as `publisher`; `title.vi` is all it needs.
    """
    with writing() as work:
        publisher = organizations.get(work, body.pop("publisher"))
        dataset = datasets.create(work, patching.new(body), publisher_id=publisher.id)
        document = documents.current(work, dataset)
    return _created(dataset, document)


@blueprint.operation(
    "PATCH",
    "/<dataset_id>",
    allows=Action.EDIT,
    body=inputs.DatasetPatch,
    answer=outputs.Dataset,
    errors=(404, 409),
    if_match="required",
)
def change(dataset_id: str, body: Mapping[str, Any]) -> Response:
    """Change parts of a dataset.

    A JSON merge patch (RFC 7396): what is named is changed, null takes a value away, lists are replaced.
    """
    return _edited(dataset_id, lambda known: patching.patched(known, body))


@blueprint.operation(
    "PUT",
    "/<dataset_id>",
    allows=Action.EDIT,
    body=inputs.DatasetInput,
    answer=outputs.Dataset,
    errors=(404, 409),
    if_match="required",
)
def replace(dataset_id: str, body: Mapping[str, Any]) -> Response:
    """Replace the description of a dataset.

    What is not named is emptied. Resources keep their files when their `id` is named.
    """
    return _edited(dataset_id, lambda known: patching.replaced(known, body))


def _edited(dataset_id: str, change: Callable[[Any], Any]) -> Response:
    with writing() as work:
        dataset = _opened(work, dataset_id, Action.EDIT, lock=True)
        datasets.require_version(dataset, answers.expected_version())
        datasets.edit(work, dataset, change(datasets.record_of(work, dataset)))
        document = documents.current(work, dataset)
    return _as_it_is(document)


@blueprint.operation(
    "POST",
    "/<dataset_id>/resources",
    allows=Action.EDIT,
    answer=outputs.Dataset,
    status=201,
    errors=(404, 413, 415, 422, 507),
    if_match="optional",
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "title_vi": {
                            "type": "string",
                            "maxLength": 500,
                            "description": "Title in Vietnamese.",
                        },
                        "title_en": {"type": "string", "maxLength": 500, "description": "Title in English."},
                        "resource": {
                            "type": "string",
                            "format": "uuid",
                            "description": "Id of the resource whose file is replaced.",
                        },
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The file; the last part of the body.",
                        },
                    },
                }
            }
        },
    },
)
@bodies.takes_files
def upload(dataset_id: str) -> Response:
    """Upload a file.

    As a new resource, or as new bytes of the one named by `resource`. Type, character set, rows and columns
    are found in the bytes. The part `file` comes last.
    """
    version = answers.expected_version(required=False)
    with reading() as work:
        datasets.require_version(_opened(work, dataset_id, Action.EDIT), version)
    arriving = uploads.read()
    fields = _upload_fields(arriving.fields)
    stored = files.intake(platform(), arriving.stream, name=arriving.name)
    with writing() as work:
        dataset = _opened(work, dataset_id, Action.EDIT, lock=True)
        datasets.require_version(dataset, version)
        if "resource" in fields:
            resources.replace_file(work, dataset, fields["resource"], stored)
        else:
            title = {language: fields.get(f"title_{language}", "") for language in ("vi", "en")}
            resources.add_file(work, dataset, stored, title=title)
        document = documents.current(work, dataset)
    return _created(dataset, document)


def _upload_fields(given: Mapping[str, str]) -> Mapping[str, str]:
    uploads.require_known(given, {"title_vi", "title_en", "resource"})
    return given


def _step(
    name: str, action: Action, move: Callable[..., None]
) -> Callable[[str, Mapping[str, Any]], Response]:
    """A view that takes one step of the workflow."""

    def view(dataset_id: str, body: Mapping[str, Any]) -> Response:
        with writing() as work:
            dataset = _opened(work, dataset_id, action, lock=True)
            datasets.require_version(dataset, answers.expected_version(required=False))
            move(work, dataset, note=body.get("note"))
            document = documents.current(work, dataset)
        return _as_it_is(document)

    view.__name__ = name
    view.__doc__ = STEPS[name]
    return view


STEPS = {
    "submit": "Submit a dataset.\n\nHands a complete draft to the reviewers; 422 names what is missing.",
    "return": "Return a dataset.\n\nSends a submitted dataset back to the department; `note` says why.",
    "publish": "Publish a dataset.\n\nMakes it public; 422 names what the publish gate finds wanting.",
    "withdraw": "Withdraw a dataset.\n\nTakes it from the public; `note` says why.",
}

for _name, _action, _move in (
    ("submit", Action.SUBMIT, workflow.submit),
    ("return", Action.RETURN, workflow.send_back),
    ("publish", Action.PUBLISH, workflow.publish),
    ("withdraw", Action.WITHDRAW, workflow.withdraw),
):
    blueprint.operation(
        "POST",
        f"/<dataset_id>/{_name}",
        allows=_action,
        body=inputs.Step,
        body_required=False,
        answer=outputs.Dataset,
        errors=(404, 409),
        if_match="optional",
    )(_step(_name, _action, _move))


def _opened(work: Work, dataset_id: str, action: Action, *, lock: bool = False) -> Dataset:
    """The dataset, once it is clear that the caller may do this to it. `lock` it to write to it."""
    dataset = datasets.get(work, dataset_id, lock=lock)
    policy.require(work.caller, action, dataset.publisher_id)
    return dataset


def _as_it_is(document: tuple[bytes, str]) -> Response:
    body, etag = document
    return answers.json_bytes(body, etag=etag)


def _created(dataset: Dataset, document: tuple[bytes, str]) -> Response:
    body, etag = document
    response = answers.json_bytes(body, etag=etag, status=201)
    response.headers["Location"] = url_for("datasets.get", dataset_id=dataset.id)
    return response
