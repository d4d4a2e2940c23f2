"""What I was told: keys, quotas, subscriptions, endpoints."""

from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.models import Notice
from opendata.base.runtime import Work
from opendata.doors.http.context import caller, language, reading, writing
from opendata.doors.http.permissions import SIGNED_IN, permission
from opendata.doors.web import display, forms
from opendata.doors.web.rendering import form_page
from opendata.services.access import notices, policy

blueprint = Blueprint("notices", __name__)
SHOWN = 100
GRAVE = frozenset(
    {
        "key.leaked",
        "client.leaked",
        "grant.leaked",
        "ticket.leaked",
        "registration.leaked",
        "webhook.leaked",
        "quota.exhausted",
        "subscription.rejected",
        "webhook.off",
        "webhook.dead",
    }
)
PRESSING = frozenset(
    {"key.expiring", "quota.warning", "subscription.overdue", "subscription.paused", "terms.changed"}
)


@blueprint.get("/account/notices")
@permission(SIGNED_IN)
def listing() -> Response:
    policy.require_person(caller())
    with reading() as work:
        rows = notices.mine(work, limit=SHOWN)
        shown = [_notice(work, row) for row in rows]
        unread = notices.unread(work)
    return form_page("notices.html", nav="notices", notices=shown, unread=unread)


@blueprint.post("/account/notices")
@permission(SIGNED_IN)
def mark_read() -> BaseResponse:
    """Up to the newest one that was on the page: what came meanwhile stays unread."""
    newest = forms.whole(request.form.get("up_to", ""), None)
    with writing() as work:
        notices.mark_read(work, up_to=newest)
    return redirect(display.to("notices"), 303)


def _notice(work: Work, row: Notice) -> dict[str, Any]:
    title, text = notices.said(work, row, language())
    return {
        "id": row.id,
        "title": title,
        "text": text,
        "created": row.created,
        "unread": row.read_at is None,
        "weight": "late" if row.kind in GRAVE else "due" if row.kind in PRESSING else "",
        "href": _more(row),
    }


def _more(row: Notice) -> str:
    """The page that tells more."""
    page, application = notices.WORDS[row.kind].page, row.data.get("application", "")
    if page in {"requests", "consents"}:
        return display.to(page)
    if page == "team":
        return display.to(page, row.data.get("organization", ""))
    if page == "applications" or not application:
        return display.to("apps")
    return display.to({"application": "app"}.get(page, page), application)
