"""The home page."""

from typing import Any

from flask import Blueprint, Response

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Work
from opendata.doors.http.context import platform, reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web.pages.organizations import freshness_counts
from opendata.doors.web.rendering import page
from opendata.doors.web.view import shown_row
from opendata.services.catalog import figures, organizations
from opendata.services.catalog.search import DatasetQuery, Page, find

blueprint = Blueprint("home", __name__)
EXAMPLES = (
    ("cảng biển", {"vi": "chủ đề cảng biển", "en": "seaports"}),
    ("gia dat", {"vi": "gõ không dấu", "en": "without marks"}),
    ("Sở GTVT", {"vi": "tên cũ của cơ quan", "en": "a former department"}),
)


@blueprint.get("/")
@permission(ANYONE)
def home() -> Response:
    with reading() as work:
        found = find(work, DatasetQuery(facets=("theme",), sort="newest", size=8))
        values: dict[str, Any] = {
            "totals": _totals(work, found),
            "themes": _themes(work, found),
            "organizations": _departments(work),
            "newest": [shown_row(work, row) for row in found.rows],
            "figures": figures.of_city(work),
        }
    address = f"{platform().settings.base_url.rstrip('/')}/api/v1/datasets?q=cang+bien&size=1"
    return page("home.html", examples=EXAMPLES, call=f"curl '{address}'", answer="", **values)


def _totals(work: Work, found: Page) -> dict[str, Any]:
    newest = found.rows[0]["last_update"] if found.rows else None
    return {"datasets": found.total, "organizations": len(organizations.listing(work)), "updated": newest}


def _themes(work: Work, found: Page) -> list[dict[str, Any]]:
    counts = {item.value: item.count for item in found.facets["theme"]}
    terms = work.part(Vocabularies).terms("themes")
    return [
        {"code": code, "label": term.label, "count": counts[code]}
        for code, term in terms.items()
        if code in counts
    ]


def _departments(work: Work) -> list[dict[str, Any]]:
    return [
        {"slug": body.slug, "name": body.name, "count": count, **freshness_counts(work, body.slug)}
        for body, count in organizations.listing(work)
        if count
    ]
