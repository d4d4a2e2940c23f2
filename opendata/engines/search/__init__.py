"""Search engines behind one protocol."""

from opendata.engines.search.protocol import (
    Best,
    Clause,
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
    "Best",
    "Clause",
    "Every",
    "Hit",
    "IndexDocument",
    "IndexInfo",
    "Plan",
    "Results",
    "SearchIndex",
    "Term",
]
