"""Search engines behind one protocol."""

from opendata.engines.search.opening import open_index
from opendata.engines.search.protocol import (
    ALL,
    ANY_FIELD,
    FACETS,
    LONG_FIELD,
    MAIN_FIELD,
    TEXT_FIELDS,
    Best,
    Clause,
    DocumentsRefused,
    Every,
    Hit,
    IndexDocument,
    IndexInfo,
    Plan,
    Results,
    SearchIndex,
    Term,
)

__all__ = [
    "ALL",
    "ANY_FIELD",
    "FACETS",
    "LONG_FIELD",
    "MAIN_FIELD",
    "TEXT_FIELDS",
    "Best",
    "Clause",
    "DocumentsRefused",
    "Every",
    "Hit",
    "IndexDocument",
    "IndexInfo",
    "Plan",
    "Results",
    "SearchIndex",
    "Term",
    "open_index",
]
