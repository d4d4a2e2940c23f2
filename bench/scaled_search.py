"""Search of the scaled mode on a real Elasticsearch: pages of a Zipf query log, reindex, cost of our layer.

    python -m bench.scaled_search [--datasets 100000 1000000] [--queries 600] [--heap 2048] [--minutes 20]
                                  [--note TEXT]

The datasets and queries are those of `bench.search_engine`. A page is interpretation, statistics and one
search with 20 rows and five facets, each asked for the first time; "with cache" follows the log as readers
ask. Server and client share the machine; processor time tells what each needs, so that rates on two cores
can be given even where other work runs beside.

A Java server compiles in its first minutes what it runs often, at the cost of its users: pages are measured
once their cost falls no more, and the reindex of a server just started is a row of its own. The million needs
some 10 GB below the folder for passing files, which is looked at first, and about ten minutes on two quiet
cores; what is not done after `--minutes` is skipped.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from opendata.services.catalog.query import Lexicon, search
from opendata.testing.servers import ElasticNode, ServerMissing, scratch_folder
from opendata.testing.servers.elastic import VERSION, cpu_seconds

CORES = 2
REINDEX_GOAL = 5_000
LAYER_GOAL_MS = 1.5
PAGE_GOAL_MS = {100_000: 25.0, 1_000_000: 100.0}
LAYER_PLANS = 200
FIRST_DATASETS = 50_000
BYTES_EACH = 10_000
"""Of disk, with what the server keeps for its recovery and while it merges."""
WARM_ROUNDS = 12
WARM_ENOUGH = 0.95


class OutOfTime(Exception):
    """The bench has run for as long as it may."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--datasets", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=600)
    parser.add_argument("--heap", type=int, default=2048, help="MB of the server")
    parser.add_argument("--minutes", type=float, default=20.0, help="for each size")
    parser.add_argument("--note", default="", help="what else ran on the machine")
    asked = parser.parse_args()
    rows: list[Row | Skipped] = []
    for count in asked.datasets:
        for row in measure(count, asked.queries, asked.heap, asked.minutes * 60):
            print(" | ".join(row.cells()), flush=True)
            rows.append(row)
    remarks = [f"Elasticsearch {VERSION}, one node, {asked.heap} MB heap.", *filter(None, [asked.note])]
    print(report.write("scaled_search", "Search in scaled mode", rows, remarks=remarks).read_text())


def measure(count: int, queries: int, heap: int, seconds: float) -> Iterator[Row | Skipped]:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < count * BYTES_EACH:
        yield Skipped(
            f"{count:,} datasets", f"{free / 2**30:.0f} GiB are free of {count * BYTES_EACH / 2**30:.0f}"
        )
        return
    try:
        with scratch_folder() as folder, ElasticNode(folder, heap_mb=heap) as node:
            yield from _Bench(node, count, queries, until=time.monotonic() + seconds).rows()
    except ServerMissing as missing:
        yield Skipped(f"{count:,} datasets", str(missing))


@dataclass
class Cost:
    """What a number of actions took."""

    seconds: list[float] = field(default_factory=list)
    ours: float = 0.0
    theirs: float = 0.0

    def ms(self, percent: int) -> float:
        return quantiles(self.seconds, n=100)[percent - 1] * 1e3


class _Bench:
    def __init__(self, node: ElasticNode, count: int, queries: int, until: float) -> None:
        self._node = node
        self._until = until
        self._count = count
        self._address = f"elasticsearch://127.0.0.1:{node.port}/bench?timeout=60&write_timeout=120"
        self._lexicon = Lexicon(
            **{name: Vocabularies().table(name) for name in ("abbreviations", "synonyms", "search_words")}
        )
        self._log = query_log(Random(1), queries)

    def rows(self) -> Iterable[Row | Skipped]:
        index = ElasticIndex(read_address(self._address))
        parts: Sequence[tuple[str, Callable[[], Iterable[Row]]]] = [
            ("reindex", partial(self._reindex, index)),
            ("search page", self._cold_pages),
            ("search page, with cache", partial(self._log_pages, index)),
            ("our layer", self._layer),
            ("writes", partial(self._writes, index)),
        ]
        for name, take in parts:
            try:
                self._check_time()
                yield from take()
            except OutOfTime:
                yield Skipped(self._name(name), "the time was up")
        index.close()

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            raise OutOfTime

    def _datasets(self, count: int) -> Iterator[IndexDocument]:
        for made in datasets(count):
            self._check_time()
            yield made

    def _reindex(self, index: ElasticIndex) -> Iterable[Row]:
        first = min(FIRST_DATASETS, self._count)
        making = _cost(self._node, [lambda: sum(1 for _ in self._datasets(first))]).ours / first
        yield from self._rebuild(index, first, making, f"reindex of {first:,} by a server just started", None)
        yield from self._rebuild(index, self._count, making, "reindex", REINDEX_GOAL)
        stored = self._node.get("/bench/_stats/store")["_all"]["primaries"]["store"]["size_in_bytes"]
        yield Row(name=self._name("index on disk"), product=stored / 2**20, unit="MiB")

    def _rebuild(
        self, index: ElasticIndex, count: int, making: float, name: str, goal: int | None
    ) -> Iterable[Row]:
        """`making`: processor time for one of the made-up datasets, which is not counted."""
        done = _cost(self._node, [lambda: index.rebuild(self._datasets(count))])
        ours, theirs = done.ours / count - making, done.theirs / count
        rate, unit = CORES / (ours + theirs), f"datasets/s of processor time on {CORES} cores"
        note = (
            f"{ours * 1e6:.0f} µs ours, {theirs * 1e6:.0f} µs Elasticsearch; "
            f"{count / sum(done.seconds):,.0f}/s as it ran, with the making of the datasets"
        )
        if goal is None:
            yield Row(name=self._name(name), product=rate, unit=unit, rate=True, note=note)
        else:
            yield at_least(self._name(name), rate, unit, goal, note=note)

    def _cold_pages(self) -> Iterable[Row]:
        index = ElasticIndex(read_address(self._address), cached_pages=0)
        self._warm(index)
        index.close()
        index = ElasticIndex(read_address(self._address), cached_pages=0)
        distinct = list(dict.fromkeys(self._log))
        cost = self._cost_of_pages(index, distinct)
        index.close()
        yield from self._page_rows("search page, first time", cost, len(distinct))

    def _warm(self, index: SearchIndex) -> None:
        """Other queries, until they get no cheaper."""
        others = dict.fromkeys(query_log(Random(9), len(self._log)))
        best, in_vain = float("inf"), 0
        for _ in range(WARM_ROUNDS):
            taken = self._cost_of_pages(index, others).theirs
            in_vain = in_vain + 1 if taken > WARM_ENOUGH * best else 0
            best = min(best, taken)
            if in_vain == 2:
                return

    def _cost_of_pages(self, index: SearchIndex, queries: Collection[Query]) -> Cost:
        def page(query: Query) -> None:
            self._check_time()
            self._page(index, query)

        return _cost(self._node, [partial(page, query) for query in queries])

    def _log_pages(self, index: ElasticIndex) -> Iterable[Row]:
        cost = self._cost_of_pages(index, self._log)
        yield from self._page_rows("search page, with cache", cost, len(self._log))

    def _page_rows(self, name: str, cost: Cost, number: int) -> Iterable[Row]:
        yield Row(name=self._name(f"{name}, p50"), product=cost.ms(50), unit="ms")
        goal = PAGE_GOAL_MS.get(self._count)
        last = self._name(f"{name}, p99")
        yield (
            within(last, cost.ms(99), "ms", goal) if goal else Row(name=last, product=cost.ms(99), unit="ms")
        )
        for whose, spent in (("ours", cost.ours), ("Elasticsearch", cost.theirs)):
            yield Row(name=self._name(f"{name}, CPU {whose}"), product=spent / number * 1e6, unit="µs")

    def _layer(self) -> Iterable[Row]:
        """The same requests through our index and through the client alone, in turns."""
        index = ElasticIndex(read_address(self._address), cached_pages=0)
        ours, bare = Cost(), Cost()
        with Elasticsearch(f"http://127.0.0.1:{self._node.port}", request_timeout=60) as client:
            for plan in self._plans(index):
                body = index.request(plan).body()
                self._check_time()
                for _ in range(3):
                    _add(ours, partial(index.search, plan))
                    _add(bare, partial(client.search, index="bench", **body))
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
        cost = _cost(self._node, [partial(index.write, [one]) for one in changed])
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
