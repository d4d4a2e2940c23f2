"""What templates are given: rows and resources with addresses, freshness and marked words."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Platform, Work
from opendata.doors.http.context import platform
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
    """A row of a list as the result part takes it."""
    state = _judge(work.platform, row).state
    return {**row, "freshness": state, "near": row.get("near", False), "marked": row.get("marked")}


def linked(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with `href`: where taking it leads."""
    stored = bool(resource.get("sha256"))
    href = f"/api/v1/resources/{resource['id']}/download" if stored else resource.get("download_url")
    return {**resource, "href": href or resource.get("access_url")}
