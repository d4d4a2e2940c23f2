"""Datasets over REST."""

from flask import Response

from opendata.doors.api.arguments import StrictBlueprint
from opendata.doors.http import answers
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.services.catalog import reading as documents

blueprint = StrictBlueprint("datasets", __name__, url_prefix="/datasets", description="Datasets")


@blueprint.route("/<dataset_id>")
@permission(ANYONE)
def get(dataset_id: str) -> Response:
    """One dataset by id or slug."""
    with reading() as work:
        document = documents.dataset(work, dataset_id)
    return answers.json_bytes(document.body, etag=document.etag)
