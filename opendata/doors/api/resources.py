"""Resources over REST."""

from flask import Response

from opendata.doors.api.arguments import StrictBlueprint
from opendata.doors.http import files
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.services.catalog import reading as documents

blueprint = StrictBlueprint("resources", __name__, url_prefix="/resources", description="Resources")


@blueprint.route("/<resource_id>/download")
@permission(ANYONE)
def download(resource_id: str) -> Response:
    """The stored file."""
    with reading() as work:
        stored = documents.download(work, resource_id)
    return files.send(stored)
