"""About the portal."""

from flask import Blueprint, Response

from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.rendering import page
from opendata.services.catalog.search import DatasetQuery, find

blueprint = Blueprint("about", __name__)


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
