"""The portal's own figures in embedded mode: start and memory with the demo city, reads at full size."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select

from bench import harvest_rate, portal, processes, report
from bench.measuring import Bench, pages, popular
from bench.portal import Portal
from bench.report import Row
from opendata.assembly import assemble
from opendata.base.kit.vietnamese import fold
from opendata.base.models import DatasetDocument
from opendata.base.runtime import SYSTEM
from opendata.demo.catalogue import datasets as catalogue
from opendata.demo.places import wards
from opendata.demo.variants import SYLLABLES
from opendata.services.catalog import indexing
from opendata.settings import Settings

FACETS = ("organization", "theme", "tag", "format", "year")
IDLE = 10
"""Seconds without a request before memory is read."""


def measure(bench: Bench, scratch: Path, datasets: int, records: int) -> None:
    demo, full = scratch / "demo", scratch / f"demo-{datasets}"
    fill(demo, 0)
    bench.measure("start and memory", lambda: list(_start(demo)))
    bench.measure("harvest", lambda: list(_harvest(records)))
    fill(full, datasets)
    known = slugs(full)
    with portal.serving(full) as server:
        ours = [server.pid]
        bench.measure("search", lambda: list(_search(server, len(known))), servers=ours)
        bench.measure("dataset", lambda: list(_dataset(server, known)), servers=ours)
    bench.measure("reindex", lambda: list(_reindex(full, len(known))))


def fill(folder: Path, datasets: int) -> None:
    """The demo city with so many datasets more; what is there already is kept."""
    done = folder / f"filled-{datasets}"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        portal.run(folder, "demo", "load", *(["--scale", str(datasets)] if datasets else []))
        done.touch()
    portal.run(folder, "migrate")


def slugs(folder: Path) -> list[str]:
    platform = assemble(Settings(data_dir=str(folder), mode="test", log_level="WARNING"))
    with closing(platform), platform.read(SYSTEM) as work:
        query = select(DatasetDocument.slug).where(DatasetDocument.visibility == "public")
        return sorted(work.session.scalars(query))


def _start(folder: Path) -> Iterator[Row]:
    starts = []
    for _ in range(3):
        with portal.serving(folder) as server:
            starts.append(server.ready_after)
            if len(starts) == 3:
                time.sleep(IDLE)
                resident, shared_once = processes.memory([server.pid])
    yield report.within("cold start with the demo city", sorted(starts)[1], "s", 3.0)
    note = f"{resident:.0f} MB with shared pages counted in each process"
    yield report.within("idle memory with the demo city", shared_once, "MB", 150.0, note=note)


def _harvest(records: int) -> Iterator[Row]:
    for name, seconds, worked in harvest_rate.rates(records):
        note = f"{worked / records * 1e6:.0f} µs CPU each"
        if name == "304":
            yield report.within(f"harvest of {records:,} unchanged behind a 304", seconds, "s", 0.5)
        else:
            goal = harvest_rate.GOAL_NEW if name == "new" else harvest_rate.GOAL_UNCHANGED
            yield report.at_least(
                f"harvest, {name}, {records:,}", records / seconds, "datasets/s", goal, note=note
            )


def _search(server: Portal, datasets: int) -> Iterator[Row]:
    log = _query_log(3_000)
    distinct = list(dict.fromkeys(log))[:800]
    at = f"search JSON, 20 hits, 5 facets, highlights, {datasets:,} datasets"
    once = pages(server.port, [server.pid], distinct)
    yield Row(name=f"{at}: each query once, p50", product=once.p50, unit="ms")
    yield report.within(f"{at}: each query once, p99", once.p99, "ms", 25.0)
    yield Row(name=f"{at}: each query once, CPU", product=once.cpu_us, unit="µs")
    popular_ = pages(server.port, [server.pid], log)
    yield Row(name=f"{at}: Zipf log, p50", product=popular_.p50, unit="ms")
    yield report.within(f"{at}: Zipf log, p99", popular_.p99, "ms", 25.0)
    yield Row(name=f"{at}: Zipf log, CPU", product=popular_.cpu_us, unit="µs")
    four = pages(server.port, [server.pid], log, clients=4)
    yield Row(name=f"{at}: Zipf log, 4 clients", product=four.per_second, unit="pages/s", rate=True)


def _dataset(server: Portal, known: Sequence[str]) -> Iterator[Row]:
    some = random.Random(4).sample(known, min(600, len(known)))
    for name, path in (("dataset JSON", "/api/v1/datasets/{}"), ("dataset page", "/dataset/{}")):
        once = pages(server.port, [server.pid], [path.format(slug) for slug in some])
        yield Row(name=f"{name}, each once, p50", product=once.p50, unit="ms")
        yield Row(name=f"{name}, each once, CPU", product=once.cpu_us, unit="µs")
    log = [f"/dataset/{slug}" for slug in popular(some, 2_000)]
    taken = pages(server.port, [server.pid], log)
    yield Row(name="dataset page, popular ones more often, p50", product=taken.p50, unit="ms")
    yield Row(name="dataset page, popular ones more often, CPU", product=taken.cpu_us, unit="µs")


def _reindex(folder: Path, datasets: int) -> Iterator[Row]:
    platform = assemble(Settings(data_dir=str(folder), mode="test", log_level="WARNING"))
    with closing(platform):
        began, worked = time.perf_counter(), time.process_time()
        count = indexing.rebuild(platform)
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    note = f"{worked / max(datasets, 1) * 1e6:.0f} µs CPU each"
    yield Row(
        name=f"reindex of {datasets:,}", product=count / seconds, unit="datasets/s", rate=True, note=note
    )


def _query_log(length: int) -> list[str]:
    """Searches of the demo city's words: subjects, places, months, with marks and without."""
    chance = random.Random(9)
    subjects = [" ".join(dataset.title["vi"].split()[:4]) for dataset in catalogue().values()]
    places = [ward.name for ward in wards()]
    syllables = SYLLABLES.split()
    texts = []
    for _ in range(length // 3):
        parts = [chance.choice(subjects)] if chance.random() < 0.7 else [chance.choice(syllables)]
        if chance.random() < 0.4:
            parts.append(chance.choice(places))
        if chance.random() < 0.2:
            parts.append(str(chance.randrange(2010, 2026)))
        text = " ".join(parts)
        texts.append(fold(text) if chance.random() < 0.4 else text)
    formats = {at: {"format": "CSV"} for at in range(0, len(texts), 5)}
    queries = [
        {"q": text, "size": 20, "facets": FACETS, **formats.get(at, {})} for at, text in enumerate(texts)
    ]
    addresses = [f"/api/v1/datasets?{urlencode(query, doseq=True)}" for query in queries]
    return popular(addresses, length)
