"""Portal and CKAN in one run: the same made-up datasets in both, the same reads, writes and harvests."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import load, portal, processes
from bench.ckan import Ckan
from bench.harvest_rate import platform_in
from bench.load import Client, Taken
from bench.measuring import Bench, pages, popular
from bench.packages import DEFAULTS, as_dataset, packages, searches
from bench.report import Row
from bench.source import Source
from opendata.assembly import assemble
from opendata.base.models import DatasetDocument, HarvestRun, Organization, User
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.http.identity import COOKIE, TOKEN_HEADER
from opendata.services.access import people, sessions
from opendata.services.catalog import indexing, organizations
from opendata.settings import Settings
from opendata.testing.harvest_bench import a_source

HARVESTED_BY_CKAN = 300
"""Records of the harvest that both do; CKAN does a dozen a second."""
OPERATOR = "bench@haiphong.example"
WRITERS = 2
WRITTEN = 100
"""Datasets that the measure of writing adds to both."""


def measure(bench: Bench, scratch: Path, ckan: Ckan, datasets: int, records: int) -> None:
    made = list(packages(datasets))
    data = scratch / f"beside-ckan-{datasets}"
    headers = _prepare(data, made)
    _fill_ckan(ckan, made)
    with portal.serving(data) as server:
        every = [server.pid, *ckan.servers()]
        both = _Both(server, ckan)
        bench.measure("load", lambda: list(_load(both, headers)), servers=every)
        bench.measure("search", lambda: list(_search(both, len(made))), servers=every)
        bench.measure("dataset", lambda: list(_dataset(both, made)), servers=every)
    if ckan.command is not None:
        bench.measure("reindex", lambda: list(_reindex(data, ckan, len(made))), servers=ckan.servers())
        bench.measure("harvest", lambda: list(_harvest(scratch, ckan, records)), servers=ckan.servers())


class _Both:
    def __init__(self, server: portal.Portal, ckan: Ckan) -> None:
        self.server, self.ckan = server, ckan

    def read(self, pairs: Sequence[tuple[str, str]], *, clients: int = 1) -> tuple[Taken, Taken]:
        """CKAN's addresses first in each pair; what the portal took comes first in the answer."""
        theirs = pages(self.ckan.port, self.ckan.servers(), [pair[0] for pair in pairs], clients=clients)
        ours = pages(self.server.port, [self.server.pid], [pair[1] for pair in pairs], clients=clients)
        return ours, theirs


def compared(name: str, ours: Taken, theirs: Taken, goal: float | None = None) -> Iterator[Row]:
    """Time by the clock and processor time; the goal is for the latter, which other work disturbs least."""
    for what, unit, own, other in (
        ("p50", "ms", ours.p50, theirs.p50),
        ("p99", "ms", ours.p99, theirs.p99),
        ("CPU", "µs", ours.cpu_us, theirs.cpu_us),
    ):
        aim = goal if what == "CPU" else None
        yield Row(name=f"{name}, {what}", product=own, unit=unit, against=other, peer="CKAN", goal=aim)


def _rates(name: str, ours: Taken, theirs: Taken, goal: float | None = None) -> Row:
    return Row(
        name=name,
        product=ours.per_second,
        unit="/s",
        against=theirs.per_second,
        peer="CKAN",
        goal=goal,
        rate=True,
    )


# --- load -----------------------------------------------------------------------------------------


def _prepare(data: Path, made: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """An empty portal with the bodies of the packages; headers of an operator's session."""
    portal.run(data, "migrate")
    with closing(_platform(data)) as platform:
        with platform.work(SYSTEM) as work:
            known = set(work.session.scalars(select(Organization.slug)))
            for name in sorted({package["owner_org"] for package in made} - known):
                organizations.create(work, {"vi": name}, slug=name, code=name)
            operator = people.find(work, OPERATOR) or people.create(
                work, OPERATOR, "Bench", "a long enough password", operator=True
            )
            opened = sessions.start(work, work.session.get_one(User, operator.id), hours=24)
        _fill_portal(platform, made)
    return {"Cookie": f"{COOKIE}={opened.token}", TOKEN_HEADER: opened.csrf}


def _fill_portal(platform: Platform, made: Sequence[Mapping[str, Any]]) -> None:
    """By a harvest, the way data comes in by thousands; what is there already is left as it is. Raises
    `RuntimeError` where an earlier filling was broken off."""
    with platform.read(SYSTEM) as work:
        held = work.session.scalar(select(func.count()).select_from(DatasetDocument)) or 0
    if held >= len(made):  # the measure of writing has added some
        return
    if held:
        raise RuntimeError(f"{held} datasets of {len(made)} are there: remove the data to fill it anew")
    source = Source(made)
    bodies = sorted({package["owner_org"] for package in made})
    policy = {"publishers": bodies}
    try:
        bench = a_source(
            platform, type="ckan", url=source.url, code=bodies[0], mapping=DEFAULTS, policy_=policy
        )
        _require_published(bench.run(), len(made))
    finally:
        source.shutdown()


def _require_published(run: HarvestRun, records: int) -> None:
    if run.state != "done" or run.counts.get("published") != records:
        raise RuntimeError(f"the harvest ended as {run.state}: {run.error} {run.counts}")


def _fill_ckan(ckan: Ckan, made: Sequence[Mapping[str, Any]]) -> None:
    ckan.need_organizations(package["owner_org"] for package in made)
    known = ckan.datasets()
    missing = [partial(_create, package) for package in made if package["name"] not in known]
    load.drive(ckan.servers(), missing, ckan.port, clients=WRITERS, headers=ckan.headers)


def _platform(data: Path) -> Platform:
    return assemble(
        Settings(data_dir=str(data), mode="test", log_level="WARNING", harvest_allow_loopback=True)
    )


def _load(both: _Both, headers: Mapping[str, str]) -> Iterator[Row]:
    """Writes of further datasets through each product's own API, by two clients."""
    more = list(packages(WRITTEN, seed=time.time_ns()))
    for package in more:
        package["name"] = f"{package['name'][:60]}-{package['id'][:8]}"
    creations = [partial(_create, package) for package in more]
    theirs, own = both.ckan, both.server
    ckan = load.drive(theirs.servers(), creations, theirs.port, clients=WRITERS, headers=theirs.headers)
    publications = [partial(_publish, as_dataset(package)) for package in more]
    portal_ = load.drive([own.pid], publications, own.port, clients=WRITERS, headers=headers)
    yield _rates(f"load over the API, {WRITERS} clients", portal_, ckan)
    yield Row(name="load, CPU each", product=portal_.cpu_us, unit="µs", against=ckan.cpu_us, peer="CKAN")


def _create(body: Mapping[str, Any], client: Client) -> None:
    client.post("/api/3/action/package_create", body)


def _publish(body: Mapping[str, Any], client: Client) -> None:
    created = client.post("/api/v1/datasets", body)
    client.post(f"/api/v1/datasets/{created['id']}/publish", {})


# --- reads ----------------------------------------------------------------------------------------


def _search(both: _Both, datasets: int) -> Iterator[Row]:
    log = searches(1_500)
    distinct = list(dict.fromkeys(log))[:400]
    at = f"search JSON, 20 hits, 5 facets, {datasets:,} datasets"
    both.read(distinct[:60])  # a cold virtual machine of Java is slower by half
    yield from compared(f"{at}: each query once", *both.read(distinct), goal=1)
    yield from compared(f"{at}: Zipf log", *both.read(log), goal=2)
    yield _rates(f"{at}: Zipf log, 4 clients", *both.read(log, clients=4))


def _dataset(both: _Both, made: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    names = [package["name"] for package in random.Random(6).sample(made, min(400, len(made)))]
    json_pairs = [(f"/api/3/action/package_show?id={name}", f"/api/v1/datasets/{name}") for name in names]
    yield from compared("dataset JSON, each once", *both.read(json_pairs), goal=15)
    page_pairs = [(f"/dataset/{name}", f"/dataset/{name}") for name in names]
    yield from compared("dataset page, each once", *both.read(page_pairs), goal=10)
    log = popular(names, 800)
    often = [(f"/dataset/{name}", f"/dataset/{name}") for name in log]
    yield from compared("dataset page, popular ones more often", *both.read(often), goal=10)


# --- reindex and harvest --------------------------------------------------------------------------


def _reindex(data: Path, ckan: Ckan, datasets: int) -> Iterator[Row]:
    with closing(_platform(data)) as platform:
        began = time.perf_counter()
        count = indexing.rebuild(platform)
        own = count / (time.perf_counter() - began)
    theirs = datasets / ckan.reindex()
    yield Row(
        name=f"reindex of {datasets:,}",
        product=own,
        unit="/s",
        against=theirs,
        peer="CKAN",
        goal=50,
        rate=True,
    )


def _harvest(scratch: Path, ckan: Ckan, records: int) -> Iterator[Row]:
    """CKAN's harvester has its workers started by a small source first."""
    stamp = str(time.time_ns())
    now = time.time_ns()
    small, same = Source(packages(5, now)), Source(packages(HARVESTED_BY_CKAN, now + 1))
    large = Source(packages(records, seed=8))
    ckan.harvest(small.url, f"warm-{stamp}")
    used = processes.cpu(ckan.servers())
    seconds = ckan.harvest(same.url, f"bench-{stamp}")
    used = processes.cpu(ckan.servers()) - used
    theirs, their_cpu = HARVESTED_BY_CKAN / seconds, used / HARVESTED_BY_CKAN * 1e6
    own, own_cpu = _harvested(scratch / f"harvest-{stamp}", large, records)
    for source in (small, same, large):
        source.shutdown()
    name = f"harvest of a CKAN source, new (portal {records:,}, CKAN {HARVESTED_BY_CKAN})"
    yield Row(name=name, product=own, unit="/s", against=theirs, peer="CKAN harvester", goal=40, rate=True)
    yield Row(name="harvest, CPU each", product=own_cpu, unit="µs", against=their_cpu, peer="CKAN harvester")


def _harvested(data: Path, source: Source, records: int) -> tuple[float, float]:
    """(datasets a second, processor µs each)."""
    data.mkdir()
    with closing(platform_in(data)) as platform:
        bench = a_source(platform, type="ckan", url=source.url, code="SNNMT", mapping=DEFAULTS)
        began, worked = time.perf_counter(), time.process_time()
        run = bench.run()
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    _require_published(run, records)
    return records / seconds, worked / records * 1e6
