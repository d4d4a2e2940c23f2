"""A worker that leaves, or an engine that is away, costs a run nothing: it goes on from where it was."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from opendata.base.kit.errors import Unavailable
from opendata.base.models import HarvestRun, HarvestSource, Job
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.jobs import Interrupted
from opendata.services.harvest import apply, due, pipeline, runs
from opendata.testing.harvest_bench import Scripted, a_source, recs

COUNT = 12


@pytest.fixture
def bench(platform, monkeypatch):
    monkeypatch.setattr(apply, "BATCH", 4)
    return a_source(platform, Scripted(recs(COUNT)))


def queue(bench) -> str:
    with bench.platform.work(SYSTEM) as work:
        return runs.start(work, work.session.get_one(HarvestSource, bench.source_id)).id


def disturbed(monkeypatch, batches: int, act):
    """After so many batches have been applied."""
    real, left = apply._apply, [batches]

    def counted(*arguments):
        if left[0] == 0:
            act()
        left[0] -= 1
        real(*arguments)

    monkeypatch.setattr(apply, "_apply", counted)
    return lambda: monkeypatch.setattr(apply, "_apply", real)


def test_a_run_whose_worker_leaves_waits_and_goes_on(bench, monkeypatch):
    run_id = queue(bench)
    undisturbed = disturbed(monkeypatch, 2, bench.platform.stopping.set)
    with pytest.raises(Interrupted):
        pipeline.run(bench.platform, run_id)
    run, source = bench.reload(run_id), bench.source
    assert (run.state, run.attempt, source.lease_owner) == ("queued", 0, None)
    assert len(bench.datasets()) == 8
    undisturbed()
    bench.platform.stopping.clear()
    assert pipeline.run(bench.platform, run_id) == "done"
    assert len(bench.datasets()) == COUNT


def test_a_preview_whose_worker_leaves_half_way_is_applied_to_its_end(bench, monkeypatch):
    preview = bench.run("preview")
    with bench.platform.work(SYSTEM) as work:
        run_id = runs.apply_preview(work, work.session.get_one(HarvestRun, preview.id)).id
    undisturbed = disturbed(monkeypatch, 2, bench.platform.stopping.set)
    with pytest.raises(Interrupted):
        pipeline.run(bench.platform, run_id)
    assert len(bench.datasets()) == 8
    undisturbed()
    bench.platform.stopping.clear()
    assert pipeline.run(bench.platform, run_id) == "done"
    assert len(bench.datasets()) == COUNT


def test_a_run_that_meets_an_engine_that_is_away_waits_and_goes_on(bench, monkeypatch):
    def away():
        raise Unavailable

    run_id = queue(bench)
    undisturbed = disturbed(monkeypatch, 1, away)
    with pytest.raises(Unavailable):
        pipeline.run(bench.platform, run_id)
    run, source = bench.reload(run_id), bench.source
    assert (run.state, run.attempt, source.lease_owner) == ("queued", 1, None)
    undisturbed()
    assert pipeline.run(bench.platform, run_id) == "done"
    assert len(bench.datasets()) == COUNT


def test_a_run_that_nobody_will_take_up_makes_room_for_the_next(bench):
    run_id = queue(bench)
    with bench.platform.work(SYSTEM) as work:
        work.session.execute(update(Job).values(state="failed"))
    assert queue(bench) != run_id
    run = bench.reload(run_id)
    assert (run.state, run.error_code) == ("failed", "lost")


def test_a_run_that_nobody_will_take_up_is_found_by_the_timetable(bench):
    run_id = queue(bench)
    due.start(bench.platform)
    assert bench.reload(run_id).state == "queued"
    with bench.platform.work(SYSTEM) as work:
        work.session.execute(update(Job).values(state="failed"))
    due.start(bench.platform)
    run = bench.reload(run_id)
    assert (run.state, run.error_code) == ("failed", "lost")


def test_a_run_taken_from_a_slow_worker_is_taken_up_by_its_job(bench, monkeypatch):
    def too_slow():
        with bench.platform.work(SYSTEM) as work:
            work.session.execute(update(HarvestSource).values(lease_until=datetime(2000, 1, 1, tzinfo=UTC)))
        due.start(bench.platform)

    run_id = queue(bench)
    undisturbed = disturbed(monkeypatch, 2, too_slow)
    with pytest.raises(pipeline.SourceBusy):
        pipeline.perform(bench.platform, {"run_id": run_id})
    assert bench.reload(run_id).state == "queued"
    undisturbed()
    pipeline.perform(bench.platform, {"run_id": run_id})
    assert bench.reload(run_id).state == "done"
    assert len(bench.datasets()) == COUNT


def test_a_run_whose_job_waits_is_the_one_that_is_started(bench):
    assert queue(bench) == queue(bench)
    with bench.platform.read(SYSTEM) as work:
        assert len(work.session.scalars(select(HarvestRun)).all()) == 1
