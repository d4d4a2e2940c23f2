"""Web and worker processes killed, hung, slow, and asked to leave: the others go on, nothing is done twice,
and who leaves in order cuts nobody off and gives back what he holds."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select, text, update

from opendata.base.models import AuditEvent, Dataset, HarvestSource, Job, Resource
from opendata.base.runtime import SYSTEM, jobs
from opendata.doors.cli.pulse import HUNG_AFTER
from opendata.services.harvest import sources
from opendata.testing.harvest_folders import lay
from opendata.testing.load import Load, Question, eventually, line
from opendata.testing.processes import JobWorker, dragging
from opendata.testing.stand import Stand

DATASETS = 60
LEAVES_WITHIN = 25.0
HOW = ("killed", "hung", "slow")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def source(stand: Stand, request: pytest.FixtureRequest) -> str:
    """A folder of datasets that takes a worker some seconds."""
    root: Path = stand.city.platform.settings.data / f"kho-{request.node.name.encode().hex()[-24:]}"
    lay(root, DATASETS)
    with stand.city.platform.work(SYSTEM) as work:
        made = sources.create(
            work, type="folder", url=str(root), title=root.name, organization_id=stand.city.own
        )
        sources.accept(work, made)
        return made.id


def start(stand: Stand, source: str) -> str:
    started = stand.send("POST", f"/api/v1/harvest/sources/{source}/run", {})
    assert started.status == 202, started.body
    return str(started.json()["id"])


def worker_of(stand: Stand, source: str) -> JobWorker:
    """The one at work on the source, once some of it has been stored."""
    found: list[JobWorker] = []

    def working() -> bool:
        with stand.city.platform.read(SYSTEM) as work:
            owner = work.session.get_one(HarvestSource, source).lease_owner or ""
        pid = owner.split(":")[1] if owner else ""
        found[:] = [worker for worker in stand.workers if worker.running and str(worker.pid) == pid]
        return bool(found)

    eventually(working)
    return found[0]


def time_passes(stand: Stand, source: str) -> None:
    """The leases of who was killed or hangs run out, and PostgreSQL ends the transaction it was in: a minute
    is too long for a test."""
    with stand.city.platform.work(SYSTEM) as work:
        silent = "state like 'idle in transaction%' and state_change < now() - interval '0.3 s'"
        work.session.execute(text(f"select pg_terminate_backend(pid) from pg_stat_activity where {silent}"))
    with stand.city.platform.work(SYSTEM) as work:
        past = work.shared_now
        work.session.execute(
            update(Job).where(Job.state == "running").values(lease_until=past), {"synchronize_session": False}
        )
        work.session.execute(update(HarvestSource).where(HarvestSource.id == source).values(lease_until=past))


def require_whole(stand: Stand, source: str, count: int = DATASETS) -> None:
    """Each dataset once, published, with its file, and every step of it told once."""
    with stand.city.platform.read(SYSTEM) as work:
        found = {dataset.id: dataset for dataset in work.session.scalars(_of(source))}
        files = Counter(
            work.session.scalars(select(Resource.dataset_id).where(Resource.dataset_id.in_(found)))
        )
        told = work.session.execute(
            select(AuditEvent.object_id, AuditEvent.action, func.count())
            .where(AuditEvent.object_id.in_(found))
            .group_by(AuditEvent.object_id, AuditEvent.action)
        ).all()
    assert len(found) == count
    assert {dataset.state for dataset in found.values()} == {"published"}
    assert {dataset.version for dataset in found.values()} == {next(iter(found.values())).version}
    assert files == Counter(found.keys())
    assert [row for row in told if row[2] != 1] == []


def _of(source: str):
    return select(Dataset).where(Dataset.source_id == source)


@pytest.mark.parametrize("how", HOW)
def test_a_run_whose_worker_is_lost_is_taken_over_and_nothing_is_applied_twice(
    stand: Stand, source: str, how: str
) -> None:
    with Load(stand.web.port, stand.questions()) as load:
        run_id = start(stand, source)
        worker = worker_of(stand, source)
        if how == "slow":
            with dragging(worker.family()):
                eventually(lambda: stand.run(run_id).ended_at is not None)
        else:
            worker.kill() if how == "killed" else worker.freeze()
            time.sleep(0.5)
            time_passes(stand, source)
            eventually(lambda: stand.run(run_id).ended_at is not None)
            worker.thaw()
            worker.start()
            time.sleep(2)  # who was frozen finds that the run is not his any more
    assert stand.run(run_id).state == "done"
    require_whole(stand, source)
    stand.figures.append(line("worker", how, load.calls))
    assert {call.status for call in load.calls} == {200}
    eventually(lambda: jobs.counts(stand.city.platform) == {}, 10)


@pytest.mark.parametrize("how", HOW)
def test_without_one_of_the_web_processes_the_others_answer(stand: Stand, how: str) -> None:
    lost = stand.web.children()[0]
    with Load(stand.web.port, stand.questions(), timeout=5.0) as load:
        time.sleep(0.5)
        if how == "slow":
            with dragging([lost]):
                time.sleep(3)
        else:
            broke = time.monotonic()
            lost.kill() if how == "killed" else lost.suspend()
            eventually(lambda: ended(lost), HUNG_AFTER + 10)
            gone = time.monotonic()
            for _ in range(10):
                assert stand.ask("/health/live", timeout=5).status == 200
            eventually(lambda: lost.pid not in {child.pid for child in stand.web.children()}, 30)
            eventually(lambda: answered_by_both(stand), 30)
    stand.figures.append(line("web", how, load.calls))
    assert {call.status for call in load.calls} <= {0, 200}
    cut = [call for call in load.calls if call.status == 0]
    if how == "slow":
        assert cut == []
    else:
        assert [call for call in cut if call.at > gone] == []
    if how == "hung":
        assert any(call.status == 200 and broke < call.at < gone for call in load.calls)


def ended(process: psutil.Process) -> bool:
    """With all its threads: until the last of them is gone its sockets take connections."""
    threads = Path(f"/proc/{process.pid}/task")
    return not process.is_running() or (process.status() == "zombie" and len(list(threads.iterdir())) == 1)


def answered_by_both(stand: Stand) -> bool:
    """Each process has answered since: its CPU time grows."""
    before = [busy(child) for child in stand.web.children()]
    for _ in range(40):
        stand.ask("/api/v1/datasets?q=" + str(time.monotonic_ns()))
    return all(busy(child) > was for child, was in zip(stand.web.children(), before, strict=True))


def busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@pytest.fixture
def leaving(stand: Stand) -> Iterator[Callable[[], float]]:
    """Ask the web server to leave; the seconds it took. It is back afterwards."""

    def leave() -> float:
        process = psutil.Process(stand.web.pid)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        stand.web.wait_gone(LEAVES_WITHIN + 10)
        return time.monotonic() - began

    yield leave
    stand.web.kill()
    stand.web.start()


def test_a_web_server_that_leaves_cuts_nobody_off(stand: Stand, leaving: Callable[[], float]) -> None:
    """Connections that were taken are answered; new ones are refused, which a proxy in front takes as a sign
    to ask the next."""
    questions = [*stand.questions(), Question("slow", "/api/v1/datasets?size=100&q=a", fresh=True)]
    with Load(stand.web.port, questions, threads=6, pause=0.0, keeps=False) as load:
        time.sleep(2)
        took: list[float] = []
        thread = threading.Thread(target=lambda: took.append(leaving()))
        thread.start()
        thread.join()
    assert took[0] < LEAVES_WITHIN
    stand.figures.append(line("web", "SIGTERM", load.calls))
    cut = [call for call in load.calls if call.status == 0 and not call.refused]
    assert cut == []
    assert {call.status for call in load.calls} - {0} == {200}


def test_a_worker_that_leaves_gives_its_run_back(stand: Stand, source: str) -> None:
    run_id = start(stand, source)
    worker = worker_of(stand, source)
    began = time.monotonic()
    psutil.Process(worker.pid).send_signal(signal.SIGTERM)
    worker.wait_gone(LEAVES_WITHIN + 10)
    assert time.monotonic() - began < LEAVES_WITHIN
    eventually(lambda: stand.run(run_id).ended_at is not None, 30)
    assert stand.run(run_id).state == "done"
    require_whole(stand, source)
    worker.kill()
    worker.start()
