"""The CKAN harvester: our contract, its own quirks, and recorded answers of real portals."""

import json
import uuid

import pytest
from opendata_harvest_ckan import Ckan

from opendata.plugin import Rec, RecordError
from opendata.testing.harvest_contract import PagedHarvesterContract
from opendata.testing.harvesting import list_url, source_of, translate
from opendata.testing.hostile_server import Answer, HostileServer, by_path, json_answer
from opendata.testing.replay_server import ReplayServer

SEARCH = "/api/3/action/package_search"


def package(number, **more):
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "name": f"bo-du-lieu-{number}",
        "title": f"Bộ dữ liệu {number}",
        "notes": "Mô tả <b>ngắn</b>",
        "metadata_modified": "2026-01-02T03:04:05.000006",
        "resources": [
            {"id": str(uuid.uuid4()), "url": "https://a.example/a.csv", "format": "CSV", "name": "Bảng"}
        ],
        "tags": [{"name": "cảng biển"}],
        **more,
    }


def search(packages, seen, cap=1_000, *, total=None):
    start, rows = int(seen.query.get("start", 0)), min(int(seen.query.get("rows", 10)), cap)
    count = len(packages) if total is None else total
    return json_answer(
        {"success": True, "result": {"count": count, "results": packages[start : start + rows]}}
    )


def harvest(script, **options):
    with HostileServer(script) as server:
        source, listed = list_url(Ckan(), server.url, **options)
    return source, listed, server.seen


class TestContract(PagedHarvesterContract):
    harvester = Ckan()

    def entries(self, count):
        return [package(number) for number in range(count)]

    def guid(self, entry):
        return entry["id"]

    def nameless(self, entry):
        return {key: value for key, value in entry.items() if key != "id"}

    def answer(self, entries, seen, cap):
        return search(entries, seen, cap)


def test_pages_are_sorted_by_id_and_asked_for_with_their_size():
    _, listed, seen = harvest(lambda s: search([package(n) for n in range(3)], s))
    assert seen[0].path == SEARCH
    assert seen[0].query | {"start": ""} == {"q": "*:*", "sort": "id asc", "rows": "500", "start": ""}
    assert (listed.complete, listed.end.expected, listed.end.incremental) == (True, 3, False)
    assert listed.records[0].modified == "2026-01-02T03:04:05.000006"
    assert listed.records[0].url.endswith("/dataset/bo-du-lieu-0")


def test_a_server_with_small_pages_is_read_to_its_end():
    packages = [package(n) for n in range(101)]
    _, listed, _ = harvest(lambda s: search(packages, s, 10))
    assert listed.guids == [one["id"] for one in packages]
    assert listed.complete


def test_a_server_that_gives_one_row_a_page_is_read_to_its_end():
    packages = [package(n) for n in range(5)]
    _, listed, _ = harvest(lambda s: search(packages, s, 1))
    assert (len(listed.guids), listed.complete) == (5, True)


def test_a_record_added_between_two_pages_is_stored_once_and_the_run_stays_complete():
    a, b = package(0), package(1)
    calls = []

    def script(seen):
        calls.append(seen)
        return search([a] if len(calls) == 1 else [a, b], seen)

    _, listed, _ = harvest(script)
    assert listed.guids.count(a["id"]) == 1
    assert listed.complete


def test_records_removed_while_listing_make_no_other_record_vanish():
    packages = [package(n) for n in range(40)]
    calls = []

    def script(seen):
        calls.append(seen)
        held = packages if len(calls) < 2 else packages[5:]
        return search(held, seen, 10)

    _, listed, _ = harvest(script)
    assert {one["id"] for one in packages[5:]} <= set(listed.guids)
    assert listed.complete


def test_a_total_that_grows_makes_the_listing_be_read_again():
    packages = [package(n) for n in range(30)]
    late = package(99) | {"id": "0" * 8}
    calls = []

    def script(seen):
        calls.append(seen)
        return search(packages if len(calls) == 1 else [late, *packages], seen, 10)

    _, listed, _ = harvest(script)
    assert "00000000" in listed.guids
    assert (listed.complete, listed.end.expected) == (True, 31)


def test_a_total_that_never_stands_still_is_partial():
    packages = [package(n) for n in range(30)]
    calls = []

    def script(seen):
        calls.append(seen)
        return search(packages, seen, 10, total=30 + len(calls))

    _, listed, _ = harvest(script)
    assert (listed.faults, len(listed.guids)) == (["total_mismatch"], 30)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"success": False, "error": {"message": "Chỉ mục đang hỏng"}}, "source_error"),
        ({"success": "true", "result": {}}, "source_error"),
        ({"success": True, "result": {"count": 1}}, "not_expected_type"),
        ({"success": True, "result": None}, "not_expected_type"),
        ({"success": True, "result": {"count": 1, "results": {"a": 1}}}, "not_expected_type"),
    ],
)
def test_failures_told_with_status_200_fail_the_run(body, code):
    _, listed, _ = harvest(lambda _: json_answer(body))
    assert (listed.failure.code, listed.records) == (code, [])


def test_a_failure_told_on_page_two_is_partial():
    packages = [package(n) for n in range(30)]

    def script(seen):
        if seen.query["start"] != "0":
            return json_answer({"success": False, "error": {"__type": "Search Error"}})
        return search(packages, seen, 10)

    _, listed, _ = harvest(script)
    assert (listed.faults, len(listed.guids)) == (["source_error"], 10)


@pytest.mark.parametrize("status", [401, 403])
def test_a_right_lost_in_the_middle_stops_the_listing(status):
    packages = [package(n) for n in range(30)]
    _, listed, seen = harvest(
        lambda s: search(packages, s, 10) if s.query["start"] == "0" else Answer(status=status)
    )
    assert (len(seen), listed.complete, len(listed.guids)) == (2, False, 10)


def test_a_listing_goes_on_from_its_mark():
    packages = [package(n) for n in range(35)]
    _, whole, _ = harvest(lambda s: search(packages, s, 10))
    cursor = whole.marks[1].cursor
    _, rest, seen = harvest(lambda s: search(packages, s, 10), cursor=cursor)
    assert rest.guids == [one["id"] for one in packages[19:]]
    assert (seen[0].query["start"], rest.complete) == ("18", True)
    _, nothing, seen = harvest(lambda s: search(packages, s, 10), cursor=whole.marks[-1].cursor)
    assert (nothing.records, len(seen), nothing.end.expected, nothing.complete) == ([], 1, 35, True)


def test_an_incremental_listing_asks_for_changes_with_an_hour_of_overlap():
    _, listed, seen = harvest(
        lambda s: search([package(1)], s),
        cursor={"since": "2026-01-02T10:00:00+07:00"},
        config={"filter": "organization:x"},
    )
    assert seen[0].query["fq"] == "(organization:x) AND (metadata_modified:[2026-01-02T02:00:00Z TO *])"
    assert listed.end.incremental


def test_the_key_is_sent_and_the_filter_used():
    _, _, seen = harvest(lambda s: search([], s), config={"api_key": "khoa", "filter": "organization:x"})
    assert (seen[0].headers["authorization"], seen[0].query["fq"]) == ("khoa", "organization:x")


def test_a_byte_order_mark_and_other_charsets_are_read():
    body = json.dumps(
        {"success": True, "result": {"count": 1, "results": [package(0)]}}, ensure_ascii=False
    ).encode()
    for one in (
        Answer(body=b"\xef\xbb\xbf" + body),
        Answer(body=body.decode().encode("utf-16"), type="application/json"),
        Answer(
            body=body.decode()
            .replace("ữ", "u")
            .replace("ệ", "e")
            .replace("ộ", "o")
            .replace("ả", "a")
            .encode("latin-1", "ignore"),
            type="application/json; charset=iso-8859-1",
        ),
    ):
        _, listed, _ = harvest(lambda _, one=one: one)
        assert len(listed.guids) == 1


def test_odd_text_of_one_package_costs_no_page():
    strange = b'{"id": "a", "name": "a", "title": "A\\ud800B\\u000b", "so": 123456789012345678901234567890}'
    plain = b'{"id": "b", "title": "B"}'
    bad = b'{"success": true, "result": {"count": 2, "results": [' + strange + b", " + plain + b"]}}"
    source, listed, _ = harvest(lambda s: Answer(body=bad if s.query["start"] == "0" else search([], s).body))
    assert listed.guids == ["a", "b"]
    record, _ = translate(Ckan(), source, listed.records[0])
    assert record.title["vi"] == "AB"


# mapping --------------------------------------------------------------------------------------------


def mapped(**more):
    harvester = Ckan()
    entry = package(1, **more)
    record, remarks = translate(harvester, source_of(harvester, "https://ckan.example"), _rec(entry))
    return record, {(one.path, one.code) for one in remarks}


def _rec(entry):
    return Rec(guid=entry["id"], raw=entry)


def test_a_package_becomes_a_record():
    record, remarks = mapped(
        license_id="cc-by",
        extras=[{"key": "frequency", "value": "R/P1M"}, {"key": "Đơn vị đo", "value": "tấn"}],
        organization={"name": "so-xay-dung", "title": "Sở Xây dựng"},
        title_translated={"vi": "Cảng", "en": "Ports"},
        maintainer="Phòng Dữ liệu",
        maintainer_email="dulieu@a.example",
        spatial='{"type": "Point", "coordinates": [106.7, 20.8]}',
        temporal_start="2020",
        temporal_end="2025-06",
    )
    assert remarks == set()
    assert record.title == {"vi": "Cảng", "en": "Ports"}
    assert record.description == {"vi": "Mô tả **ngắn**"}
    assert record.keywords == {"vi": ["cảng biển"]}
    assert (record.license, record.frequency) == ("cc-by-4.0", "MONTHLY")
    assert record.modified == "2026-01-02T03:04:05.000006Z"
    assert (record.temporal.start, record.temporal.end) == ("2020", "2025-06")
    assert record.spatial.bbox == (106.7, 20.8, 106.7, 20.8)
    assert record.contact[0].email == "dulieu@a.example"
    assert record.extras["Đơn vị đo"] == "tấn"
    assert record.resources[0].format == "CSV"


def test_whose_a_record_is_is_not_the_sources_to_say():
    record, _ = mapped(organization={"name": "so-khac", "title": "Sở khác"})
    assert record.publisher is None
    assert record.extras["source_publisher"] == "so-khac"
    assert [one.id for one in record.resources] == [None]


def test_a_digest_the_source_tells_makes_a_link_no_stored_file():
    file = {"url": "https://a.example/a.csv", "format": "CSV", "hash": "sha256:" + "ab" * 32}
    record, remarks = mapped(resources=[file])
    assert [(one.sha256, one.download_url) for one in record.resources] == [(None, "https://a.example/a.csv")]
    assert remarks == set()


def test_a_bad_link_is_told_and_the_good_ones_stay():
    record, remarks = mapped(
        resources=[
            {"url": "https://a.example/a.csv", "format": "CSV"},
            {"url": "khong phai url"},
            {"url": "ftp://a.example/b.csv"},
            {"url": "https://a.example/b.kml"},
            {"url": "https://a.example/báo cáo.pdf"},
            {},
            None,
        ]
    )
    assert [one.access_url for one in record.resources] == [
        "https://a.example/a.csv",
        "https://a.example/b.kml",
        "https://a.example/báo%20cáo.pdf",
    ]
    assert [(one.format, one.kind) for one in record.resources] == [
        ("CSV", "link"),
        ("KML", "link"),
        ("PDF", "document"),
    ]
    assert remarks == {
        ("$.resources[1].url", "bad_url"),
        ("$.resources[2].url", "bad_url"),
        ("$.resources[5].url", "missing_url"),
        ("$.resources[6]", "not_an_object"),
    }


@pytest.mark.parametrize("raw", [None, 5, "x", [], {}, {"title": ""}, {"title": None, "name": ""}])
def test_what_is_no_package_is_refused_alone(raw):
    with pytest.raises(RecordError):
        translate(Ckan(), source_of(Ckan(), "https://ckan.example"), Rec(guid="x", raw=raw))


@pytest.mark.parametrize(
    "strange",
    [
        {"resources": {"a": 1}},
        {"resources": "x"},
        {"tags": [None, 5, {"x": 1}]},
        {"tags": {"a": 1}},
        {"extras": [None, {"key": 5}, {"value": 1}]},
        {"organization": "x"},
        {"groups": [5, None]},
        {"notes": ["a"]},
        {"title_translated": "x"},
        {"spatial": "{"},
        {"spatial": [[[[]]]]},
        {"spatial": {"type": 5}},
        {"spatial": '{"type":"Polygon","coordinates":[[["a","b"]]]}'},
        {"license_id": {"a": 1}},
        {"language": {"a": 1}},
        {"metadata_modified": 5},
        {"url": {"x": 1}},
        {"temporal_start": ["2020"]},
        {"contact": '[{"name": 5}, 7]'},
        {"private": "yes"},
        {"theme": [{"a": 1}]},
        {"spatial": {"type": "envelope", "coordinates": []}},
    ],
)
def test_values_of_the_wrong_kind_never_break_the_translation(strange):
    record, _ = mapped(**strange)
    assert record.title["vi"]


# recorded answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "packages", "resources", "total"),
    [
        ("catalog", 10, 227, 13_786),
        ("catalog_search", 10, 158, 50),
        ("catalog_search_with_results_offset", 10, 27, 554),
    ],
)
def test_a_recorded_portal_is_read_as_far_as_it_goes_and_is_partial(
    recorded, folder, packages, resources, total
):
    with ReplayServer(recorded / "ckan" / folder, any_query=True) as server:
        source, listed = list_url(Ckan(), server.url)
    assert (len(listed.guids), listed.end.expected, listed.complete) == (packages, total, False)
    given = sum(len(record.raw["resources"]) for record in listed.records)
    found = [translate(Ckan(), source, record) for record in listed.records]
    kept = sum(len(record.resources) for record, _ in found)
    refused = sum(
        one.code in {"bad_url", "missing_url"} and "resources" in one.path
        for _, remarks in found
        for one in remarks
    )
    assert (given, kept + refused) == (resources, resources)
    assert all(record.title["vi"] for record, _ in found)


def test_of_59_recorded_resources_the_one_with_a_broken_address_is_told(recorded):
    raw = json.loads((recorded / "ckan/read_specific_dataset/01.json").read_text())["result"]
    record, remarks = translate(Ckan(), source_of(Ckan(), "https://ckan.example"), _rec(raw))
    assert len(record.resources) == 58
    assert [(one.path, one.code) for one in remarks] == [("$.resources[49].url", "bad_url")]


def test_the_recorded_error_is_a_source_error(recorded):
    body = (recorded / "ckan/read_invalid_url/01.json").read_bytes()
    _, listed, _ = harvest(by_path({SEARCH: Answer(status=404, body=body)}))
    assert (listed.failure.code, listed.records) == ("source_error", [])


def test_recorded_packages_with_legacy_keys_and_bad_tags_are_translated(recorded):
    packages = json.loads((recorded / "ckan/mock/datasets.json").read_text())
    packages[0]["tags"] = json.loads((recorded / "ckan/mock/invalid_tags.json").read_text())
    source, listed, _ = harvest(lambda s: search(packages, s))
    assert (len(listed.guids), listed.complete) == (2, True)
    records = [translate(Ckan(), source, record)[0] for record in listed.records]
    assert records[0].keywords == {"vi": ["consumption%^&"]}
    assert records[1].extras["theme-primary"] == "Towns & Cities"


def test_a_site_that_is_down_fails_the_run():
    _, listed, seen = harvest(lambda _: Answer(status=500, body=b"Site is down"))
    assert (listed.failure.code, len(seen)) == ("source_error", 3)
