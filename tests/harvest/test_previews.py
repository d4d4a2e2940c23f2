from datetime import timedelta

import pytest

from opendata.base.models import HarvestRun, HarvestSource
from opendata.base.runtime import SYSTEM
from opendata.services.harvest import runs, sources
from opendata.services.harvest.contract import End, Rec
from opendata.services.harvest.runs import NoPreview, NotAccepted, OtherRun
from opendata.testing.harvest_bench import Scripted, a_source, rec, recs


@pytest.fixture
def harvester():
    return Scripted(recs(3))


def test_a_draft_source_can_be_previewed_but_not_run(platform, harvester):
    bench = a_source(platform, harvester, accept=False)
    assert bench.run("preview").state == "done"
    with pytest.raises(NotAccepted):
        bench.run()
    assert not bench.datasets()
    assert not bench.records()


def test_a_preview_shows_each_class_with_before_and_after(platform, harvester):
    bench = a_source(platform, harvester)
    bench.run()
    harvester.listing = [
        rec(0),
        rec(1, title="Tên mới", license="giấy phép lạ", themes=["TRAN", "ENVI"]),
        rec(7),
        Rec(guid="bad", raw={"title": ""}),
        End(),
    ]
    run = bench.run("preview")
    result = run.result
    assert result["counts"] == {"unchanged": 1, "quarantined": 2, "new": 1, "missing": 1}
    assert result["proof"]["complete"] is True
    assert [sample["guid"] for sample in result["samples"]["missing"]] == ["g2"]
    assert result["samples"]["new"][0]["after"]["title"] == {"vi": "Bộ số 7"}
    assert result["seconds_estimate"] >= 1
    assert result["breaker"] == []
    assert bench.datasets()[1].content["title"]["vi"] == "Bộ số 1"


def test_a_changed_record_is_shown_by_its_changes(platform, harvester):
    bench = a_source(platform, harvester)
    bench.run()
    harvester.listing = [rec(0), rec(1, title="Tên mới"), rec(2), End()]
    (sample,) = bench.run("preview").result["samples"]["changed"]
    assert (sample["before"], sample["after"]) == ({"title.vi": "Bộ số 1"}, {"title.vi": "Tên mới"})


def test_a_preview_applied_does_what_it_showed_without_asking_again(platform, harvester):
    bench = a_source(platform, harvester)
    preview = bench.run("preview")
    asked = len(harvester.cursors)
    harvester.listing = recs(30)
    run = bench.apply_preview(preview)
    assert len(harvester.cursors) == asked
    assert (run.state, run.counts["new"], run.diff_hash) == ("done", 3, preview.diff_hash)
    assert len(bench.datasets()) == 3


def test_a_preview_that_no_longer_fits_asks_again(platform, harvester):
    bench = a_source(platform, harvester)
    preview = bench.run("preview")
    harvester.listing = recs(2)
    bench.run()
    run = bench.apply_preview(preview)
    assert (run.state, run.error_code) == ("failed", "preview_stale")
    assert len(bench.datasets()) == 2


def test_a_preview_puts_nothing_back_that_is_newer(platform, harvester):
    bench = a_source(platform, harvester)
    bench.run()
    harvester.listing = [rec(0, title="Tên thứ hai"), rec(1), rec(2), End()]
    preview = bench.run("preview")
    harvester.listing = [rec(0, title="Tên thứ ba"), rec(1), rec(2), End()]
    bench.run()
    run = bench.apply_preview(preview)
    assert (run.state, run.error_code) == ("failed", "preview_stale")
    titles = {dataset.content["title"]["vi"] for dataset in bench.datasets()}
    assert titles == {"Tên thứ ba", "Bộ số 1", "Bộ số 2"}


def test_a_preview_is_not_applied_by_another_run(platform, harvester):
    bench = a_source(platform, harvester)
    preview = bench.run("preview")
    with platform.work(SYSTEM) as work:
        other = runs.start(work, work.session.get_one(HarvestSource, bench.source_id))
        with pytest.raises(OtherRun):
            runs.apply_preview(work, work.session.get_one(HarvestRun, preview.id))
        runs.cancel(work, other)
        first = runs.apply_preview(work, work.session.get_one(HarvestRun, preview.id))
        assert runs.apply_preview(work, work.session.get_one(HarvestRun, preview.id)) is first


def test_a_preview_grows_old_in_a_day(platform, harvester):
    bench = a_source(platform, harvester)
    preview = bench.run("preview")
    now = platform.clock
    platform.clock = lambda: now() + timedelta(hours=25)
    with pytest.raises(NoPreview):
        bench.apply_preview(preview)


def test_a_paused_source_does_not_run(platform, harvester):
    bench = a_source(platform, harvester)
    with platform.work(SYSTEM) as work:
        sources.pause(work, work.session.get_one(HarvestSource, bench.source_id))
    with pytest.raises(NotAccepted):
        bench.run("scheduled")


def test_unknown_licences_and_formats_are_listed(platform, harvester):
    harvester.listing = [rec(0, urls=["https://a.example/x.csv"]), End()]

    class Wondering(Scripted):
        def dataset(self, raw, ctx):
            ctx.license("Giấy phép lạ")
            ctx.format("xyz")
            return super().dataset(raw, ctx)

    bench = a_source(platform, Wondering(harvester.listing))
    result = bench.run("preview").result
    assert (result["unknown_licences"], result["unknown_formats"]) == (["Giấy phép lạ"], ["xyz"])


def test_any_kind_but_a_preview_needs_an_accepted_source(platform, harvester):
    bench = a_source(platform, harvester, accept=False)
    with platform.work(SYSTEM) as work, pytest.raises(NotAccepted):
        runs.start(work, work.session.get_one(HarvestSource, bench.source_id), "remap")
