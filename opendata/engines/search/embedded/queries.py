"""Clauses to tantivy queries. Every score is a whole number, so that 32-bit sums stay exact."""

from collections.abc import Iterable

from tantivy import FieldType, Occur, Query, Schema, SearchResult

from opendata.engines.search.embedded.schema import LARGEST, UNBOUNDED, facet_field, stream_field
from opendata.engines.search.ordering import whole
from opendata.engines.search.protocol import ALL, Best, Clause, Every, Plan, Term


class QueryBuilder:
    """`scored` ranks, `matching` only counts: it leaves out all that cannot change what matches."""

    def __init__(self, schema: Schema, fields: frozenset[str]) -> None:
        self._schema = schema
        self._fields = fields

    def scored(self, clause: Clause, coarser: int = 1) -> Query:
        """Scores in ten-thousandths divided by `coarser`."""
        if isinstance(clause, Term):
            return Query.const_score_query(self._term(clause), float(whole(clause.score) // coarser))
        if isinstance(clause, Best):
            alternatives = [self.scored(part, coarser) for part in clause.clauses]
            return Query.disjunction_max_query(alternatives) if alternatives else Query.empty_query()
        required = [self.scored(part, coarser) for part in clause.required]
        optional = [self.scored(part, coarser) for part in clause.optional]
        return self._every(clause, required, optional)

    def matching(self, clause: Clause) -> Query:
        if isinstance(clause, Term):
            return self._term(clause)
        if isinstance(clause, Best):
            parts = [(Occur.Should, self.matching(part)) for part in clause.clauses]
            return Query.boolean_query(parts) if parts else Query.empty_query()
        return self._every(clause, [self.matching(part) for part in clause.required], [])

    def scope(self, plan: Plan, *, but_facet: str | None = None) -> list[Query]:
        """Who may see it, the period and the facet filters, but that of one facet."""
        parts = [self._visible(plan.visible)]
        if plan.period is not None:
            parts.append(self._between("period_start", -UNBOUNDED, plan.period[1]))
            parts.append(self._between("period_end", plan.period[0], UNBOUNDED))
        parts.extend(
            self._any_of(facet_field(name), values)
            for name, values in plan.filters.items()
            if name != but_facet
        )
        return parts

    def not_behind(self, newest: int, id_rank: int) -> Query:
        """Documents whose tie-break is not behind the given one."""
        same_day = conjunction(
            [self._between("newest", newest, newest), self._between("id_rank", 0, id_rank)]
        )
        if newest >= LARGEST:
            return same_day
        newer = self._between("newest", newest + 1, LARGEST)
        return Query.boolean_query([(Occur.Should, newer), (Occur.Should, same_day)])

    def datasets(self) -> Query:
        return Query.term_query(self._schema, "kind", "dataset", "basic")

    def tombstones(self) -> Query:
        return Query.term_query(self._schema, "kind", "tombstone", "basic")

    def ids(self, idents: Iterable[str]) -> Query:
        return self._any_of("id", tuple(idents))

    def stream_term(self, stream: str, token: str) -> Query:
        return Query.term_query(self._schema, stream_field(stream), token, "basic")

    def _term(self, clause: Term) -> Query:
        if stream_field(clause.stream) not in self._fields or not clause.token:
            return Query.empty_query()
        return self.stream_term(clause.stream, clause.token)

    def _every(self, clause: Every, required: list[Query], optional: list[Query]) -> Query:
        parts: list[tuple[Occur, Query]] = [(Occur.Should, part) for part in optional]
        if not required or clause.at_least == 0:
            parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
            parts.extend((Occur.Should, part) for part in required)
        elif clause.at_least is None:
            parts.extend((Occur.Must, part) for part in required)
        else:
            some = [(Occur.Should, part) for part in required]
            parts.append((Occur.Must, Query.boolean_query(some, clause.at_least)))
        parts.extend((Occur.MustNot, self.matching(part)) for part in clause.forbidden)
        return Query.boolean_query(parts)

    def _visible(self, tokens: frozenset[str]) -> Query:
        return self.datasets() if ALL in tokens else self._any_of("visibility", tuple(sorted(tokens)))

    def _any_of(self, name: str, values: tuple[str, ...]) -> Query:
        if name not in self._fields:
            return Query.empty_query()
        if len(values) == 1:
            return Query.term_query(self._schema, name, values[0], "basic")
        return Query.term_set_query(self._schema, name, list(values)) if values else Query.empty_query()

    def _between(self, name: str, low: int, high: int) -> Query:
        return Query.range_query(self._schema, name, FieldType.Integer, low, high)


def conjunction(scoreless: Iterable[Query], scored: Query | None = None) -> Query:
    parts = [(Occur.Must, Query.const_score_query(part, 0.0)) for part in scoreless]
    if scored is not None:
        parts.append((Occur.Must, scored))
    return Query.boolean_query(parts)


def count_of(found: SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # missing from the library's stub
    return count


def without(query: Query, refused: Query) -> Query:
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, refused)])
