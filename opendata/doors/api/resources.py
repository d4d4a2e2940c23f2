"""Resources over REST: read, download, upload."""

from flask import Response

from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs
from opendata.doors.http import answers, files
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE
from opendata.services.catalog import reading as documents

blueprint = Blueprint(
    "resources", __name__, url_prefix="/resources", description="Files, links and tables of datasets."
)

RANGE = {
    "in": "header",
    "name": "Range",
    "schema": {"type": "string", "maxLength": 2000},
    "description": "Parts of the file (RFC 9110 §14); several come as multipart/byteranges.",
    "example": "bytes=0-1023",
}
BYTES = {"type": "string", "format": "binary"}


@blueprint.operation("GET", "/<resource_id>", allows=ANYONE, answer=outputs.ResourceInDataset, errors=(404,))
def get(resource_id: str) -> Response:
    """Read one resource."""
    with reading() as work:
        document, found = documents.resource(work, resource_id)
    about = {name: document.value[name] for name in ("id", "slug", "title")}
    return answers.marked(answers.json({**found, "dataset": about}), document.synthetic)


@blueprint.operation(
    "GET",
    "/<resource_id>/download",
    allows=ANYONE,
    scope="download",
    answer=BYTES,
    content_type="*/*",
    errors=(401, 403, 404, 412, 416),
    parameters=[RANGE],
    answers={206: {"description": "The parts asked for.", "content": {"*/*": {"schema": BYTES}}}},
)
def download(resource_id: str) -> Response:
    """Download the stored file.

    Byte for byte as it was published. Ranges, If-Range, ETag (the SHA-256 of the file) and HEAD work as in
    RFC 9110. `X-Data-Synthetic` marks made-up data.
    """
    with reading() as work:
        stored = documents.download(work, resource_id)
    return files.send(stored)
