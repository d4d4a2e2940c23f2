"""The queries that the design of the search names, through title, tags and names and in full depth."""

from collections.abc import Callable
from typing import Any

import pytest

from opendata.engines.search import SearchIndex
from opendata.services.catalog.query import Lexicon, Outcome, search


@pytest.mark.fixtures
def test_every_query_of_the_design_holds(
    find: Callable[..., Outcome], design_queries: dict[str, Any]
) -> None:
    failed = [text for text, query in design_queries.items() if not holds(find(text), query)]
    assert failed == []


@pytest.mark.fixtures
def test_every_query_of_the_design_holds_on_the_embedded_engine(
    embedded: SearchIndex, lexicon: Lexicon, design_queries: dict[str, Any]
) -> None:
    failed = [
        text
        for text, query in design_queries.items()
        if not holds(search(embedded, lexicon, text, size=50), query)
    ]
    assert failed == []


def holds(outcome: Outcome, query: dict[str, Any]) -> bool:
    ids = [hit.id for hit in outcome.results.hits]
    leads = not query["first"] or (ids and ids[0] in query["first"])
    return bool(leads and set(query["must"]) <= set(ids) and not set(query["must_not"]) & set(ids))
