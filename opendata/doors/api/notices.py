"""What the caller was told, over REST."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import notices as schemas
from opendata.doors.api.schemas import outputs
from opendata.doors.http import answers
from opendata.doors.http.context import language, reading, writing
from opendata.doors.http.permissions import SIGNED_IN
from opendata.services.access import notices
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("notices", __name__, url_prefix="/me/notices", description="What the caller was told.")


@blueprint.operation(
    "GET",
    "",
    allows=SIGNED_IN,
    query=schemas.Notices,
    answer=outputs.listing(schemas.Notice, meta=schemas.NoticesMeta),
)
def list_notices(query: Mapping[str, Any]) -> Response:
    """List the caller's notices, newest first."""
    with reading() as work:
        rows = notices.mine(work, unread=query["unread"])
        page, following = lists.window(
            rows, lambda row: str(row.id), size=query["size"], cursor=query.get("cursor")
        )
        left = notices.unread(work)
        data = [_notice(row, *notices.said(work, row, language())) for row in page]
    return lists.answer(data, total=len(rows), following=following, meta={"unread": left})


@blueprint.operation(
    "POST",
    "/read",
    allows=SIGNED_IN,
    body=schemas.NoticesRead,
    body_required=False,
    answer=schemas.Unread,
)
def mark_notices_read(body: Mapping[str, Any]) -> Response:
    """Mark the caller's notices as read."""
    with writing() as work:
        notices.mark_read(work, up_to=body.get("up_to"))
        left = notices.unread(work)
    return answers.json({"unread": left})


def _notice(row: Any, title: str, text: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "title": title,
        "text": text,
        "data": row.data,
        "created": stamp(row.created),
        "read_at": stamp(row.read_at),
    }
