"""What templates are given: rows and resources with addresses, freshness and marked words."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Platform, Work
from opendata.doors.http.context import platform
from opendata.doors.web.display import t
from opendata.services.catalog import freshness


def freshness_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """{state, last_update, next_due} as of now."""
    return asdict(_judge(platform(), document))


def _judge(platform: Platform, document: Mapping[str, Any]) -> freshness.Freshness:
    return freshness.judge(
        document.get("frequency"),
        document.get("last_update"),
        platform.clock(),
        platform.part(Vocabularies),
        late_factor=platform.settings.late_factor,
    )


def shown_row(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list as the result part takes it, the words of the query marked."""
    state = _judge(work.platform, row).state
    marked = {name: _marked(texts) for name, texts in (row.get("highlight") or {}).items()}
    return {**row, "freshness": state, "near": row.get("near", False), "marked": marked}


def _marked(texts: Mapping[str, str]) -> Markup:
    """Safe HTML by language, in the language of the page."""
    said = t(texts)
    return said.around(Markup(said.text))  # noqa: S704  # made safe by the search


def linked(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with `href`: where taking it leads."""
    stored = bool(resource.get("sha256"))
    href = f"/api/v1/resources/{resource['id']}/download" if stored else resource.get("download_url")
    return {**resource, "href": href or resource.get("access_url")}
