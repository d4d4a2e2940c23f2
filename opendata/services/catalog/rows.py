"""What a list shows of a dataset, taken from its document."""

from collections.abc import Mapping
from typing import Any

ROW_FIELDS = (
    "id",
    "slug",
    "title",
    "publisher",
    "keywords",
    "themes",
    "topics",
    "license",
    "access_level",
    "frequency",
    "last_update",
    "data_until",
    "temporal",
    "issued",
    "modified",
    "synthetic",
    "state",
    "version",
)


def row_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a list shows of a dataset."""
    resources = document["resources"]
    return {
        **{name: document.get(name) for name in ROW_FIELDS},
        "description": {language: _lead(text) for language, text in document["description"].items()},
        "formats": sorted({resource["format"] for resource in resources if resource["format"]}),
        "resources": len(resources),
        "rows": max((resource["rows"] or 0 for resource in resources), default=0) or None,
    }


def _lead(text: str) -> str:
    return text if len(text) <= 300 else text[:300].rsplit(" ", 1)[0] + " …"
