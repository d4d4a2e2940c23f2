"""A new harvest source in four steps, one question a page."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, request
from marshmallow import fields
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, Invalid, OpenDataError
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, reading, writing
from opendata.doors.http.permissions import permission
from opendata.doors.http.problems import field_sentences, sentence
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import organizations
from opendata.services.harvest import runs, sources
from opendata.services.harvest.registry import HarvesterTypes

blueprint = Blueprint("new_source", __name__)
LAST = 4
ASKED: Mapping[int, tuple[str, ...]] = {1: ("type", "title", "url"), 2: ("organization",)}
TYPES: Mapping[str, tuple[dict[str, str], dict[str, str]]] = {
    "folder": (
        {"vi": "Thư mục", "en": "Folder"},
        {
            "vi": "Cơ quan thả tệp CSV, Excel, GeoJSON vào một thư mục chung.",
            "en": "A department drops CSV, Excel or GeoJSON files into a shared folder.",
        },
    ),
    "ckan": (
        {"vi": "Cổng CKAN", "en": "CKAN portal"},
        {"vi": "Đọc qua API của CKAN.", "en": "Read through CKAN's API."},
    ),
    "datajson": (
        {"vi": "Danh mục data.json", "en": "data.json catalogue"},
        {"vi": "Một tệp liệt kê mọi bộ dữ liệu.", "en": "One file that lists every dataset."},
    ),
}
SCHEDULES = (
    ("0 2 * * *", {"vi": "Hằng ngày, 2 giờ sáng", "en": "Daily at 2 a.m."}),
    ("0 2 * * 1", {"vi": "Thứ Hai hằng tuần", "en": "Every Monday"}),
    ("0 2 1 * *", {"vi": "Ngày đầu tháng", "en": "First day of the month"}),
)


@blueprint.get("/operator/harvest/new")
@permission(Action.HARVEST_EDIT)
def new() -> Response:
    policy.require(caller(), Action.HARVEST_EDIT)
    return _page(1, {}, {})


@blueprint.post("/operator/harvest/new")
@permission(Action.HARVEST_EDIT)
def step() -> BaseResponse:
    """Checks the step that was shown and shows the next; the last one saves and starts a preview."""
    policy.require(caller(), Action.HARVEST_EDIT)
    values = {
        name: value.strip()
        for name, value in request.form.items()
        if name not in {"csrf_token", "step", "back"}
    }
    at = min(max(request.form.get("step", 1, type=int), 1), LAST)
    if "back" in request.form:
        return _page(max(at - 1, 1), values, {})
    problems = {name: N_("Cần điền mục này.") for name in ASKED.get(at, ()) if not values.get(name)}
    if problems:
        return _page(at, values, field_sentences(Invalid(fields=problems)), status=422)
    if at < LAST:
        return _page(at + 1, values, {})
    return _save(values)


def _save(values: Mapping[str, str]) -> BaseResponse:
    try:
        with writing() as work:
            body = organizations.get(work, values.get("organization", ""))
            source = sources.create(
                work,
                type=values.get("type", ""),
                url=values.get("url", ""),
                title=values.get("title", ""),
                organization_id=body.id,
                config={name: values[name] for name in _field_names(work, values) if values.get(name)},
                schedule=values.get("schedule") or None,
            )
            preview = runs.start(work, source, "preview")
            target = display.to("preview", source.id, preview.id)
    except OpenDataError as error:
        problems = {name.removeprefix("config."): text for name, text in field_sentences(error).items()}
        return _page(_step_of(problems), values, problems or {"type": sentence(error)}, status=error.status)
    return redirect(target, 303)


def _step_of(problems: Mapping[str, str]) -> int:
    """The first step that holds a wrong field."""
    return next((number for number, names in ASKED.items() if set(names) & set(problems)), 3)


def _page(at: int, values: Mapping[str, str], problems: Mapping[str, str], *, status: int = 200) -> Response:
    with reading() as work:
        bodies = [(body.id, body.name) for body, _count in organizations.listing(work)]
        shown = [_field(name, field) for name, field in _fields(work, values).items()] if at == 3 else []
        types = [(name, *TYPES.get(name, ({"vi": name}, None))) for name in work.part(HarvesterTypes).names]
    return form_page(
        "operator/source_new.html",
        status=status,
        nav="sources",
        step=at,
        values=values,
        errors=problems,
        types=types,
        organizations=bodies,
        schedules=SCHEDULES,
        fields=shown,
    )


def _fields(work: Work, values: Mapping[str, str]) -> dict[str, fields.Field[Any]]:
    names = work.part(HarvesterTypes)
    kind = values.get("type", "")
    return dict(names.get(kind).config().fields) if kind in names.names else {}


def _field_names(work: Work, values: Mapping[str, str]) -> list[str]:
    return list(_fields(work, values))


def _field(name: str, field: fields.Field[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "label": field.metadata.get("label", {"vi": name}),
        "hint": field.metadata.get("help", {}),
        "required": field.required,
        "secret": bool(field.metadata.get("secret")),
        "kind": "bool" if isinstance(field, fields.Boolean) else "text",
    }
