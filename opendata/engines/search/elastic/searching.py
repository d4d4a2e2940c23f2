"""A plan as one request, and the answer as results."""

from collections.abc import Mapping, Sequence
from typing import Any

from opendata.engines.search.elastic import queries
from opendata.engines.search.elastic.queries import Query
from opendata.engines.search.elastic.schema import facet_field, read_row
from opendata.engines.search.ordering import (
    EXACT_SUM,
    SCALE,
    coarseness,
    key_end,
    order_key,
    sort_of,
)
from opendata.engines.search.protocol import FACETS, Clause, Hit, Plan, Results

_MANY_VALUES = 10_000
"""Values each shard of several reports, so that their sums are right."""

Counts = tuple[tuple[str, int], ...]


class Request:
    """Facets count under the filters of the others; where a facet has a filter of its own, the filters
    therefore stand behind the query and each count names its own.

    `scoring`: what scores, where that is less than `plan.where`; it matches the same. `common`: what the
    keys of hits tell of common terms.
    """

    def __init__(
        self, plan: Plan, *, scoring: Clause | None = None, common: str = "", shards: int = 1
    ) -> None:
        self.plan = plan
        self._common = common
        self._scoring = scoring or plan.where
        self._shards = shards
        self._sort = sort_of(plan)
        self._coarser = coarseness(plan.where) if plan.where is not None else 1
        self._near = plan.where is not None and plan.exact is not None
        self._split = any(name in plan.filters for name in plan.facets)

    def body(self) -> dict[str, Any]:
        plan = self.plan
        found: dict[str, Any] = {
            "query": self._query(),
            "size": plan.size,
            "track_total_hits": True,
            "sort": self._order(),
            "_source": False,
            "stored_fields": ["row"],
            "aggs": self._counts(),
        }
        if self._split:
            found["post_filter"] = queries.every_filter(queries.facet_filters(plan))
        if plan.after is not None:
            found["search_after"] = self._cursor(plan.after)
        return found

    def results(self, answer: Mapping[str, Any], generation: str) -> Results:
        total = answer["hits"]["total"]["value"]
        counted = answer.get("aggregations", {})
        kept = counted.get("kept", {}) if self._split else counted
        return Results(
            total=total,
            total_exact=kept["exact"]["doc_count"] if self._near else total,
            hits=self._hits(answer["hits"]["hits"]),
            facets={name: self._values(counted, kept, name) for name in self.plan.facets},
            generation=generation,
        )

    # --- asking ------------------------------------------------------------------------------------

    def _query(self) -> Query:
        plan = self.plan
        filters = queries.scope(plan)
        if not self._split:
            filters += queries.facet_filters(plan)
        parts: Query = {"filter": filters}
        if self._scoring is not None and self._sort == "relevance":
            parts["must"] = [queries.scored(self._scoring, self._coarser)]
        elif plan.where is not None:
            filters.append(queries.matching(plan.where))
        if self._near and plan.exact is not None:
            parts["should"] = [queries.constant(queries.matching(plan.exact), EXACT_SUM)]
        return {"bool": parts}

    def _order(self) -> list[Query]:
        """The score alone tells exact from near, by a mark above all sums."""
        field = {"title": [{"title_key": "asc"}], "popularity": [{"popularity": "desc"}]}
        scored: list[Query] = [{"_score": "desc"}] if self._near or self._sort == "relevance" else []
        return [*scored, *field.get(self._sort, []), {"newest": "desc"}, {"id": "asc"}]

    def _cursor(self, key: Sequence[Any]) -> list[Any]:
        """The sort values of the hit whose public key this is."""
        mark = EXACT_SUM if self._near and not key[0] else 0
        if self._sort == "relevance":
            _near, score, newest, ident, _common, _place = key
            return [mark + -score // self._coarser, -newest, ident]
        _near, *values, ident, _place = key
        negated = [value if isinstance(value, str) else -value for value in values]
        return [*([mark] if self._near else []), *negated, ident]

    def _counts(self) -> dict[str, Any]:
        plan = self.plan
        kept = {name: self._terms(name) for name in plan.facets if self._is_open(name)}
        if self._near and plan.exact is not None:
            kept["exact"] = {"filter": queries.matching(plan.exact)}
        if not self._split:
            return kept
        counts: dict[str, Any] = {
            f"facet_{name}": {
                "filter": queries.every_filter(queries.facet_filters(plan, but=name)),
                "aggs": {name: self._terms(name)},
            }
            for name in plan.facets
            if name in FACETS and not self._is_open(name)
        }
        if kept:
            filters = queries.every_filter(queries.facet_filters(plan))
            counts["kept"] = {"filter": filters, "aggs": kept}
        return counts

    def _is_open(self, name: str) -> bool:
        return name in FACETS and name not in self.plan.filters

    def _terms(self, name: str) -> Query:
        terms: dict[str, Any] = {
            "field": facet_field(name),
            "size": self.plan.facet_size,
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        }
        if self._shards > 1:
            terms["shard_size"] = _MANY_VALUES
        return {"terms": terms}

    # --- reading -----------------------------------------------------------------------------------

    def _values(self, counted: Mapping[str, Any], kept: Mapping[str, Any], name: str) -> Counts:
        if name not in FACETS:
            return ()
        held = kept if self._is_open(name) else counted[f"facet_{name}"]
        return tuple((bucket["key"], bucket["doc_count"]) for bucket in held[name]["buckets"])

    def _hits(self, found: Sequence[Mapping[str, Any]]) -> tuple[Hit, ...]:
        """Places go on from those of the page before, each group by itself."""
        after = self.plan.after
        places = {False: 0, True: 0}
        if after is not None:
            places[bool(after[0])] = int(after[-1])
        hits = []
        for item in found:
            near, score, values = self._read_order(item["sort"])
            places[near] += 1
            ident = item["_id"]
            key = order_key(self._sort, values, ident, near=near, score=score)
            hits.append(
                Hit(
                    id=ident,
                    score=score / SCALE,
                    near=near,
                    row=read_row(item["fields"]["row"][0]),
                    key=(*key, *key_end(self.plan, places[near], self._common)),
                )
            )
        return tuple(hits)

    def _read_order(self, values: Sequence[Any]) -> tuple[bool, int, dict[str, int | str]]:
        """(near, score, sort values) from the values a hit was sorted by."""
        *head, newest, _ = values
        sorts: dict[str, int | str] = {"newest": newest}
        near, score = False, 0
        if self._near or self._sort == "relevance":
            score = int(head.pop(0))
            near = self._near and score < EXACT_SUM
            score = (score - (EXACT_SUM if self._near and not near else 0)) * self._coarser
        if head:
            sorts[self._sort] = head[0]
        return near, score, sorts
