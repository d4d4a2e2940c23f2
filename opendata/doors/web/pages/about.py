"""About the portal, the API reference and the design page."""

from flask import Blueprint, Response

from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.rendering import page
from opendata.services.catalog.search import DatasetQuery, find

blueprint = Blueprint("about", __name__)
REFERENCE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.get("/about")
@permission(ANYONE)
def about() -> Response:
    with reading() as work:
        found = find(work, DatasetQuery(facets=("license",), size=0))
        terms = work.part(Vocabularies).terms("licences")
    licences = [
        (item.value, item.label, terms[item.value].data.get("url"), item.count)
        for item in found.facets["license"]
    ]
    return page("about.html", totals={"datasets": found.total}, licences=licences)


@blueprint.get("/docs/api")
@permission(ANYONE)
def reference() -> Response:
    """The rendered OpenAPI document with try-it; its component styles itself, hence the wider policy."""
    response = page("api.html", nav="api")
    response.headers["Content-Security-Policy"] = REFERENCE_POLICY
    return response
