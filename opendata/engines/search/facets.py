"""The values an index counts and filters by."""

from opendata.engines.search.protocol import FACETS, IndexDocument

MAX_LENGTH = 1000
"""Longer ones would be refused by some engine, and are no choice for anybody."""


def facet_values(document: IndexDocument) -> dict[str, list[str]]:
    """By facet, of those an index knows: each value once, none of them empty or too long."""
    found = {
        facet: [value for value in dict.fromkeys(values) if 0 < len(value) <= MAX_LENGTH]
        for facet, values in document.facets.items()
        if facet in FACETS
    }
    return {facet: values for facet, values in found.items() if values}
