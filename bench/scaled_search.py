"""Search of the scaled mode on a real Elasticsearch: pages of a Zipf query log, reindex, cost of our layer.

    python -m bench.scaled_search [--datasets 100000 …] [--queries 600] [--heap 1024] [--note TEXT]

The datasets and queries are those of `bench.search_engine`. A page is interpretation, statistics and one
search with 20 rows and five facets, each asked for the first time; "with cache" follows the log as readers
ask. Server and client share the machine; processor time tells what each needs, so that rates on two cores
can be given even where other work runs beside.
"""

import argparse
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median, quantiles
from typing import Any

from elasticsearch import Elasticsearch

from bench import report
from bench.report import Row, Skipped, at_least, within
from bench.search_engine import FACETS, Query, datasets, query_log
from opendata.base.kit.vocabularies import Vocabularies
from opendata.engines.search import IndexDocument, IndexInfo, Plan, Results, SearchIndex
from opendata.engines.search.elastic import ElasticIndex, read_address
from opendata.engines.search.elastic.searching import Request
from opendata.services.catalog.query import Lexicon, search
from opendata.testing.servers import ElasticNode, ServerMissing, scratch_folder
from opendata.testing.servers.elastic import VERSION, cpu_seconds

CORES = 2
REINDEX_GOAL = 5_000
LAYER_GOAL_MS = 1.5
PAGE_GOAL_MS = {100_000: 25.0, 1_000_000: 100.0}
LAYER_PLANS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--datasets", type=int, nargs="+", default=[100_000])
    parser.add_argument("--queries", type=int, default=600)
    parser.add_argument("--heap", type=int, default=1024, help="MB of the server")
    parser.add_argument("--note", default="", help="what else ran on the machine")
    asked = parser.parse_args()
    rows: list[Row | Skipped] = []
    for count in asked.datasets:
        rows += measure(count, asked.queries, asked.heap)
    remarks = [f"Elasticsearch {VERSION}, one node, {asked.heap} MB heap.", *filter(None, [asked.note])]
    print(report.write("scaled_search", "Search in scaled mode", rows, remarks=remarks).read_text())


def measure(count: int, queries: int, heap: int) -> list[Row | Skipped]:
    try:
        with scratch_folder() as folder, ElasticNode(folder, heap_mb=heap) as node:
            return list(_Bench(node, count, queries).rows())
    except ServerMissing as missing:
        return [Skipped(f"{count:,} datasets", str(missing))]


@dataclass
class Cost:
    """What a number of actions took."""

    seconds: list[float] = field(default_factory=list)
    ours: float = 0.0
    theirs: float = 0.0

    def ms(self, percent: int) -> float:
        return quantiles(self.seconds, n=100)[percent - 1] * 1e3


class _Bench:
    def __init__(self, node: ElasticNode, count: int, queries: int) -> None:
        self._node = node
        self._count = count
        self._address = f"elasticsearch://127.0.0.1:{node.port}/bench?timeout=60&write_timeout=120"
        self._lexicon = Lexicon(
            **{name: Vocabularies().table(name) for name in ("abbreviations", "synonyms", "search_words")}
        )
        self._log = query_log(Random(1), queries)

    def rows(self) -> Iterable[Row | Skipped]:
        index = ElasticIndex(read_address(self._address))
        yield from self._reindex(index)
        self._warm(index)
        yield from self._cold_pages()
        yield from self._log_pages(index)
        yield from self._layer()
        yield from self._writes(index)
        index.close()

    def _reindex(self, index: ElasticIndex) -> Iterable[Row]:
        making = _cost(self._node, [lambda: sum(1 for _ in datasets(self._count))])
        done = _cost(self._node, [lambda: index.rebuild(datasets(self._count))])
        ours, theirs = done.ours - making.ours, done.theirs
        rate = CORES * self._count / (ours + theirs)
        each = f"{ours / self._count * 1e6:.0f} µs ours, {theirs / self._count * 1e6:.0f} µs Elasticsearch"
        yield at_least(
            self._name("reindex, by processor time"), rate, "datasets/s on 2 cores", REINDEX_GOAL, note=each
        )
        yield Row(
            name=self._name("reindex, as it ran"),
            product=self._count / sum(done.seconds),
            unit="datasets/s",
            note="with the making of the datasets",
        )
        stored = self._node.get("/_stats/store")["_all"]["primaries"]["store"]["size_in_bytes"]
        yield Row(name=self._name("index on disk"), product=stored / 2**20, unit="MiB")

    def _warm(self, index: SearchIndex) -> None:
        """The server compiles what it runs often."""
        for query in query_log(Random(9), 1500):
            self._page(index, query)

    def _cold_pages(self) -> Iterable[Row]:
        index = ElasticIndex(read_address(self._address), cached_pages=0)
        distinct = list(dict.fromkeys(self._log))
        cost = _cost(self._node, [lambda query=query: self._page(index, query) for query in distinct])
        index.close()
        yield from self._page_rows("search page, first time", cost, len(distinct))
        goal = PAGE_GOAL_MS.get(self._count)
        if goal:
            yield within(self._name("search page, first time, p99"), cost.ms(99), "ms", goal)

    def _log_pages(self, index: ElasticIndex) -> Iterable[Row]:
        cost = _cost(self._node, [lambda query=query: self._page(index, query) for query in self._log])
        yield from self._page_rows("search page, with cache", cost, len(self._log))

    def _page_rows(self, name: str, cost: Cost, number: int) -> Iterable[Row]:
        cpu = (
            f"CPU {cost.ours / number * 1e6:.0f} µs ours, {cost.theirs / number * 1e6:.0f} µs Elasticsearch, "
            f"p99 {cost.ms(99):.1f} ms"
        )
        yield Row(name=self._name(f"{name}, p50"), product=cost.ms(50), unit="ms", note=cpu)

    def _layer(self) -> Iterable[Row]:
        """The same requests through our index and through the client alone, in turns."""
        index = ElasticIndex(read_address(self._address), cached_pages=0)
        ours, bare = Cost(), Cost()
        with Elasticsearch(f"http://127.0.0.1:{self._node.port}", request_timeout=60) as client:
            for plan in self._plans(index):
                body = Request(plan).body()
                for _ in range(3):
                    _add(ours, lambda plan=plan: index.search(plan))
                    _add(bare, lambda body=body: client.search(index="bench", **body))
        index.close()
        times = zip(ours.seconds, bare.seconds, strict=True)
        yield within(
            self._name("our layer above the client alone, p50"),
            max(median(one - other for one, other in times) * 1e3, 0.0),
            "ms",
            LAYER_GOAL_MS,
            note=f"{median(ours.seconds) * 1e3:.2f} ms against {median(bare.seconds) * 1e3:.2f} ms",
        )
        yield within(
            self._name("our layer above the client alone, processor time"),
            (ours.ours - bare.ours) / len(ours.seconds) * 1e3,
            "ms",
            LAYER_GOAL_MS,
        )

    def _plans(self, index: ElasticIndex) -> Sequence[Plan]:
        recorder = _Recorder(index)
        for query in dict.fromkeys(self._log):
            self._page(recorder, query)
        return recorder.plans[:LAYER_PLANS]

    def _writes(self, index: ElasticIndex) -> Iterable[Row]:
        changed = [replace(one, sequence=10 * self._count) for one in datasets(20)]
        cost = _cost(self._node, [lambda one=one: index.write([one]) for one in changed])
        yield Row(name=self._name("one write, visible, p50"), product=cost.ms(50), unit="ms")
        scan = _cost(self._node, [index.sequences])
        yield Row(name=self._name("all sequences (drift scan)"), product=sum(scan.seconds), unit="s")

    def _page(self, index: SearchIndex, query: Query) -> None:
        text, formats = query
        filters = {"format": formats} if formats else {}
        search(index, self._lexicon, text, filters=filters, facets=FACETS, size=20)

    def _name(self, what: str) -> str:
        return f"{self._count:,} datasets: {what}"


class _Recorder:
    """Passes everything on and keeps the plans."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self.plans: list[Plan] = []

    def search(self, plan: Plan) -> Results:
        self.plans.append(plan)
        return self._index.search(plan)

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        return self._index.statistics(tokens)

    def vocabulary(self, stream: str, prefix: str = "", limit: int = 1000) -> Sequence[tuple[str, int]]:
        return self._index.vocabulary(stream, prefix, limit)

    def sequences(self, ids: Collection[str] | None = None) -> Mapping[str, tuple[int, str]]:
        return self._index.sequences(ids)

    def write(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]] = ()) -> None:
        self._index.write(upserts, deletes)

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        return self._index.rebuild(documents)

    def info(self) -> IndexInfo:
        return self._index.info()

    def close(self) -> None:
        self._index.close()


def _cost(node: ElasticNode, actions: Sequence[Callable[[], Any]]) -> Cost:
    cost = Cost()
    ours, theirs = time.process_time(), cpu_seconds([node])
    cost.seconds = [_timed(action) for action in actions]
    cost.ours, cost.theirs = time.process_time() - ours, cpu_seconds([node]) - theirs
    return cost


def _add(cost: Cost, action: Callable[[], Any]) -> None:
    started = time.process_time()
    cost.seconds.append(_timed(action))
    cost.ours += time.process_time() - started


def _timed(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
