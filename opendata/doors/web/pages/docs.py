"""The reference of the API and the page of the visual system."""

from functools import cache

import orjson
from flask import Blueprint, Response, current_app

from opendata.doors.http.context import platform
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.design import design_context
from opendata.doors.web.reference import Outline, outline
from opendata.doors.web.rendering import markdown, page

blueprint = Blueprint("docs", __name__)
DOCUMENT = "opendata.openapi"
"""Where the REST door leaves its finished OpenAPI document, as JSON bytes."""

FIRST_ANSWER = """{
  "data": [{"slug": "…", "title": {"vi": "…", "en": "…"}, …}],
  "meta": {"total": 3, "facets": {…}},
  "links": {"self": "…", "next": "…"}
}"""


@blueprint.get("/docs/api")
@permission(ANYONE)
def reference() -> Response:
    """Every operation with its fields, a call that runs and a form to try it."""
    document = _outline(current_app.extensions[DOCUMENT])
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


@blueprint.get("/docs/design")
@permission(ANYONE)
def design() -> Response:
    """Each part of the interface once, with made-up content."""
    return page("design.html", **design_context())
