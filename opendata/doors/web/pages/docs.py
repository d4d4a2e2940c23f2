"""The reference of the API and the page of the visual system."""

import re
from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, current_app

from opendata.base.i18n import translations
from opendata.base.kit import errors
from opendata.doors.http.context import language, platform
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.design import design_context
from opendata.doors.web.reference import Outline, outline
from opendata.doors.web.rendering import markdown, page

blueprint = Blueprint("docs", __name__)
DOCUMENT = "opendata.openapi"
"""Where the REST door leaves what gives its finished OpenAPI document, as JSON bytes."""
_PLACE = re.compile(r"%\(\w+\)[sd]")

FIRST_ANSWER = """{
  "data": [{"slug": "…", "title": {"vi": "…", "en": "…"}, …}],
  "meta": {"total": 3, "facets": {…}},
  "links": {"self": "…", "next": "…"}
}"""


@blueprint.get("/docs/api")
@permission(ANYONE)
def reference() -> Response:
    """Every operation with its fields, a call that runs and a form to try it."""
    document = _outline(current_app.extensions[DOCUMENT]())
    address = platform().settings.base_url.rstrip("/")
    return page(
        "api.html",
        outline=document,
        note_html=markdown(document.note),
        first_call=f"curl '{address}/api/v1/datasets?q=cang+bien&size=1'",
        first_answer=FIRST_ANSWER,
    )


@cache
def _outline(body: bytes) -> Outline:
    return outline(orjson.loads(body))


@blueprint.get("/docs/errors")
@permission(ANYONE)
def error_codes() -> Response:
    """What each `code` of a refusal means: where the `type` of a problem leads."""
    return page("errors/codes.html", nav="api", kinds=_meanings())


def _meanings() -> list[dict[str, Any]]:
    """Sentences in the language of the page, with an ellipsis where a case fills something in."""
    translate = translations(language()).gettext
    return [
        {"code": kind.code, "status": kind.status, "meaning": _PLACE.sub("…", translate(kind.message))}
        for kind in errors.known()
    ]


@blueprint.get("/docs/design")
@permission(ANYONE)
def design() -> Response:
    """Each part of the interface once, with made-up content."""
    return page("design.html", **design_context())
