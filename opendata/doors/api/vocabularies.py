"""Topics, tags and the vocabularies over REST."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Topic
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint, View
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers
from opendata.doors.http.context import language, platform, reading
from opendata.doors.http.permissions import ANYONE
from opendata.services.catalog import browsing, organizations, search

blueprint = Blueprint(
    "vocabularies", __name__, url_prefix="", description="Topics, tags, code lists and suggestions."
)


@blueprint.operation(
    "GET", "/topics", allows=ANYONE, query=queries.Paged, answer=outputs.listing(outputs.Topic)
)
def topics(query: Mapping[str, Any]) -> Response:
    """List the topics."""
    with reading() as work:
        rows = organizations.topics(work)
        counts = browsing.counts(work, "topic")
    page, following = lists.window(rows, lambda row: row.id, size=query["size"], cursor=query.get("cursor"))
    return lists.answer(
        [_topic(row, counts.get(row.slug, 0)) for row in page], total=len(rows), following=following
    )


@blueprint.operation("GET", "/topics/<topic_id>", allows=ANYONE, answer=outputs.Topic, errors=(301, 404))
def topic(topic_id: str) -> Response:
    """Read one topic.

    By id or slug; a former slug redirects to the present one.
    """
    with reading() as work:
        found = organizations.get_topic(work, topic_id)
        counts = browsing.counts(work, "topic")
    if topic_id not in {found.id, found.slug}:
        return answers.moved(found.slug)
    return answers.json(_topic(found, counts.get(found.slug, 0)))


def _topic(topic: Topic, datasets: int) -> dict[str, Any]:
    return {
        "id": topic.id,
        "slug": topic.slug,
        "title": topic.title,
        "description": topic.description,
        "datasets": datasets,
    }


@blueprint.operation("GET", "/tags", allows=ANYONE, query=queries.Words, answer=outputs.listing(outputs.Tag))
def tags(query: Mapping[str, Any]) -> Response:
    """List the tags in use.

    Those of the datasets the caller sees, in Vietnamese order.
    """
    with reading() as work:
        rows = browsing.tags(work, query["q"])
    page, following = lists.window(rows, lambda row: row[0], size=query["size"], cursor=query.get("cursor"))
    data = [{"value": word, "datasets": count} for word, count in page]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation("GET", "/suggest", allows=ANYONE, query=queries.Suggest, answer=outputs.Suggestions)
def suggest(query: Mapping[str, Any]) -> Response:
    """Complete what is being typed.

    With titles, bodies, tags and topics that have a word beginning so.
    """
    with reading() as work:
        found = search.suggest(work, query["q"], limit=query["size"], language=language())
    return answers.json({"data": [{"kind": s.kind, "text": s.text, "slug": s.slug} for s in found]})


VOCABULARIES = {
    "licences": "List the licences.",
    "themes": "List the themes.",
    "formats": "List the formats.",
    "frequencies": "List the frequencies of renewal.",
    "access-levels": "List the levels of access.",
}
_FILES = {"access-levels": "access"}


def _vocabulary(path: str, summary: str) -> View:
    """A view that lists all terms of one vocabulary; none has more than a few dozen."""
    name = _FILES.get(path, path)

    def view() -> Response:
        terms = platform().part(Vocabularies).terms(name)
        data = [
            {**term.data, "code": term.code, "label": term.label, "uri": term.uri} for term in terms.values()
        ]
        return lists.answer(data, total=len(data))

    view.__name__ = path.replace("-", "_")
    view.__doc__ = f"{summary}\n\nAll codes with labels in both languages, in the order people read them."
    return view


for _path, _summary in VOCABULARIES.items():
    blueprint.operation("GET", f"/{_path}", allows=ANYONE, answer=outputs.listing(outputs.Term))(
        _vocabulary(_path, _summary)
    )
