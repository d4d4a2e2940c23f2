"""Clauses to the cluster's structured queries. Every score is a constant whole number; no text is ever
parsed by the engine."""

from collections.abc import Iterable
from typing import Any

from opendata.engines.search.elastic.schema import facet_field, stream_fields
from opendata.engines.search.ordering import whole
from opendata.engines.search.protocol import ALL, FACETS, Best, Clause, Every, Plan, Term

Query = dict[str, Any]

NOTHING: Query = {"match_none": {}}


def scored(clause: Clause, coarser: int = 1) -> Query:
    """Scores in ten-thousandths divided by `coarser`."""
    if isinstance(clause, Term):
        return constant(matching(clause), whole(clause.score) // coarser)
    if isinstance(clause, Best):
        parts = [scored(part, coarser) for part in clause.clauses]
        return {"dis_max": {"queries": parts}} if parts else NOTHING
    return _every(clause, coarser)


def matching(clause: Clause) -> Query:
    """The same documents without scores."""
    if isinstance(clause, Term):
        return any_query([{"term": {name: clause.token}} for name in stream_fields(clause.stream)])
    if isinstance(clause, Best):
        return any_query([matching(part) for part in clause.clauses])
    required = [matching(part) for part in clause.required]
    parts: Query = {}
    if clause.at_least is None:
        parts["filter"] = required or [{"match_all": {}}]
    elif clause.at_least > len(required):
        return NOTHING
    elif clause.at_least > 0:
        parts["filter"] = [_at_least(required, clause.at_least)]
    else:
        parts["filter"] = [{"match_all": {}}]
    if clause.forbidden:
        parts["must_not"] = [matching(part) for part in clause.forbidden]
    return {"bool": parts}


def constant(query: Query, score: float) -> Query:
    return {"constant_score": {"filter": query, "boost": score}}


def any_query(parts: list[Query]) -> Query:
    if len(parts) == 1:
        return parts[0]
    return {"bool": {"should": parts}} if parts else NOTHING


def scope(plan: Plan) -> list[Query]:
    """Who may see it and the period."""
    parts = [_visible(plan.visible)]
    if plan.period is not None:
        parts.append({"range": {"period_start": {"lte": plan.period[1]}}})
        parts.append({"range": {"period_end": {"gte": plan.period[0]}}})
    return parts


def facet_filters(plan: Plan, *, but: str | None = None) -> list[Query]:
    return [
        _one_of(facet_field(name), list(values)) if name in FACETS else NOTHING
        for name, values in plan.filters.items()
        if name != but
    ]


def every_filter(parts: Iterable[Query]) -> Query:
    found = list(parts)
    return {"bool": {"filter": found}} if found else {"match_all": {}}


def _every(clause: Every, coarser: int) -> Query:
    """Parts that cannot score are filters, which are cheaper."""
    if clause.at_least is not None and clause.at_least > len(clause.required):
        return NOTHING
    optional = [scored(part, coarser) for part in clause.optional if _scores(part, coarser)]
    counting = [part for part in clause.required if _scores(part, coarser)]
    if clause.at_least is None and clause.required:
        parts: Query = {
            "must": [scored(part, coarser) for part in counting],
            "filter": [matching(part) for part in clause.required if not _scores(part, coarser)],
            "should": optional,
        }
    else:
        parts = {
            "filter": [matching(Every(clause.required, at_least=clause.at_least))],
            "should": [scored(part, coarser) for part in counting] + optional,
        }
    parts["must_not"] = [matching(part) for part in clause.forbidden]
    return {"bool": {name: found for name, found in parts.items() if found}}


def _scores(clause: Clause, coarser: int) -> bool:
    """Can it score at all?"""
    if isinstance(clause, Term):
        return abs(whole(clause.score)) >= coarser
    parts = clause.clauses if isinstance(clause, Best) else (*clause.required, *clause.optional)
    return any(_scores(part, coarser) for part in parts)


def _at_least(parts: list[Query], count: int) -> Query:
    return {"bool": {"should": parts, "minimum_should_match": count}}


def _visible(tokens: frozenset[str]) -> Query:
    if ALL in tokens:
        return {"term": {"kind": "dataset"}}
    return _one_of("visibility", sorted(tokens))


def _one_of(field: str, values: list[str]) -> Query:
    return {"term": {field: values[0]}} if len(values) == 1 else {"terms": {field: values}}
