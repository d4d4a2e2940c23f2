"""Departments and topics."""

from collections import Counter
from typing import Any

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.models import Organization
from opendata.base.runtime import Work
from opendata.doors.http.context import reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web import display
from opendata.doors.web.rendering import page
from opendata.doors.web.view import shown_row
from opendata.services.catalog import organizations
from opendata.services.catalog.search import DatasetQuery, find

blueprint = Blueprint("organizations", __name__)
SHOWN = 100
STATES = ("on_time", "due", "late", "irregular")


@blueprint.get("/organizations")
@permission(ANYONE)
def listing() -> BaseResponse:
    with reading() as work:
        bodies = [_summary(work, body, count) for body, count in organizations.listing(work)]
    return page("organizations.html", nav="organizations", organizations=bodies)


def _summary(work: Work, body: Organization, count: int) -> dict[str, Any]:
    rhythm = freshness_counts(work, body.slug) if count else {}
    return {**_view(body), "count": count, **rhythm}


def freshness_counts(work: Work, slug: str) -> dict[str, int]:
    """{on_time, due, late, irregular} of a body's datasets (at most the newest 100)."""
    found = find(work, DatasetQuery(filters={"organization": (slug,)}, sort="newest", size=SHOWN))
    states = Counter(shown_row(work, row)["freshness"] for row in found.rows)
    return {state: states[state] for state in STATES}


def _view(body: Organization) -> dict[str, Any]:
    fields = (
        "id",
        "slug",
        "code",
        "name",
        "description",
        "abbreviation",
        "former_names",
        "level",
        "homepage",
        "contact",
        "valid_from",
        "valid_to",
    )
    return {field: getattr(body, field) for field in fields}


@blueprint.get("/organization/<slug>")
@permission(ANYONE)
def organization(slug: str) -> BaseResponse:
    with reading() as work:
        body = organizations.get(work, slug)
        if body.slug != slug:
            return redirect(display.to("organization", body.slug), 301)
        before, after = organizations.neighbours(work, body)
        found = find(work, DatasetQuery(filters={"organization": (slug,)}, sort="title", size=SHOWN))
        rows = [shown_row(work, row) for row in found.rows]
        parent = work.session.get(Organization, body.parent_id) if body.parent_id else None
    states = Counter(row["freshness"] for row in rows)
    view = _view(body) | {
        "count": found.total,
        **{state: states[state] for state in STATES},
        "predecessors": [_view(item) for item in before],
        "successors": [_view(item) for item in after],
        "parent": _view(parent) if parent else None,
    }
    return page("organization.html", nav="organizations", organization=view, rows=rows, total=found.total)


@blueprint.get("/topics")
@permission(ANYONE)
def topics() -> BaseResponse:
    with reading() as work:
        counts = topic_counts(work)
        values = [
            {
                "slug": topic.slug,
                "title": topic.title,
                "description": topic.description,
                "count": counts.get(topic.slug, 0),
            }
            for topic in organizations.topics(work)
        ]
    return page("topics.html", nav="topics", topics=values)


def topic_counts(work: Work) -> dict[str, int]:
    found = find(work, DatasetQuery(facets=("topic",), size=1))
    return {item.value: item.count for item in found.facets["topic"]}


@blueprint.get("/topic/<slug>")
@permission(ANYONE)
def topic(slug: str) -> BaseResponse:
    with reading() as work:
        subject = organizations.get_topic(work, slug)
        if subject.slug != slug:
            return redirect(display.to("topic", subject.slug), 301)
        found = find(work, DatasetQuery(filters={"topic": (slug,)}, sort="title", size=SHOWN))
        rows = [shown_row(work, row) for row in found.rows]
    view = {"slug": subject.slug, "title": subject.title, "description": subject.description}
    return page("topic.html", nav="topics", topic=view, rows=rows, total=found.total)
