"""About the portal, the API reference and the design page."""

from flask import Blueprint, Response

from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.rendering import page

blueprint = Blueprint("about", __name__)
REFERENCE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.get("/about")
@permission(ANYONE)
def about() -> Response:
    return page("about.html")


@blueprint.get("/docs/api")
@permission(ANYONE)
def reference() -> Response:
    """The rendered OpenAPI document with try-it; its component styles itself, hence the wider policy."""
    response = page("api.html", nav="api")
    response.headers["Content-Security-Policy"] = REFERENCE_POLICY
    return response
