"""Harvests over HTTP through the whole pipeline, from servers that stumble, lie or change."""

import json
import uuid

import pytest
from sqlalchemy import select

from opendata.base.models import HarvestEvent, HarvestSource, Resource
from opendata.base.runtime import SYSTEM
from opendata.base.runtime.jobs import Interrupted
from opendata.services.harvest import pipeline, runs
from opendata.services.harvest.http import AskedToWait
from opendata.services.harvest.reach import Reach
from opendata.testing.harvest_bench import a_source
from opendata.testing.hostile_server import Answer, HostileServer, json_answer

MAPPING = {
    "defaults": {
        "license": "cc0",
        "frequency": "MONTHLY",
        "access_level": "public",
        "themes": ["TRAN"],
        "legal_basis": [{"code": "Luật 20/2023/QH15"}],
        "pham_vi": {"mode": "none"},
        "contact": [{"name": {"vi": "Văn phòng"}, "email": "vp@haiphong.example"}],
    }
}


class Script:
    """Answers of a server that a test may change between runs."""

    def __init__(self):
        self.answer = lambda seen: Answer(status=404)

    def __call__(self, seen):
        return self.answer(seen)


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def server(script):
    with HostileServer(script) as server:
        yield server


@pytest.fixture
def ckan(platform, server):
    return a_source(platform, type="ckan", url=server.url, mapping=MAPPING, config={"rows": 10})


@pytest.fixture
def datajson(platform, server):
    return a_source(platform, type="datajson", url=server.url + "/data.json", mapping=MAPPING)


def package(number, **more):
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "name": f"bo-du-lieu-{number}",
        "title": f"Bộ dữ liệu {number}",
        "notes": "Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng.",
        "metadata_modified": "2026-01-02T03:04:05.000006",
        "resources": [{"id": f"r{number}", "url": f"https://a.example/{number}.csv", "format": "CSV"}],
        **more,
    }


def portal(packages, *, failing=lambda start: None, total=None):
    def answer(seen):
        start, rows = int(seen.query.get("start", 0)), int(seen.query.get("rows", 10))
        failure = failing(start)
        if failure is not None:
            return failure
        count = len(packages) if total is None else total
        return json_answer(
            {"success": True, "result": {"count": count, "results": packages[start : start + rows]}}
        )

    return answer


def entry(number, **more):
    return {
        "identifier": f"hp-{number}",
        "title": f"Bộ dữ liệu {number}",
        "description": "Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng.",
        "keyword": ["cảng"],
        "modified": "2026-01-01",
        "accessLevel": "public",
        "distribution": [{"downloadURL": f"https://a.example/{number}.csv", "mediaType": "text/csv"}],
        **more,
    }


def document(*entries, **headers):
    body = json.dumps({"dataset": list(entries)}).encode()
    return lambda _: Answer(body=body, headers=headers)


def titles(bench):
    return sorted(dataset.content["title"]["vi"] for dataset in bench.datasets())


def codes(bench, run):
    with bench.platform.read(SYSTEM) as work:
        return set(work.session.scalars(select(HarvestEvent.code).where(HarvestEvent.run_id == run.id)))


def test_a_portal_comes_in_and_an_unchanged_one_stays(ckan, script):
    script.answer = portal([package(number) for number in range(25)])
    assert (ckan.run().state, len(ckan.datasets())) == ("done", 25)
    run = ckan.run()
    assert (run.state, run.counts["unchanged"], run.complete) == ("done", 25, True)


def test_a_source_that_wants_to_be_left_alone_for_long_is_asked_again_later(ckan, script, server):
    packages = [package(number) for number in range(25)]
    pause = Answer(status=429, headers={"Retry-After": "1800"})
    script.answer = portal(packages, failing=lambda start: pause if start >= 10 else None)
    with ckan.platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, ckan.source_id)).id
    with pytest.raises(AskedToWait) as caught:
        pipeline.run(ckan.platform, run_id)
    assert caught.value.delay == 1800
    assert (ckan.reload(run_id).state, ckan.reload(run_id).attempt) == ("queued", 0)
    asked = len(server.seen)
    script.answer = portal(packages)
    assert pipeline.run(ckan.platform, run_id) == "done"
    assert len(server.seen) - asked <= 3
    assert len(ckan.datasets()) == 25


def test_a_source_that_wants_to_be_left_alone_for_ever_is_given_up(ckan, script):
    script.answer = lambda _: Answer(status=503, headers={"Retry-After": "1800"})
    with ckan.platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, ckan.source_id)).id
    for _ in range(runs.MAX_ATTEMPTS - 1):
        with pytest.raises(AskedToWait):
            pipeline.run(ckan.platform, run_id)
    assert pipeline.run(ckan.platform, run_id) == "failed"
    assert ckan.reload(run_id).error_code == "source_error"


def test_one_page_that_is_never_answered_costs_that_page(ckan, script):
    packages = [package(number) for number in range(25)]
    pause = Answer(status=503, headers={"Retry-After": "1800"})
    script.answer = portal(packages, failing=lambda start: pause if start >= 10 else None)
    with ckan.platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, ckan.source_id)).id
    for _ in range(runs.MAX_ATTEMPTS):
        with pytest.raises(AskedToWait):
            pipeline.run(ckan.platform, run_id)
    assert pipeline.run(ckan.platform, run_id) == "done_with_errors"
    assert ckan.reload(run_id).error_code == "partial"
    assert len(ckan.datasets()) >= 10


def test_nobody_waits_for_a_source_when_the_worker_leaves(ckan, script):
    platform = ckan.platform
    platform.register(Reach, Reach(platform.settings, platform.stopping))

    def busy(_):
        platform.stopping.set()
        return Answer(status=503, headers={"Retry-After": "50"})

    script.answer = busy
    with platform.work(SYSTEM) as work:
        run_id = runs.start(work, work.session.get_one(HarvestSource, ckan.source_id)).id
    with pytest.raises(Interrupted):
        pipeline.run(platform, run_id)
    assert (ckan.reload(run_id).state, ckan.reload(run_id).attempt) == ("queued", 0)


def test_a_page_that_keeps_failing_makes_the_run_partial_and_nothing_is_missing(ckan, script):
    packages = [package(number) for number in range(25)]
    script.answer = portal(packages)
    ckan.run()
    changed = [package(number, title=f"Tên mới {number}") for number in range(25)]
    script.answer = portal(changed, failing=lambda start: Answer(status=500) if start >= 9 else None)
    run = ckan.run()
    assert (run.state, run.error_code, run.complete) == ("done_with_errors", "partial", False)
    assert run.counts["changed"] >= 9
    assert "missing" not in run.counts
    assert len(ckan.datasets()) == 25


def test_a_page_that_fails_once_is_asked_again(ckan, script):
    left = [1]

    def failing(start):
        if start >= 9 and left:
            left.pop()
            return Answer(status=503)
        return None

    script.answer = portal([package(number) for number in range(25)], failing=failing)
    run = ckan.run()
    assert (run.state, run.complete, run.counts["new"]) == ("done", True, 25)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"<html>Sign in</html>", type="text/html"),
        Answer(body=b"null"),
        Answer(body=b'{"success": false, "error": {"message": "down"}}'),
        Answer(body=b'{"success": true, "result": {}}'),
        Answer(body=b'{"success": true, "resu', type="application/json"),
        Answer(status=403),
        Answer(status=500),
    ],
)
def test_a_portal_that_answers_nonsense_costs_nothing(ckan, script, answer):
    script.answer = portal([package(number) for number in range(5)])
    ckan.run()
    script.answer = lambda _: answer
    run = ckan.run()
    assert run.state in {"failed", "done_with_errors"}
    assert not run.complete
    assert run.error_code
    assert "missing" not in run.counts
    assert len(titles(ckan)) == 5


def test_a_total_that_lies_makes_the_run_partial(ckan, script):
    script.answer = portal([package(number) for number in range(20)], total=25)
    run = ckan.run()
    assert (run.complete, run.counts["new"]) == (False, 20)


@pytest.mark.parametrize("form", ["{}", "{}Z", "{}+00:00", "{}+07:00"])
def test_dates_with_and_without_a_zone_do_not_change_by_themselves(ckan, script, form):
    script.answer = portal([package(0, metadata_modified=form.format("2026-01-02T03:04:05"))])
    ckan.run()
    assert ckan.run().counts["unchanged"] == 1
    script.answer = portal([package(0, metadata_modified=form.format("2026-01-02T03:04:06"))])
    run = ckan.run()
    assert (run.state, run.counts.get("changed", 0) + run.counts.get("noise", 0)) == ("done", 1)


def test_a_document_with_a_bad_link_and_a_nameless_record_is_not_plainly_done(datajson, script, platform):
    links = [
        {"downloadURL": "https://a.example/a.csv", "mediaType": "text/csv"},
        {"downloadURL": "khong phai url"},
        {"downloadURL": "https://a.example/b.kml"},
    ]
    nameless = entry(1)
    del nameless["identifier"]
    script.answer = document(entry(0, distribution=links), nameless)
    run = datajson.run()
    assert (run.state, run.counts["unnamed"], run.counts["with_problems"]) == ("done_with_errors", 1, 1)
    assert codes(datajson, run) >= {"bad_url", "missing_guid"}
    (problem,) = [p for p in datajson.records()["hp-0"].problem if p["code"] == "bad_url"]
    assert "distribution" in problem["path"]
    with platform.read(SYSTEM) as work:
        kept = work.session.scalars(select(Resource).order_by(Resource.position)).all()
    assert [resource.format for resource in kept] == ["CSV", "KML"]


def test_a_document_that_has_not_changed_ends_the_run_at_once(datajson, script):
    fresh = document(*(entry(number) for number in range(5)), ETag='"v1"')

    def answer(seen):
        return Answer(status=304) if seen.headers.get("if-none-match") == '"v1"' else fresh(seen)

    script.answer = answer
    datajson.run()
    before = datajson.source.last_complete_at
    run = datajson.run()
    assert (run.state, run.complete, run.counts["unchanged"]) == ("done", True, 5)
    assert "compare" not in run.timings
    assert run.proof["complete"]
    assert datajson.source.last_complete_at > before


def test_an_incomplete_run_is_never_repeated_by_a_304(datajson, script):
    cut = b'{"dataset": [' + json.dumps(entry(0)).encode() + b', {"identifier": '
    script.answer = lambda _: Answer(body=cut, headers={"ETag": '"v1"'})
    run = datajson.run()
    assert (run.complete, titles(datajson)) == (False, ["Bộ dữ liệu 0"])
    asked = []
    script.answer = lambda seen: asked.append(seen) or document(entry(0), entry(1))(seen)
    assert datajson.run().complete
    assert "if-none-match" not in asked[0].headers


def test_a_byte_order_mark_hides_nothing(datajson, ckan, script):
    script.answer = lambda _: Answer(body=b"\xef\xbb\xbf" + json.dumps({"dataset": [entry(0)]}).encode())
    assert (datajson.run().state, len(titles(datajson))) == ("done", 1)
    plain = portal([package(0)])
    script.answer = lambda seen: Answer(body=b"\xef\xbb\xbf" + plain(seen).body)
    assert (ckan.run().state, len(titles(ckan))) == ("done", 1)


@pytest.mark.parametrize("modified", ["2018-05", "2018", "R/P1D", "", "31/05/2018", "hôm qua", "9999-12-31"])
def test_a_date_keeps_its_precision_and_what_is_none_is_unknown(datajson, script, modified):
    script.answer = document(entry(0, modified=modified))
    assert datajson.run().counts["new"] == 1
    (dataset,) = datajson.datasets()
    known = {"2018-05": "2018-05", "2018": "2018", "31/05/2018": "2018-05-31"}
    assert (dataset.content["modified"] or None) == known.get(modified)
    assert (dataset.content["last_update"] or None) == known.get(modified), "what freshness is judged by"


def test_hostile_records_are_item_errors_and_the_others_go_in(datajson, script):
    hostile = [
        entry(1, title="x" * 10_000),
        entry(2, keyword=[f"k{number}" for number in range(100_000)]),
        entry(3, distribution=[{"downloadURL": f"https://a.example/{n}"} for n in range(10_000)]),
        entry(4, title="A\u0000B\u202e"),
        entry(5, description={"a": [1, {"b": None}]}),
        entry(6, title=["không", "phải", "chuỗi"]),
        entry(7, modified={"$date": 1}),
        entry(8, distribution="khong phai danh sach"),
        entry(9, distribution=[None, 5, [], {}]),
        entry(10, landingPage="javascript:alert(1)"),
        entry(11, spatial="x" * 100_000, temporal="2020/../../2021"),
        None,
        "chuỗi",
        7,
        [],
    ]
    script.answer = document(entry(0), *hostile, entry(12))
    run = datajson.run()
    assert run.state == "done_with_errors"
    assert "plugin_bug" not in codes(datajson, run)
    assert {"Bộ dữ liệu 0", "Bộ dữ liệu 12"} <= set(titles(datajson))
    for guid in ("hp-1", "hp-2", "hp-3", "hp-6"):
        assert datajson.records()[guid].state == "quarantined"


def test_a_source_on_a_private_address_is_not_asked(platform):
    bench = a_source(platform, type="datajson", url="http://169.254.169.254/data.json")
    run = bench.run()
    assert (run.state, run.error_code) == ("failed", "blocked_address")
