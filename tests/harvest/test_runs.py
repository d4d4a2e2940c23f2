"""A run from listing to catalogue, with a source that says what the test wants."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DataError

from opendata.base.kit.errors import Invalid, NotFound
from opendata.base.kit.ids import harvested_id
from opendata.base.models import (
    Dataset,
    DatasetRevision,
    HarvestBlob,
    HarvestEvent,
    HarvestOverride,
    HarvestSpool,
    OutboxEntry,
    Resource,
)
from opendata.base.runtime import SYSTEM
from opendata.services.catalog import datasets, reading, workflow
from opendata.services.harvest import runs, sources
from opendata.services.harvest.contract import End, Mark, Rec, RecordError, SourceError, Unread
from opendata.testing.harvest_bench import Scripted, a_source, raw, rec, recs


@pytest.fixture
def harvester():
    return Scripted()


@pytest.fixture
def bench(platform, harvester):
    return a_source(platform, harvester)


def events_of(bench, run):
    with bench.platform.read(SYSTEM) as work:
        found = work.session.scalars(select(HarvestEvent).where(HarvestEvent.run_id == run.id)).all()
    return {(event.code, event.guid): event for event in found}


def count(bench, model):
    with bench.platform.read(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def test_a_first_run_publishes_what_passes_the_gate_and_remembers_where_it_came_from(bench, harvester):
    harvester.listing = recs(3)
    run = bench.run()
    assert (run.state, run.complete, run.counts["new"]) == ("done", True, 3)
    assert {dataset.state for dataset in bench.datasets()} == {"published"}
    record = bench.records()["g1"]
    assert record.dataset_id == harvested_id(bench.source_id, "g1")
    assert (record.url, record.run_id, record.mapping_version) == ("https://a.example/1", run.id, 1)
    assert record.first_seen == record.last_seen == record.last_changed
    assert bench.source.last_complete_at is not None
    with bench.platform.read(SYSTEM) as work:
        assert set(work.session.scalars(select(DatasetRevision.by_name))) == {"Nguồn"}


def test_an_unchanged_run_moves_last_seen_and_writes_nothing_else(bench, harvester):
    harvester.listing = recs(3)
    bench.run()
    before, effects = bench.records()["g1"], count(bench, OutboxEntry)
    revisions, blobs = count(bench, DatasetRevision), count(bench, HarvestBlob)
    run = bench.run()
    after = bench.records()["g1"]
    assert (run.state, run.counts["unchanged"]) == ("done", 3)
    assert after.last_seen > before.last_seen
    assert (after.last_changed, after.run_id) == (before.last_changed, before.run_id)
    assert count(bench, DatasetRevision) == revisions
    assert count(bench, HarvestBlob) == blobs
    with bench.platform.read(SYSTEM) as work:
        topics = work.session.scalars(select(OutboxEntry.topic).offset(effects)).all()
    assert "dataset" not in topics


def test_a_change_edits_the_dataset_and_one_that_changes_nothing_is_noise(bench, harvester):
    harvester.listing = recs(3)
    bench.run()
    harvester.listing = [rec(0, title="Tên mới"), rec(1, title="  Bộ số 1 "), rec(2), End()]
    run = bench.run()
    assert {name: run.counts.get(name) for name in ("changed", "noise", "unchanged")} == {
        "changed": 1,
        "noise": 1,
        "unchanged": 1,
    }
    titles = {dataset.content["title"]["vi"] for dataset in bench.datasets()}
    assert titles == {"Tên mới", "Bộ số 1", "Bộ số 2"}
    again = bench.run()
    assert again.counts["unchanged"] == 3


def test_the_address_of_a_harvested_dataset_is_settled_when_it_is_created(bench, harvester):
    harvester.listing = recs(1)
    bench.run()
    harvester.listing = [rec(0, title="Hoàn toàn khác", slug="ten-khac"), End()]
    bench.run()
    assert [dataset.slug for dataset in bench.datasets()] == ["bo-so-0"]


class Claiming(Scripted):
    """Says of each resource what it likes, past all helpers."""

    def __init__(self, listing, **claims):
        super().__init__(listing)
        self.claims = claims

    def dataset(self, raw, ctx):
        record = super().dataset(raw, ctx)
        return replace(record, resources=tuple(replace(one, **self.claims) for one in record.resources))


def test_no_harvester_gives_a_link_the_bytes_of_a_stored_file(platform):
    bench = a_source(platform, Claiming(recs(1), sha256="ab" * 32))
    assert bench.run().state == "done"
    with platform.read(SYSTEM) as work:
        (resource,) = work.session.scalars(select(Resource))
        assert (resource.sha256, resource.content["sha256"]) == (None, None)
        assert resource.content["download_url"] == "https://a.example/0.csv"
        with pytest.raises(NotFound):
            reading.download(work, resource.id)


def test_an_empty_list_counts_everything_as_missing_and_touches_nothing(bench, harvester):
    harvester.listing = recs(50)
    bench.run()
    harvester.listing = [End()]
    run = bench.run()
    assert (run.complete, run.counts["missing"]) == (True, 50)
    assert {dataset.state for dataset in bench.datasets()} == {"published"}
    assert {record.state for record in bench.records().values()} == {"current"}


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        ([rec(0)], "no_end"),
        ([rec(0), Unread("phong-b", "permission denied"), End()], "unread"),
        ([rec(0), End(expected=50)], "total_mismatch"),
        ([rec(0), End(incremental=True)], "incremental"),
    ],
)
def test_what_was_not_read_to_the_end_is_partial_and_nothing_is_missing(bench, harvester, listing, reason):
    harvester.listing = recs(20)
    bench.run()
    harvester.listing = listing
    run = bench.run()
    assert (run.state, run.complete, run.error_code) == ("done_with_errors", False, "partial")
    assert reason in run.proof["reasons"]
    assert "missing" not in run.counts


def test_a_guid_that_comes_twice_is_a_conflict_and_the_first_wins(bench, harvester):
    harvester.listing = [rec(0), rec(0, title="Thứ hai"), Rec(guid=None, raw={"title": "x"}), rec(1), End()]
    run = bench.run()
    assert run.state == "done_with_errors"
    assert (run.counts["conflict"], run.counts["unnamed"], run.counts["new"]) == (1, 1, 2)
    assert [dataset.content["title"]["vi"] for dataset in bench.datasets()] == ["Bộ số 0", "Bộ số 1"]
    assert run.proof["unsure"] is True
    assert ("conflict", "g0") in events_of(bench, run)
    assert ("missing_guid", None) in events_of(bench, run)


@pytest.mark.parametrize("bad", [None, {"title": ""}, {"explode": "x"}, raw(9, license="x" * 2_000_000)])
def test_a_bad_record_is_quarantined_alone(bench, harvester, bad):
    harvester.listing = [rec(0), Rec(guid="bad", raw=bad), rec(1), End()]
    run = bench.run()
    assert run.state == "done_with_errors"
    assert run.counts["new"] == 2
    record = bench.records()["bad"]
    assert (record.state, record.dataset_id) == ("quarantined", None)
    assert record.problem
    assert all(len(problem["value"]) <= 200 for problem in record.problem)
    assert len(bench.datasets()) == 2


def test_the_last_good_version_stays_while_its_record_is_quarantined(bench, harvester):
    harvester.listing = recs(2)
    bench.run()
    good = bench.records()["g1"]
    harvester.listing = [rec(0), rec(1, keywords={"vi": ["k" * 101]}), End()]
    run = bench.run()
    record = bench.records()["g1"]
    assert (run.counts["quarantined"], record.state) == (1, "quarantined")
    assert (record.dataset_id, record.norm_hash) == (good.dataset_id, good.norm_hash)
    assert record.problem[0]["path"] == "keywords"
    assert {dataset.state for dataset in bench.datasets()} == {"published"}
    harvester.listing = recs(2)
    assert bench.run().state == "done"
    assert bench.records()["g1"].state == "current"


def test_a_record_that_cannot_be_published_becomes_a_draft_with_its_reasons(bench, harvester):
    harvester.listing = [rec(0, license=None), rec(1), End()]
    run = bench.run()
    assert run.state == "done"
    states = {dataset.content["title"]["vi"]: dataset.state for dataset in bench.datasets()}
    assert states == {"Bộ số 0": "draft", "Bộ số 1": "published"}
    assert [problem["code"] for problem in bench.records()["g0"].problem] == ["licence_required"]
    harvester.listing = recs(2)
    bench.run()
    assert {dataset.state for dataset in bench.datasets()} == {"published"}


def test_a_published_dataset_does_not_follow_its_record_below_the_gate(bench, harvester):
    harvester.listing = recs(1)
    bench.run()
    harvester.listing = [rec(0, license=None, title="Không giấy phép"), End()]
    run = bench.run()
    assert run.counts["quarantined"] == 1
    (dataset,) = bench.datasets()
    assert (dataset.state, dataset.content["title"]["vi"]) == ("published", "Bộ số 0")


def test_a_dropped_link_is_told_and_the_run_is_not_plainly_done(bench, harvester):
    good, kml = "https://a.example/a.csv", "https://a.example/b.kml"
    harvester.listing = [rec(0, urls=[good, "khong phai url", kml]), End()]
    run = bench.run()
    assert run.state == "done_with_errors"
    assert run.counts["with_problems"] == 1
    with bench.platform.read(SYSTEM) as work:
        kept = [r.content["access_url"] for r in work.session.scalars(select(Resource))]
    assert kept == [good, kml]
    event = events_of(bench, run)["bad_url", "g0"]
    assert (event.path, event.message) == ("$.urls[1]", "khong phai url")
    assert bench.run().state == "done_with_errors"


def test_a_source_that_publishes_nothing_by_itself_leaves_drafts(platform, harvester):
    bench = a_source(platform, harvester, policy_={"publish": "draft"})
    harvester.listing = recs(1)
    bench.run()
    assert [dataset.state for dataset in bench.datasets()] == ["draft"]


def test_what_a_person_withdrew_stays_withdrawn(bench, harvester):
    harvester.listing = recs(1)
    bench.run()
    with bench.platform.work(SYSTEM) as work:
        workflow.withdraw(work, datasets.get(work, "bo-so-0"), note="Số liệu sai")
    harvester.listing = [rec(0, title="Tên mới"), End()]
    bench.run()
    (dataset,) = bench.datasets()
    assert (dataset.state, dataset.content["title"]["vi"]) == ("withdrawn", "Tên mới")


def test_two_sources_with_one_guid_make_two_datasets_and_take_nothing_over(platform, harvester):
    first, second = a_source(platform, harvester), a_source(platform, harvester, code="SYT")
    harvester.listing = [rec(0, publisher="SXD", slug="bo-so-0"), End()]
    first.run()
    second.run()
    (mine,), (other,) = first.datasets(), second.datasets()
    assert mine.id != other.id
    assert (mine.slug, other.slug) == ("bo-so-0", "bo-so-0-2")
    assert mine.publisher_id != other.publisher_id


def test_a_claimed_publisher_counts_only_where_the_source_was_allowed_it(platform, harvester):
    a_source(platform, harvester, code="SYT")
    bench = a_source(platform, harvester, policy_={"publishers": ["SYT"]})
    harvester.listing = [rec(0, publisher="SYT"), rec(1, publisher="STC"), rec(2), End()]
    bench.run()
    publishers = [dataset.publisher_id for dataset in bench.datasets()]
    assert publishers[0] != publishers[1] == publishers[2]
    assert bench.datasets()[1].content["extras"] == {"source_publisher": "STC"}


def test_an_override_stays_when_the_source_changes(bench, harvester):
    harvester.listing = recs(1)
    bench.run()
    dataset_id = bench.records()["g0"].dataset_id
    with bench.platform.work(SYSTEM) as work:
        work.session.add(
            HarvestOverride(dataset_id=dataset_id, field="title", value={"vi": "Tên đã sửa"}, at=work.now)
        )
    harvester.listing = [rec(0, title="Nguồn đổi tên", frequency="ANNUAL"), End()]
    bench.run()
    (dataset,) = bench.datasets()
    assert (dataset.content["title"]["vi"], dataset.content["frequency"]) == ("Tên đã sửa", "ANNUAL")


def test_resources_keep_their_ids_when_order_name_or_address_parameters_change(bench, harvester):
    def urls(ending, scheme="https"):
        return [f"{scheme}://a.example/{name}.csv{ending}" for name in "abc"]

    def ids():
        with bench.platform.read(SYSTEM) as work:
            return set(work.session.scalars(select(Resource.id)))

    harvester.listing = [rec(0, urls=urls("")), End()]
    bench.run()
    known = ids()
    assert len(known) == 3
    for changed in (urls("?use_labels=true"), urls("?use_labels=false"), urls("", "http"), urls("")[::-1]):
        harvester.listing = [rec(0, urls=changed), End()]
        bench.run()
        assert ids() == known


def test_defaults_of_the_source_fill_what_a_record_leaves_open(platform, harvester):
    bench = a_source(platform, harvester, mapping={"defaults": {"license": "cc0", "frequency": "DAILY"}})
    harvester.listing = [rec(0, license=None), End()]
    bench.run()
    (dataset,) = bench.datasets()
    assert (dataset.state, dataset.content["license"]) == ("published", "cc0")
    assert dataset.content["frequency"] == "MONTHLY"


def test_a_changed_mapping_is_applied_without_asking_the_source(bench, harvester):
    harvester.listing = [rec(0, license=None), rec(1), End()]
    bench.run()
    listed = len(harvester.cursors)
    with bench.platform.work(SYSTEM) as work:
        sources.edit(work, sources.get(work, bench.source_id), mapping={"defaults": {"license": "cc0"}})
    run = bench.run("remap")
    assert len(harvester.cursors) == listed
    assert (run.state, run.counts["changed"], run.counts["noise"]) == ("done", 1, 1)
    assert bench.records()["g1"].mapping_version == 2


def test_a_failed_listing_fails_the_run_with_its_code_and_leaves_all_as_it_was(bench, harvester):
    harvester.listing = recs(3)
    bench.run()
    harvester.listing = [rec(0, title="Tên mới"), SourceError("unreachable", "https://a.example/", "refused")]
    run = bench.run()
    assert (run.state, run.error_code) == ("failed", "unreachable")
    assert bench.datasets()[0].content["title"]["vi"] == "Bộ số 0"
    harvester.listing = recs(3)
    assert bench.run().state == "done"


def test_a_bug_of_the_harvester_fails_the_run_with_a_trace_and_tells_no_secret(platform, harvester):
    bench = a_source(platform, harvester, config={"token": "bi-mat-9"})
    harvester.listing = [rec(0), ValueError("token bi-mat-9 refused")]
    run = bench.run()
    assert (run.state, run.error_code) == ("failed", "plugin_bug")
    assert "bi-mat-9" not in (run.error or "")
    with platform.read(SYSTEM) as work:
        told = work.session.scalars(select(HarvestEvent.message)).all()
    assert not any("bi-mat-9" in (message or "") for message in told)


def test_a_harvester_sees_secrets_while_listing_and_none_while_translating(platform, harvester):
    bench = a_source(platform, harvester, config={"token": "bi-mat-9", "flavour": "ngot"})
    harvester.listing = recs(1)
    bench.run()
    listed, translated = harvester.seen
    assert listed.config == {"token": "bi-mat-9", "flavour": "ngot"}
    assert translated.config == {"flavour": "ngot"}
    assert bench.source.config == {"flavour": "ngot"}


def test_details_are_fetched_only_where_the_listing_looks_different(bench, harvester):
    fetched = []

    def listed(number, modified):
        def fetch():
            fetched.append(number)
            return raw(number)

        return Rec(guid=f"g{number}", fetch=fetch, modified=modified)

    harvester.listing = [listed(0, "1"), listed(1, "1"), End()]
    bench.run()
    harvester.listing = [listed(0, "1"), listed(1, "2"), End()]
    run = bench.run()
    assert sorted(fetched) == [0, 1, 1]
    assert (run.state, run.counts["unchanged"]) == ("done", 2)


def test_a_detail_that_cannot_be_fetched_leaves_its_record_as_it_was(bench, harvester):
    def broken():
        raise SourceError("timeout", "https://a.example/1")

    harvester.listing = recs(2)
    bench.run()
    harvester.listing = [rec(0), Rec(guid="g1", fetch=broken, modified="2"), End()]
    run = bench.run()
    assert (run.state, run.counts["unchanged"], run.complete) == ("done_with_errors", 2, True)
    assert ("timeout", "g1") in events_of(bench, run)
    assert bench.records()["g1"].state == "current"


def test_a_seen_record_that_cannot_be_read_is_no_missing_one(bench, harvester):
    harvester.listing = recs(2)
    bench.run()
    harvester.listing = [rec(0), Rec(guid="g1", error=RecordError("g1", "$", "too_large")), End(expected=2)]
    run = bench.run()
    assert (run.counts["quarantined"], run.counts.get("missing", 0), run.complete) == (1, 0, True)


def test_marks_are_where_a_resumed_run_goes_on(bench, harvester):
    harvester.listing = [rec(0), Mark({"page": 2}), rec(1), KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    with bench.platform.read(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(HarvestSpool)) == 1
    harvester.listing = [rec(1), rec(2), End()]
    run = bench.run()
    assert harvester.cursors == [None, {"page": 2}]
    assert (run.attempt, run.state, run.counts["new"]) == (2, "done", 3)


def test_a_resumed_run_remembers_what_could_not_be_read_before_it(bench, harvester):
    def broken_off(io):
        io.log.fault("parse", "https://a.example/trang/1", "no JSON")
        yield from [rec(0), Unread("thư mục A", "không mở được"), Mark({"page": 2}), KeyboardInterrupt()]

    harvester.listing = broken_off
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    harvester.listing = [rec(1), End()]
    run = bench.run()
    assert (run.attempt, run.state, run.complete) == (2, "done_with_errors", False)
    assert run.proof["reasons"] == ["unread", "parse"]
    assert run.proof["unread"] == [{"what": "thư mục A", "reason": "không mở được"}]


def test_only_one_run_of_a_source_waits_or_runs(bench, harvester):
    with bench.platform.work(SYSTEM) as work:
        source = sources.get(work, bench.source_id)
        assert runs.start(work, source).id == runs.start(work, source).id


def test_a_topic_the_portal_does_not_have_is_left_out_with_a_remark(bench, harvester):
    harvester.listing = [rec(0, topics=["khong-co-chu-de-nay"]), End()]
    assert bench.run().counts["new"] == 1
    assert [problem["code"] for problem in bench.records()["g0"].problem] == ["unknown_topic"]


def test_a_record_that_a_batch_stumbles_over_is_quarantined_and_the_others_go_in(
    bench, harvester, monkeypatch
):
    real = datasets.create

    def create(work, record, **options):
        if record.title["vi"] == "Bộ số 1":
            raise Invalid(fields={"topics": "không có"})
        return real(work, record, **options)

    monkeypatch.setattr(datasets, "create", create)
    harvester.listing = recs(3)
    run = bench.run()
    assert (run.state, run.counts["new"], run.counts["quarantined"]) == ("done_with_errors", 2, 1)
    assert run.counts["created"] == 2
    assert bench.records()["g1"].problem[0]["path"] == "topics"
    assert len(bench.datasets()) == 2


@pytest.mark.parametrize("claim", [{"byte_size": 3_000_000_000}, {"byte_size": 2**63}, {"byte_size": -1}])
def test_a_resource_may_be_larger_than_two_gigabytes_and_no_claim_fails_a_run(platform, claim):
    bench = a_source(platform, Claiming(recs(1), **claim))
    assert bench.run().state == "done"
    with platform.read(SYSTEM) as work:
        stored = work.session.scalars(select(Resource.byte_size)).one()
    assert stored == (3_000_000_000 if claim["byte_size"] == 3_000_000_000 else None)


@pytest.mark.parametrize(("size", "kept"), [(5_000_000_000, 5_000_000_000), (2**63, None)])
def test_a_listed_size_beyond_two_gigabytes_is_kept_and_an_impossible_one_is_none(
    bench, harvester, size, kept
):
    harvester.listing = [replace(rec(0), size=size), End()]
    assert [bench.run().state, bench.run().state] == ["done", "done"]
    assert bench.records()["g0"].size == kept


def test_a_character_that_no_text_column_holds_fails_no_run(bench, harvester):
    odd = replace(rec(0), modified="2026\x00", etag="e\x00", url="https://a.example/\x000")
    bad = Rec(guid="g1", error=RecordError("g1", "$.\x00a", "wrong", "b\x00"))
    items = [odd, bad, Rec(guid="g\x00", raw={}), Unread("phong\x00", "c\x00"), Mark("1"), End()]

    def listing(io):
        io.log.fault("source_error", "d\x00", "e\x00")
        return items

    harvester.listing = listing
    run = bench.run()
    assert (run.state, run.counts["new"]) == ("done_with_errors", 1)
    assert "\\u0000" not in json.dumps([run.proof, run.checkpoint])
    record, refused = bench.records()["g0"], bench.records()["g1"]
    assert (record.modified, record.etag, record.url) == ("2026", "e", "https://a.example/0")
    assert (refused.problem[0]["path"], refused.problem[0]["value"]) == ("$.a", "b")
    told = [(event.path or "") + (event.message or "") for event in events_of(bench, run).values()]
    assert told
    assert not any("\x00" in text for text in told)


def test_what_a_failing_source_says_is_kept_without_characters_no_column_holds(bench, harvester):
    harvester.listing = [SourceError("unreachable", "a\x00", "b\x00")]
    run = bench.run()
    assert (run.state, run.error_code) == ("failed", "unreachable")
    (event,) = events_of(bench, run).values()
    assert "\x00" not in run.error + event.path + event.message


def test_a_record_the_database_does_not_take_is_quarantined_and_the_others_go_in(
    bench, harvester, monkeypatch
):
    real = datasets.create

    def create(work, record, **options):
        if record.title["vi"] == "Bộ số 1":
            raise DataError("INSERT", {}, ValueError("too long"))
        return real(work, record, **options)

    monkeypatch.setattr(datasets, "create", create)
    harvester.listing = recs(3)
    run = bench.run()
    assert (run.state, run.counts["created"], run.counts["quarantined"]) == ("done_with_errors", 2, 1)
    assert [problem["code"] for problem in bench.records()["g1"].problem] == ["not_storable"]


def test_odd_characters_are_cleaned_at_the_door(bench, harvester):
    harvester.listing = [rec(0, title="A\u000bB"), rec(1, title="Ca\u0301t Ha\u0309i\ufffe"), End()]
    assert bench.run().state == "done"
    assert {dataset.content["title"]["vi"] for dataset in bench.datasets()} == {"A B", "Cát Hải"}


def test_events_are_kept_to_a_thousand_and_counted_beyond(bench, harvester):
    harvester.listing = [*(Rec(guid=None, raw={"n": n}) for n in range(1_100)), End()]
    run = bench.run()
    assert run.counts["unnamed"] == run.counts["events"] == 1_100
    assert len(events_of(bench, run)) == 1
    assert count(bench, HarvestEvent) == 1_000


def test_one_source_keeps_datasets_of_another_untouched(platform, harvester):
    bench = a_source(platform, harvester)
    harvester.listing = recs(1)
    bench.run()
    with platform.read(SYSTEM) as work:
        assert work.session.scalar(select(func.count()).select_from(Dataset)) == 1
