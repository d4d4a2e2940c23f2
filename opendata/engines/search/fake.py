"""The reference index: plain Python in memory, small enough to be read as the specification."""

import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opendata.base.kit.errors import Conflict
from opendata.engines.search.analysis import streams
from opendata.engines.search.ordering import (
    SCALE,
    comes_after,
    common_before,
    key_end,
    order_key,
    require_cursor,
    sort_of,
    whole,
)
from opendata.engines.search.protocol import (
    ALL,
    Best,
    Clause,
    Every,
    Hit,
    IndexDocument,
    IndexInfo,
    Plan,
    Results,
    Term,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    document: IndexDocument
    tokens: Mapping[str, frozenset[str]]


class MemoryIndex:
    """A `SearchIndex` whose every answer is computed from the documents anew."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._tombstones: dict[str, int] = {}
        self._recorded: list[tuple[list[IndexDocument], list[tuple[str, int]]]] | None = None
        self._generation = 0
        self._lock = threading.RLock()

    def prepare(self) -> None:
        return

    def write(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]] = ()) -> None:
        documents, removed = list(upserts), list(deletes)
        with self._lock:
            if self._recorded is not None:
                self._recorded.append((documents, removed))
            self._apply(documents, removed)
            self._generation += 1

    def search(self, plan: Plan) -> Results:
        with self._lock:
            entries = list(self._entries.values())
            generation = str(self._generation)
        matched = list(_matching(entries, plan))
        counted = [hit for hit in matched if _filtered(hit[0], plan)]
        require_cursor(plan)
        common = common_before(plan) or ""
        ordered = sorted(
            ((_key(entry, plan, score, near=near), score, near, entry) for entry, score, near in counted),
            key=lambda item: item[0],
        )
        exact = sum(not near for _, _, near, _ in ordered)
        page = [
            Hit(
                id=entry.document.id,
                score=score / SCALE if plan.sort == "relevance" else 0.0,
                near=near,
                row=entry.document.row,
                key=(*key, *key_end(plan, place + 1 - exact if near else place + 1, common)),
            )
            for place, (key, score, near, entry) in enumerate(ordered)
            if comes_after(key, plan.after)
        ]
        return Results(
            total=len(ordered),
            total_exact=exact,
            hits=tuple(page[: plan.size]),
            facets={name: _count(name, matched, plan) for name in plan.facets},
            generation=generation,
        )

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        with self._lock:
            entries = list(self._entries.values())
        return len(entries), {
            (stream, token): sum(token in entry.tokens.get(stream, ()) for entry in entries)
            for stream, token in tokens
        }

    def vocabulary(self, stream: str, prefix: str = "", limit: int = 1000) -> Sequence[tuple[str, int]]:
        with self._lock:
            counts = Counter(
                token
                for entry in self._entries.values()
                for token in entry.tokens.get(stream, ())
                if token.startswith(prefix)
            )
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def sequences(self, ids: Collection[str] | None = None) -> Mapping[str, tuple[int, str]]:
        with self._lock:
            return {
                ident: (entry.document.sequence, entry.document.visibility)
                for ident, entry in self._entries.items()
                if ids is None or ident in ids
            }

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        with self._lock:
            if self._recorded is not None:
                raise Conflict
            self._recorded = []
        beside = MemoryIndex()
        beside._tombstones = dict(self._tombstones)  # of its own class
        try:
            beside._apply(list(documents), [])
            with self._lock:
                for upserts, deletes in self._recorded:
                    beside._apply(upserts, deletes)
                self._entries, self._tombstones = beside._entries, beside._tombstones
                self._generation += 1
                return len(self._entries)
        finally:
            self._recorded = None

    def tend(self) -> None:
        return

    def info(self) -> IndexInfo:
        return IndexInfo(documents=len(self._entries), generation=str(self._generation), schema="memory")

    def close(self) -> None:
        return

    def _apply(self, upserts: list[IndexDocument], deletes: list[tuple[str, int]]) -> None:
        for document in upserts:
            if document.sequence >= self._known(document.id):
                held = {stream: frozenset(found) for stream, found in streams(document.text).items()}
                self._entries[document.id] = _Entry(document, held)
                self._tombstones.pop(document.id, None)
        for ident, sequence in deletes:
            if sequence >= self._known(ident):
                self._entries.pop(ident, None)
                self._tombstones[ident] = sequence

    def _known(self, ident: str) -> int:
        entry = self._entries.get(ident)
        return entry.document.sequence if entry else self._tombstones.get(ident, -1)


_Match = tuple[_Entry, int, bool]


def _matching(entries: Iterable[_Entry], plan: Plan) -> Iterator[_Match]:
    """(entry, score, near) for what is visible, in the period and matches `where`; facet filters are
    not applied yet."""
    for entry in entries:
        if not (_visible(entry, plan) and _in_period(entry, plan)):
            continue
        score = 0 if plan.where is None else _score(plan.where, entry)
        if score is None:
            continue
        near = plan.where is not None and plan.exact is not None and _score(plan.exact, entry) is None
        yield entry, score, near


def _score(clause: Clause, entry: _Entry) -> int | None:
    """None when the clause does not match."""
    if isinstance(clause, Term):
        return whole(clause.score) if clause.token in entry.tokens.get(clause.stream, ()) else None
    if isinstance(clause, Best):
        found = [score for part in clause.clauses if (score := _score(part, entry)) is not None]
        return max(found) if found else None
    return _score_every(clause, entry)


def _score_every(clause: Every, entry: _Entry) -> int | None:
    if any(_score(part, entry) is not None for part in clause.forbidden):
        return None
    required = [score for part in clause.required if (score := _score(part, entry)) is not None]
    needed = len(clause.required) if clause.at_least is None else clause.at_least
    if len(required) < needed:
        return None
    return sum(required) + sum(_score(part, entry) or 0 for part in clause.optional)


def _visible(entry: _Entry, plan: Plan) -> bool:
    return ALL in plan.visible or entry.document.visibility in plan.visible


def _in_period(entry: _Entry, plan: Plan) -> bool:
    held = entry.document.period
    if plan.period is None or held is None:
        return True
    return held[0] <= plan.period[1] and held[1] >= plan.period[0]


def _filtered(entry: _Entry, plan: Plan, *, but: str | None = None) -> bool:
    return all(
        name == but or set(values) & set(entry.document.facets.get(name, ()))
        for name, values in plan.filters.items()
    )


def _key(entry: _Entry, plan: Plan, score: int, *, near: bool) -> tuple[Any, ...]:
    return order_key(sort_of(plan), entry.document.sort, entry.document.id, near=near, score=score)


def _count(name: str, matched: Iterable[_Match], plan: Plan) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = defaultdict(int)
    for entry, _, _ in matched:
        if _filtered(entry, plan, but=name):
            for value in set(entry.document.facets.get(name, ())):
                counts[value] += 1
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: plan.facet_size])
