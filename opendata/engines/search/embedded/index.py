"""The search index of embedded mode, on tantivy: any number of processes on one folder."""

import os
import threading
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy

from opendata.base.kit.errors import Unavailable
from opendata.engines.search.caching import Cache
from opendata.engines.search.embedded import ranking
from opendata.engines.search.embedded.generation import Generation, Snapshot
from opendata.engines.search.embedded.queries import conjunction, count_of, without
from opendata.engines.search.embedded.schema import (
    ORDERS,
    facet_field,
    order_field,
    schema_hash,
    stream_field,
)
from opendata.engines.search.embedded.store import Store, grouped
from opendata.engines.search.ordering import coarseness, common_before, key_end, require_cursor, sort_of
from opendata.engines.search.protocol import (
    Clause,
    Expects,
    Hit,
    IndexDocument,
    IndexInfo,
    IndexLost,
    Plan,
    Results,
    nothing,
)
from opendata.engines.search.telling import bound, judged

_MANY_VALUES = 65_000
_SPARE = 20
_RETRIES = 5

Counts = Mapping[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Hits of one rank: those that satisfy `Plan.exact`, then the others. `common` is what their keys tell of
    common terms."""

    query: tantivy.Query
    near: bool
    common: str


class EmbeddedIndex:
    """`wait`: seconds a write waits for another writer before it raises `Unavailable`."""

    def __init__(
        self, folder: Path, *, wait: float = 30.0, cached_pages: int = 256, expects: Expects = nothing
    ) -> None:
        self._store = Store(folder, wait=wait, expects=expects)
        self._lock = threading.RLock()
        self._live: Generation | None = None
        self._snapshot: Snapshot | None = None
        self._seen: Hashable = None
        self._pages: Cache[Results] = Cache(cached_pages)
        self._counts: Cache[tuple[int, Counts]] = Cache(4 * cached_pages)
        self._frequencies: Cache[int] = Cache(100_000)
        self._vocabularies: Cache[Sequence[tuple[str, int]]] = Cache(64)

    def prepare(self) -> None:
        with _engine_faults():
            self._generation()

    def write(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]] = ()) -> None:
        documents, removed = list(upserts), list(deletes)
        if not documents and not removed:
            return
        with _engine_faults(), self._writing():
            self._store.record(documents, removed)
            self._generation().apply(documents, removed)

    def search(self, plan: Plan) -> Results:
        with _engine_faults():
            snapshot = self._current()
            key = (snapshot.generation, plan.cache_key())
            return self._pages.get(key, lambda: self._search(snapshot, plan))

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        with _engine_faults():
            snapshot = self._current()
            return snapshot.documents, {pair: self._frequency(snapshot, *pair) for pair in tokens}

    def vocabulary(self, stream: str, prefix: str = "", limit: int = 1000) -> Sequence[tuple[str, int]]:
        with _engine_faults():
            snapshot = self._current()
            if stream_field(stream) not in snapshot.fields:
                return []
            live_only = tantivy.Query.all_query() if snapshot.has_deletes else None
            return self._vocabularies.get(
                (snapshot.generation, stream, prefix, limit),
                lambda: snapshot.searcher.terms_with_prefix(stream_field(stream), prefix, live_only, limit),
            )

    def sequences(self, ids: Collection[str] | None = None) -> Mapping[str, tuple[int, str]]:
        with _engine_faults():
            return self._current().live_sequences(ids)

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        with _engine_faults(), self._store.rebuilding():
            lost = self._is_lost()
            with self._store.writing():
                self._store.start_journal()
                tombstones = {} if lost else self._generation().snapshot().tombstones()
            fresh = self._store.beside()
            fresh.fill(documents, tombstones)
            with self._store.writing():
                fresh.apply(*grouped(self._store.recorded()))
                self._store.swap(fresh)
                self._store.end_journal()
            return self._current().documents

    def tend(self) -> None:
        """The next write and the next rebuild do it."""

    def info(self) -> IndexInfo:
        with _engine_faults():
            snapshot = self._current()
            schema = self._generation().schema
            return IndexInfo(
                documents=snapshot.documents,
                generation=snapshot.generation,
                schema=schema,
                outdated=schema != schema_hash(),
            )

    def close(self) -> None:
        with self._lock:
            self._live = self._snapshot = self._seen = None
            for cache in (self._pages, self._counts, self._frequencies, self._vocabularies):
                cache.clear()

    # --- the live generation ---------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._generation()  # making the first one takes the lock by itself
        with self._store.writing():
            yield

    def _is_lost(self) -> bool:
        try:
            self._generation()
        except IndexLost:
            return True
        return False

    def _generation(self) -> Generation:
        """The live generation, opened anew when another process swapped it. Raises `IndexLost`."""
        with self._lock:
            name = self._store.live_folder()
            if self._live is None or self._live.folder.name != name:
                self._live = self._store.open_live()
                self._seen = None
            return self._live

    def _current(self) -> Snapshot:
        """The newest commit. Two file stats when nothing changed."""
        with self._lock:
            for _ in range(_RETRIES):
                state = self._state()
                if self._snapshot is not None and state is not None and state == self._seen:
                    return self._snapshot
                try:
                    live = self._generation()
                    state = self._state()  # before the snapshot: a commit meanwhile is seen at the next look
                    self._snapshot = live.snapshot()
                except (OSError, ValueError):
                    self._live = None  # it was swapped and removed while we opened it
                    continue
                if self._generation() is live:
                    self._seen = state
                    return self._snapshot
            raise Unavailable

    def _state(self) -> Hashable:
        if self._live is None:
            return None
        try:
            pointer = self._store.pointer.stat()
            meta = os.stat(self._live.folder / "meta.json")  # noqa: PTH116  # on every search
        except FileNotFoundError:
            return None
        return (pointer.st_ino, pointer.st_mtime_ns, meta.st_ino, meta.st_mtime_ns)

    # --- searching -------------------------------------------------------------------------------

    def _search(self, snapshot: Snapshot, plan: Plan) -> Results:
        require_cursor(plan)
        scoring, common = self._scoring(snapshot, plan)
        groups, coarser = _groups(snapshot, plan, scoring, common)
        hits, totals = self._page(snapshot, plan, groups, coarser)
        total, counts = self._count(snapshot, plan)
        return Results(
            total=total,
            total_exact=totals.get(False, total),
            hits=tuple(hits),
            facets=counts,
            generation=snapshot.generation,
        )

    def _scoring(self, snapshot: Snapshot, plan: Plan) -> tuple[Clause | None, str]:
        before = common_before(plan)
        most = bound(snapshot.documents, before)

        def frequency(stream: str, token: str) -> int:
            held = self._frequency_with_deleted(snapshot, stream, token)
            return self._frequency(snapshot, stream, token) if held > most else held

        return judged(plan.where, frequency, most, before) if plan.where is not None else (None, "")

    def _page(
        self, snapshot: Snapshot, plan: Plan, groups: Sequence[_Group], coarser: int
    ) -> tuple[list[Hit], dict[bool, int]]:
        """(hits of the page, number of hits by group as far as they were needed)."""
        hits: list[Hit] = []
        totals: dict[bool, int] = {}
        for group in groups:
            passed = plan.after is not None and bool(plan.after[0]) != group.near
            missing = plan.size - len(hits)
            if passed and not group.near:
                totals[False] = _count_all(snapshot, group.query)
            elif missing > 0 or not group.near:
                found, totals[group.near] = _ranked(snapshot, plan, group, max(missing, 0), coarser)
                hits += found
        return hits, totals

    def _count(self, snapshot: Snapshot, plan: Plan) -> tuple[int, Counts]:
        """(number of hits, facet counts), which are the same on every page and in every order."""
        filters = tuple(sorted((name, tuple(sorted(values))) for name, values in plan.filters.items()))
        scope = (plan.visible, filters, plan.period, plan.facets, plan.facet_size)
        return self._counts.get((snapshot.generation, plan.where, scope), lambda: _counted(snapshot, plan))

    def _frequency_with_deleted(self, snapshot: Snapshot, stream: str, token: str) -> int:
        if stream_field(stream) not in snapshot.fields or not token:
            return 0
        return snapshot.searcher.doc_freq(stream_field(stream), token)

    def _frequency(self, snapshot: Snapshot, stream: str, token: str) -> int:
        held = self._frequency_with_deleted(snapshot, stream, token)
        if not held or not snapshot.has_deletes:
            return held
        query = snapshot.queries.stream_term(stream, token)
        return self._frequencies.get(
            (snapshot.generation, stream, token), lambda: _count_all(snapshot, query)
        )


def _groups(snapshot: Snapshot, plan: Plan, scoring: Clause | None, common: str) -> tuple[list[_Group], int]:
    """Hit groups in order, and the divisor their scores carry. `scoring` matches what `plan.where` does."""
    scope = snapshot.queries.scope(plan)
    if plan.where is None or scoring is None:
        return [_Group(conjunction(scope), near=False, common=common)], 1
    coarser = coarseness(plan.where)
    where = conjunction(scope, snapshot.queries.scored(scoring, coarser))
    if plan.exact is None:
        return [_Group(where, near=False, common=common)], coarser
    exact = snapshot.queries.matching(plan.exact)
    return [
        _Group(conjunction([exact], where), near=False, common=common),
        _Group(without(where, exact), near=True, common=common),
    ], coarser


def _ranked(snapshot: Snapshot, plan: Plan, group: _Group, size: int, coarser: int) -> tuple[list[Hit], int]:
    """(up to `size` hits behind the cursor, number of all hits of the group)."""
    after = plan.after if plan.after is not None and bool(plan.after[0]) == group.near else None
    want = size + (int(after[-1]) + _SPARE if after else 0)
    while True:
        ranked, total = _first(snapshot, plan, group, max(want, 1), coarser)
        behind = [
            (place + 1, item)
            for place, item in enumerate(ranked)
            if item.stands_behind(snapshot, after, near=group.near)
        ]
        if len(behind) >= size or len(ranked) >= total:
            break
        want = 4 * max(want, size)
    hits = [
        ranking.read_hit(snapshot, item, near=group.near, end=key_end(plan, place, group.common))
        for place, item in behind[:size]
    ]
    return hits, total


def _first(
    snapshot: Snapshot, plan: Plan, group: _Group, want: int, coarser: int
) -> tuple[list[ranking.Ranked], int]:
    sort = sort_of(plan)
    if sort in ORDERS:
        sort = sort if order_field(sort) in snapshot.fields else "newest"
        return ranking.by_field(snapshot, group.query, want, near=group.near, sort=sort)
    return ranking.by_score(snapshot, group.query, want, coarser=coarser)


def _counted(snapshot: Snapshot, plan: Plan) -> tuple[int, Counts]:
    """One pass for the total and all facets without a filter of their own, one more for each with."""
    open_facets = [
        name for name in plan.facets if facet_field(name) in snapshot.fields and name not in plan.filters
    ]
    total, counts = _pass(snapshot, plan, open_facets)
    for name in plan.facets:
        if facet_field(name) in snapshot.fields and name in plan.filters:
            counts |= _pass(snapshot, plan, [name], but_facet=name)[1]
    return total, {name: counts.get(name, ()) for name in plan.facets}


def _pass(
    snapshot: Snapshot, plan: Plan, facets: Sequence[str], *, but_facet: str | None = None
) -> tuple[int, dict[str, tuple[tuple[str, int], ...]]]:
    matching = [snapshot.queries.matching(plan.where)] if plan.where is not None else []
    query = conjunction([*matching, *snapshot.queries.scope(plan, but_facet=but_facet)])
    if not facets:
        return _count_all(snapshot, query), {}
    asked: dict[str, object] = {
        name: {
            "terms": {
                "field": facet_field(name),
                "size": plan.facet_size,
                "segment_size": _MANY_VALUES,
            }
        }
        for name in facets
    }
    asked["total"] = {"value_count": {"field": "newest"}}
    answer = snapshot.searcher.aggregate(query, asked)
    counts = {
        name: tuple((bucket["key"], bucket["doc_count"]) for bucket in answer[name]["buckets"])
        for name in facets
    }
    return int(answer["total"]["value"]), counts


def _count_all(snapshot: Snapshot, query: tantivy.Query) -> int:
    return count_of(snapshot.searcher.search(query, limit=1))


@contextmanager
def _engine_faults() -> Iterator[None]:
    """The library's faults (a full disk, a damaged file) as ours."""
    try:
        yield
    except (OSError, ValueError, SystemError) as error:
        raise Unavailable from error
