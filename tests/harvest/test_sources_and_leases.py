import os
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from opendata.assembly import assemble
from opendata.base.kit.errors import Invalid, NotFound
from opendata.base.models import HarvestRun, HarvestSource, Job
from opendata.base.runtime import SYSTEM, Caller, jobs
from opendata.services.harvest import lease, pipeline, runs, sources
from opendata.services.harvest.lease import LeaseLost
from opendata.settings import Settings
from opendata.testing import modes
from opendata.testing.harvest_bench import Scripted, a_source, an_organization, recs

STRANGER = Caller(kind="user", user_id="u1", name="Người lạ")


@pytest.fixture
def bench(platform):
    return a_source(platform, Scripted(recs(3)), config={"token": "bi-mat-9"})


def test_a_source_is_checked_by_the_schema_of_its_type(platform):
    with platform.work(SYSTEM) as work:
        organization = an_organization(work)
        wrong = [
            {"type": "khong-co", "url": "https://a.example", "title": "x"},
            {"type": "ckan", "url": "ftp://a.example", "title": "x"},
            {"type": "ckan", "url": "https://a.example", "title": " "},
            {"type": "ckan", "url": "https://a.example", "title": "x", "config": {"rows": 10**9}},
            {"type": "ckan", "url": "https://a.example", "title": "x", "config": {"la": 1}},
            {"type": "folder", "url": "../x", "title": "x"},
        ]
        fields = []
        for values in wrong:
            with pytest.raises(Invalid) as refused:
                sources.create(work, organization_id=organization.id, **values)
            fields += refused.value.fields
    assert fields == ["type", "url", "title", "config.rows", "config.la", "url"]


def test_a_secret_goes_in_and_never_out_and_does_not_follow_to_another_address(platform, bench):
    with platform.work(SYSTEM) as work:
        source = sources.get(work, bench.source_id)
        assert source.config == {"flavour": ""}
        assert sources.secret_names(source) == ("token",)
        sources.edit(work, source, config={"flavour": "ngot"})
        assert sources.as_listed(source).config == {"token": "bi-mat-9", "flavour": "ngot"}
        assert sources.masked(source, "token=bi-mat-9") == "token=***"
        sources.edit(work, source, url="https://b.example/", config={"flavour": "chua"})
        assert sources.secret_names(source) == ()


def test_a_source_is_seen_by_its_own_department_only(platform, bench):
    own = Caller(kind="user", user_id="u2", name="x", roles={bench.source.organization_id: "member"})
    with platform.read(STRANGER) as work:
        assert not sources.visible(work)
        with pytest.raises(NotFound):
            sources.get(work, bench.source.slug)
    with platform.read(own) as work:
        assert [source.id for source in sources.visible(work)] == [bench.source_id]


def test_one_worker_holds_a_source_and_a_late_one_writes_nothing(platform, bench):
    with platform.work(SYSTEM) as work:
        first = lease.take(work, bench.source_id, "other-host:1:1:a")
    with pytest.raises(LeaseLost), platform.work(SYSTEM) as work:
        lease.take(work, bench.source_id, "other-host:2:1:b")
    now = platform.clock
    platform.clock = lambda: now() + timedelta(seconds=90)
    with platform.work(SYSTEM) as work:
        assert lease.take(work, bench.source_id, "other-host:2:1:b") == first + 1
    with pytest.raises(LeaseLost):
        _write_late(platform, bench, first)
    assert bench.source.title == "Nguồn"


def _write_late(platform, bench, fence):
    with platform.work(SYSTEM) as work:
        work.session.get_one(HarvestSource, bench.source_id).title = "ghi muộn"
        lease.hold(work, bench.source_id, fence)


def test_a_run_waits_while_another_worker_holds_its_source(platform, bench):
    with platform.work(SYSTEM) as work:
        lease.take(work, bench.source_id, "other-host:1:1:a")
        run_id = runs.start(work, work.session.get_one(HarvestSource, bench.source_id)).id
    assert pipeline.run(platform, run_id) == "busy"
    with pytest.raises(pipeline.SourceBusy):
        pipeline.perform(platform, {"run_id": run_id})
    assert bench.reload(run_id).state == "queued"
    assert not bench.datasets()


def test_a_run_waits_for_its_source_as_long_as_it_is_held(platform, bench):
    with platform.work(SYSTEM) as work:
        fence = lease.take(work, bench.source_id, "other-host:1:1:a")
        run_id = runs.start(work, work.session.get_one(HarvestSource, bench.source_id)).id
    with platform.read(SYSTEM) as work:
        (job_id,) = work.session.scalars(select(Job.id))
    perform = jobs.runner(platform, pipeline.perform)
    for _ in range(jobs.MAX_ATTEMPTS + 1):
        perform({"job": job_id})
    with platform.work(SYSTEM) as work:
        lease.give_back(work, bench.source_id, fence)
    perform({"job": job_id})
    assert bench.reload(run_id).state == "done"


def test_the_lease_of_a_process_that_is_gone_ends_at_once(platform, bench):
    host = lease.owner_name().split(":")[0]
    for owner in (f"{host}:999999999:5:a", f"{host}:{os.getpid()}:1:a"):
        with platform.work(SYSTEM) as work:
            lease.take(work, bench.source_id, owner)
    with platform.work(SYSTEM) as work:
        lease.take(work, bench.source_id, lease.owner_name())
    with pytest.raises(LeaseLost), platform.work(SYSTEM) as work:
        lease.take(work, bench.source_id, lease.owner_name())


def test_a_finished_run_is_not_run_again(platform, bench):
    run = bench.run()
    assert pipeline.run(platform, run.id) == "done"
    assert bench.reload(run.id).attempt == 1


def test_a_cancelled_run_writes_no_more_and_frees_its_source(platform, bench):
    harvester = Scripted()

    def listing(_io):
        yield from recs(2)[:2]
        with platform.work(SYSTEM) as work:
            runs.cancel(work, runs.get(work, run_id))
        yield recs(0)[0]

    harvester.listing = listing
    other = a_source(platform, harvester)
    with platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, other.source_id)).id
    assert pipeline.run(platform, run_id) == "lost"
    assert (other.reload(run_id).state, other.datasets()) == ("cancelled", [])
    assert other.source.lease_owner is None


def test_an_unchanged_run_asks_the_database_no_question_per_record(platform):
    bench = a_source(platform, Scripted(recs(400)))
    bench.run()
    statements = []
    event.listen(platform.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert bench.run().counts["unchanged"] == 400
    assert len(statements) < 100, statements


def test_a_started_run_is_carried_out_by_the_queue(engines, tmp_path):
    urls = {"search_url": "memory://", **modes.engine_settings(tmp_path)}
    settings = Settings(data_dir=str(tmp_path), mode="test", log_level="WARNING", **urls)
    platform = assemble(settings, immediate_jobs=True)
    modes.make_tables(platform.engine)
    bench = a_source(platform, Scripted(recs(2)))
    with platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, bench.source_id)).id
    assert bench.reload(run_id).state == "done"
    assert {dataset.state for dataset in bench.datasets()} == {"published"}
    with platform.read(SYSTEM) as work:
        assert work.session.get_one(HarvestRun, run_id).ended_at is not None
    platform.close()
    modes.forget(tmp_path)
