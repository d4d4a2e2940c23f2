"""The search index of scaled mode: any number of processes on one cluster."""

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, NotFoundError

from opendata.base.kit.errors import Unavailable
from opendata.engines.search.caching import Cache
from opendata.engines.search.elastic import scanning, statistics
from opendata.engines.search.elastic.address import Address
from opendata.engines.search.elastic.bulk import MissingIndex, send_all
from opendata.engines.search.elastic.connection import Connection
from opendata.engines.search.elastic.generations import Generations
from opendata.engines.search.elastic.schema import delete_lines, schema_hash, upsert_lines
from opendata.engines.search.elastic.searching import Request
from opendata.engines.search.ordering import common_before, require_cursor
from opendata.engines.search.protocol import (
    DocumentsRefused,
    Expects,
    IndexDocument,
    IndexInfo,
    IndexLost,
    Plan,
    Results,
    nothing,
)
from opendata.engines.search.telling import bound, judged, undecided

T = TypeVar("T")
log = structlog.get_logger(__name__)

_BULKS_AT_ONCE = 2
_FEW = 50
"""Documents of a change that somebody waits for, not of a harvest."""
_A_FEW, _FEW_OF = 10, 100
"""Documents that may be refused by a rebuild: this many, or one of so many."""
_STATE: dict[str, Any] = {
    "size": 0,
    "track_total_hits": True,
    "aggs": {
        "index": {"terms": {"field": "_index", "size": 2}},
        "changes": {"sum": {"field": "_seq_no"}},
        "datasets": {"filter": {"term": {"kind": "dataset"}}},
    },
}
"""Kept by the cluster until its next refresh. The sum of the last change of every document grows with each
change that can be seen, on any number of shards."""


@dataclass(frozen=True, slots=True)
class State:
    index: str
    generation: str
    documents: int


class ElasticIndex:
    """`seen_within`: seconds within which changes of other processes are seen; own ones at once."""

    def __init__(
        self,
        address: Address,
        *,
        seen_within: float = 0.1,
        cached_pages: int = 512,
        expects: Expects = nothing,
    ) -> None:
        self._address = address
        self._connection = Connection(address)
        self._generations = Generations(self._connection.writing, address, expects)
        # the same, for what a reader or a change waits for
        self._at_hand = Generations(self._connection.applying, address, expects)
        self._prepared = False
        self._seen_within = seen_within
        # the same copy of a shard for all requests of this process, so that none looks back in time
        self._preference = _new_preference()
        self._state: State | None = None
        self._state_until = 0.0
        self._changes = 0
        self._lock = threading.Lock()
        self._pages: Cache[Results] = Cache(cached_pages)
        self._vocabularies: Cache[Sequence[tuple[str, int]]] = Cache(256)
        self._frequencies = statistics.Frequencies()

    def prepare(self) -> None:
        if not self._prepared:
            with self._connection.guarded():
                self._at_hand.ensure()
            self._prepared = True

    def write(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]] = ()) -> None:
        """Raises `DocumentsRefused` after all others are written."""
        lines = [upsert_lines(document) for document in upserts]
        lines += [delete_lines(ident, sequence) for ident, sequence in deletes]
        if lines:
            self._answered(lambda: self._write(lines))

    def search(self, plan: Plan) -> Results:
        return self._answered(lambda: self._search(plan))

    def request(self, plan: Plan) -> Request:
        """What the cluster is asked for a plan; for those who measure."""
        return self._answered(lambda: self._request(plan, self._current()))

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        pairs = list(tokens)
        return self._answered(lambda: self._statistics(pairs))

    def vocabulary(self, stream: str, prefix: str = "", limit: int = 1000) -> Sequence[tuple[str, int]]:
        return self._answered(lambda: self._vocabulary(stream, prefix, limit))

    def sequences(self, ids: Collection[str] | None = None) -> Mapping[str, tuple[int, str]]:
        client = self._connection.writing  # takes longer than a search may
        return self._answered(lambda: dict(scanning.sequences(client, self._generations.live, ids)))

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        with self._connection.guarded():
            try:
                return self._rebuild(documents)
            except NotFoundError as error:  # another rebuild or an operator removed its index
                raise Unavailable from error

    def info(self) -> IndexInfo:
        state, schema = self._answered(self._current_with_schema)
        return IndexInfo(
            documents=state.documents,
            generation=state.generation,
            schema=schema,
            outdated=schema != schema_hash(),
        )

    def describe(self) -> str:
        """Version, nodes and colour of the cluster, for operators."""
        with self._connection.guarded():
            client = self._connection.reading
            nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"].values()
            status = client.cluster.health(filter_path="status")["status"]
        versions = " ".join(sorted({node["version"] for node in nodes}))
        return f"Elasticsearch {versions}, {len(nodes)} × {status}"

    def copies(self) -> str:
        """Whether all copies of the live index are there: `all`, `some` (it is whole, but the loss of a node
        would cost) or `lost` (a part of it cannot be searched)."""
        with self._connection.guarded():
            health = self._connection.reading.cluster.health(
                index=self._generations.live, filter_path="status", timeout="0s"
            )
        return {"green": "all", "yellow": "some"}.get(health["status"], "lost")

    def tend(self) -> None:
        """An index that a killed rebuild left takes every write a second time, has no copy, and its failure
        costs writes."""
        with self._connection.guarded():
            self._at_hand.give_up_left()

    def rebuilding(self) -> str:
        """Whether an index is being filled beside the live one: `no`, `yes`, or `left` by one that died."""
        with self._connection.guarded():
            return "left" if self._at_hand.left() else "yes" if self._at_hand.is_building() else "no"

    def close(self) -> None:
        self._connection.close()

    # --- reading -----------------------------------------------------------------------------------

    def _answered(self, ask: Callable[[], T]) -> T:
        """The answer; where no index is there, one is made first, or `IndexLost` raised."""
        with self._connection.guarded():
            try:
                return ask()
            except (NotFoundError, MissingIndex):
                self._at_hand.ensure()
                try:
                    return ask()
                except MissingIndex as error:
                    raise Unavailable from error

    def _search(self, plan: Plan) -> Results:
        state = self._current()  # before the search: what it answers is never older than this

        def compute() -> Results:
            request = self._request(plan, state)
            return request.results(self._ask(request.body()), state.generation)

        return self._pages.get((state.generation, plan.cache_key()), compute)

    def _request(self, plan: Plan, state: State) -> Request:
        require_cursor(plan)
        before = common_before(plan)
        most = bound(state.documents, before)
        if plan.where is None or plan.sort != "relevance" or (state.documents <= most and not before):
            return Request(plan, shards=self._address.shards)
        wanted = undecided(plan.where, before)
        nothing_more = state.documents <= most
        held = {} if nothing_more else self._frequencies.up_to(most, wanted, state.generation, self._ask)
        scoring, common = judged(plan.where, lambda *pair: held.get(pair, 1), most, before)
        return Request(plan, scoring=scoring, common=common, shards=self._address.shards)

    def _statistics(self, pairs: Sequence[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        state = self._current()
        return state.documents, self._frequencies.of(pairs, state.generation, self._ask)

    def _vocabulary(self, stream: str, prefix: str, limit: int) -> Sequence[tuple[str, int]]:
        state = self._current()
        key = (state.generation, stream, prefix, limit)
        return self._vocabularies.get(key, lambda: statistics.vocabulary(stream, prefix, limit, self._ask))

    def _current_with_schema(self) -> tuple[State, str]:
        """An index without any document is not named by what it answers."""
        state = self._current()
        return state, self._at_hand.schema_of(state.index or self._at_hand.live_index())

    def _current(self) -> State:
        state, until = self._state, self._state_until
        if state is not None and time.monotonic() < until:
            return state
        asked, changes = time.monotonic(), self._changes
        answer = self._ask(_STATE)
        counted = answer["aggregations"]
        buckets = counted["index"]["buckets"]
        index = str(buckets[0]["key"]) if buckets else ""
        changed = int(counted["changes"]["value"])
        state = State(
            index=index,
            generation=f"{index}.{answer['hits']['total']['value']}.{changed}",
            documents=counted["datasets"]["doc_count"],
        )
        with self._lock:
            if changes == self._changes:  # else it may be from before a write of our own
                self._state, self._state_until = state, asked + self._seen_within
        return state

    def _ask(self, body: dict[str, Any]) -> Mapping[str, Any]:
        """A copy that is silent is left aside: another preference may mean another copy."""
        for last in (*[False] * (self._connection.patience - 1), True):
            try:
                return self._ask_once(body)
            except ConnectionTimeout:
                if last:
                    raise
                self._preference = _new_preference()
        raise Unavailable

    def _ask_once(self, body: dict[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._connection.reading.search(
            index=self._generations.live,
            preference=self._preference,
            allow_partial_search_results=False,
            request_cache=True if body["size"] == 0 else None,
            **body,
        ).body
        return answer

    # --- writing -----------------------------------------------------------------------------------

    def _write(self, lines: Sequence[bytes]) -> None:
        """First beside: when that fails as the rebuild ends, the live index is the new one."""
        if self._at_hand.is_building():
            self._write_beside(lines)
        try:
            self._write_live(lines)
        finally:
            self._forget_state()

    def _write_live(self, lines: Sequence[bytes]) -> None:
        """An index of an earlier release gets the fields that were added since; what it holds lacks them
        until it is rebuilt."""
        connection = self._connection
        client = connection.applying if len(lines) <= _FEW else connection.writing
        try:
            send_all(client, self._generations.live, lines, visible=True)
        except DocumentsRefused:
            if not self._generations.widen():
                raise
            send_all(client, self._generations.live, lines, visible=True)

    def _write_beside(self, lines: Sequence[bytes]) -> None:
        """A rebuild that cannot take a write must not go live without it. What it takes is seen at once: it
        may be live in a moment, and a search that found it before finds it then."""
        try:
            send_all(self._connection.writing, self._generations.building, lines, visible=True)
        except (MissingIndex, DocumentsRefused):
            return  # it ended meanwhile; or the live index refuses them too
        except (Unavailable, ApiError, TransportError):
            log.warning("search.rebuild_abandoned")
            self._generations.abandon()

    def _forget_state(self) -> None:
        with self._lock:
            self._changes += 1
            self._state_until = 0.0

    # --- rebuilding --------------------------------------------------------------------------------

    def _rebuild(self, documents: Iterable[IndexDocument]) -> int:
        generations = self._generations
        with suppress(IndexLost):
            generations.ensure()
        with generations.lease().held() as lease:
            name = generations.begin()
            try:
                refused = self._fill_all(documents)
                if generations.live_index():  # else it was lost
                    self._fill(scanning.tombstones(self._connection.writing, generations.live))
                generations.finish(name)
                lease.confirm()
                generations.swap(name)
            except BaseException:
                generations.abandon()
                raise
        self._forget_state()
        if refused is not None:
            raise refused
        return self._current().documents

    def _fill_all(self, documents: Iterable[IndexDocument]) -> DocumentsRefused | None:
        """A few that are refused are told of at the end; of more than that something else is wrong."""
        written = 0

        def lines() -> Iterator[bytes]:
            nonlocal written
            for written, document in enumerate(documents, start=1):  # noqa: B007  # counted
                yield upsert_lines(document)

        try:
            self._fill(lines(), side_by_side=_BULKS_AT_ONCE)
        except DocumentsRefused as error:
            if len(error.reasons) > max(_A_FEW, written // _FEW_OF):
                raise
            return error
        return None

    def _fill(self, lines: Iterable[bytes], side_by_side: int = 1) -> None:
        """Raises `Unavailable` when a writer had to abandon the rebuild."""
        building = self._generations.building
        try:
            send_all(self._connection.writing, building, lines, side_by_side=side_by_side)
        except MissingIndex as error:
            raise Unavailable from error


def _new_preference() -> str:
    return f"p{uuid.uuid4().hex}"
