"""Documents for search indexes, and how their answers are read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from opendata.base.kit.vietnamese import sort_key
from opendata.engines.search.protocol import (
    Hit,
    IndexDocument,
    Plan,
    Results,
    SearchIndex,
    Term,
)

DAY = 20_000


def dataset(
    ident: str,
    title: str = "",
    *,
    sequence: int = 1,
    visibility: str = "public",
    newest: int = DAY,
    popularity: int = 0,
    period: tuple[int, int] | None = None,
    facets: Mapping[str, Sequence[str]] | None = None,
    **text: str,
) -> IndexDocument:
    return IndexDocument(
        id=ident,
        sequence=sequence,
        visibility=visibility,
        text={"title": title, **text},
        facets=facets or {},
        sort={"newest": newest, "title": sort_key(title), "popularity": popularity},
        row={"id": ident, "title": {"vi": title}, "n": sequence},
        period=period,
    )


def title(token: str, score: float = 1.0, form: str = "exact") -> Term:
    return Term(f"title.{form}", token, score)


def ids(results: Results) -> list[str]:
    return [hit.id for hit in results.hits]


def all_pages(index: SearchIndex, plan: Plan) -> list[Hit]:
    """Every hit, followed by cursor; fails on a page that repeats."""
    hits: list[Hit] = []
    for _ in range(1000):
        page = index.search(plan).hits
        hits += page
        if len(page) < plan.size:
            return hits
        plan = replace(plan, after=page[-1].key)
    raise AssertionError("paging did not end")
