"""The first hits in exact order.

tantivy ranks by score and leaves equal scores in the order of its segments. Each segment is sorted by
the tie-break, so a tie that runs over the end of a page is settled by asking again for what is not
behind the last tied hit of the first answer: that names the few candidates of the other segments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson
import tantivy

from opendata.engines.search.embedded import schema as fields
from opendata.engines.search.embedded.generation import Snapshot
from opendata.engines.search.embedded.queries import conjunction, count_of
from opendata.engines.search.ordering import SCALE, comes_after, number, order_key
from opendata.engines.search.protocol import Hit

_SPARE = 40


@dataclass(frozen=True, slots=True)
class Candidate:
    score: int
    newest: int
    id_rank: int
    address: tantivy.DocAddress

    @property
    def order(self) -> tuple[int, int, int]:
        return (-self.score, -self.newest, self.id_rank)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hit in its place. `ident` is None while it need not be known; `key` is then not to be asked."""

    score: int
    newest: int
    address: tantivy.DocAddress
    ident: str | None = None
    order: tuple[Any, ...] = ()

    def stands_behind(self, snapshot: Snapshot, after: Sequence[Any] | None, *, near: bool) -> bool:
        """Behind the hit with the public key `after`? Reads the id only where it decides."""
        if after is None:
            return True
        cursor, mine = tuple(after[1:3]), (-self.score, -self.newest)
        if not self.order and all(type(part) is int for part in cursor) and mine != cursor:
            return mine > cursor
        return comes_after(self.key(snapshot, near=near), after)

    def key(self, snapshot: Snapshot, *, near: bool) -> tuple[Any, ...]:
        """That of `ordering.order_key`."""
        if self.order:
            return self.order
        ident = self.ident or stored_id(snapshot, self.address)
        return order_key("relevance", {"newest": self.newest}, ident, near=near, score=self.score)


def by_score(
    snapshot: Snapshot, query: tantivy.Query, want: int, *, coarser: int
) -> tuple[list[Ranked], int]:
    """(the first `want` hits, number of all hits)."""
    found = snapshot.searcher.search(query, limit=want + _SPARE, count=True)
    total = count_of(found)
    candidates = _candidates(snapshot, found.hits)
    if total > len(candidates):
        candidates = _settle_ties(snapshot, query, candidates, want)
    ordered = _settle_equal_ranks(snapshot, sorted(candidates, key=attrgetter("order")))
    return [Ranked(each.score * coarser, each.newest, each.address) for each in ordered[:want]], total


def by_field(
    snapshot: Snapshot, query: tantivy.Query, want: int, *, near: bool, sort: str
) -> tuple[list[Ranked], int]:
    """(the first `want` hits in the order of a sort field, number of all hits)."""
    found = snapshot.searcher.search(
        query,
        limit=want,
        count=True,
        order_by_field=fields.order_field(sort),
        order=tantivy.Order.Asc,
    )
    ranked = []
    for value, address in found.hits:
        sorts, ident = fields.read_order(sort, value)
        key = order_key(sort, sorts, ident, near=near, score=0)
        ranked.append(Ranked(0, number(sorts, "newest"), address, ident, key))
    return ranked, count_of(found)


def read_hit(snapshot: Snapshot, ranked: Ranked, *, near: bool, end: tuple[Any, ...]) -> Hit:
    """`end` is that of its public key."""
    stored = snapshot.searcher.doc(ranked.address)
    row: Mapping[str, Any] = orjson.loads(bytes(stored.get_first("row") or b"{}"))
    known = replace(ranked, ident=str(stored.get_first("id")))
    return Hit(
        id=str(known.ident),
        score=ranked.score / SCALE,
        near=near,
        row=row,
        key=(*known.key(snapshot, near=near), *end),
    )


def stored_id(snapshot: Snapshot, address: tantivy.DocAddress) -> str:
    return str(snapshot.searcher.doc(address).get_first("id"))


def _settle_ties(
    snapshot: Snapshot, query: tantivy.Query, first: list[Candidate], want: int
) -> list[Candidate]:
    """All candidates for the first `want` places, given the best of more hits by score alone."""
    boundary = first[-1].score
    above = [candidate for candidate in first if candidate.score > boundary]
    if len(above) >= want:
        return above
    missing = want - len(above)
    tied = [candidate for candidate in first if candidate.score == boundary]
    limit = 4 * len(first)
    while True:
        worst = sorted(tied, key=attrgetter("order"))[missing - 1]
        narrowed = conjunction([snapshot.queries.not_behind(worst.newest, worst.id_rank)], query)
        found = snapshot.searcher.search(narrowed, limit=limit, count=True)
        seen = _candidates(snapshot, found.hits)
        tied = [candidate for candidate in seen if candidate.score == boundary]
        if count_of(found) <= len(seen) or seen[-1].score < boundary:
            return above + tied
        limit *= 4
        if len(tied) < missing:
            tied = [candidate for candidate in first if candidate.score == boundary]


def _candidates(snapshot: Snapshot, hits: Sequence[tuple[Any, tantivy.DocAddress]]) -> list[Candidate]:
    addresses = [address for _, address in hits]
    newest = snapshot.searcher.fast_field_values("newest", addresses)
    id_ranks = snapshot.searcher.fast_field_values("id_rank", addresses)
    return [
        Candidate(round(score), int(day or 0), int(rank or 0), address)
        for (score, address), day, rank in zip(hits, newest, id_ranks, strict=True)
    ]


def _settle_equal_ranks(snapshot: Snapshot, ordered: list[Candidate]) -> list[Candidate]:
    settled: list[Candidate] = []
    for _, group in groupby(ordered, key=attrgetter("order")):
        members = list(group)
        if len(members) > 1:
            members.sort(key=lambda member: stored_id(snapshot, member.address))
        settled += members
    return settled
