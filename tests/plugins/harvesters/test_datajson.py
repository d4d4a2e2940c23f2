"""The data.json harvester: our contract, its own quirks, and recorded feeds of real agencies."""

import json
import tracemalloc

import pytest
from opendata_harvest_datajson import DataJson

from opendata.plugin import Rec
from opendata.services.harvest.access import open_access
from opendata.services.harvest.http import Known
from opendata.testing.harvest_contract import HttpHarvesterContract
from opendata.testing.harvesting import list_url, quick_fetcher, source_of, translate
from opendata.testing.hostile_server import Answer, HostileServer, json_answer
from opendata.testing.replay_server import serve_file

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"


def entry(number, **more):
    return {
        "identifier": f"hp-{number:04d}",
        "title": f"Bộ dữ liệu {number}",
        "description": "d",
        "keyword": ["k"],
        "modified": "2026-01-01",
        "accessLevel": "public",
        "publisher": {"name": "P"},
        "contactPoint": {"fn": "F", "hasEmail": "mailto:f@a.example"},
        "distribution": [{"downloadURL": "https://a.example/a.csv", "mediaType": "text/csv"}],
        **more,
    }


def feed(*entries, **more):
    return {
        "conformsTo": SCHEMA,
        "@context": "https://a.example/catalog.jsonld",
        "dataset": list(entries),
        **more,
    }


def harvest(answer, **options):
    with HostileServer(lambda _: answer) as server:
        source, listed = list_url(DataJson(), server.url + "/data.json", **options)
    return source, listed, server.seen


def mapped(one, guid="x"):
    record, remarks = translate(
        DataJson(), source_of(DataJson(), "https://a.example/data.json"), Rec(guid=guid, raw=one)
    )
    return record, {(remark.path, remark.code) for remark in remarks}


class TestContract(HttpHarvesterContract):
    harvester = DataJson()
    path = "/data.json"

    def entries(self, count):
        return [entry(number) for number in range(count)]

    def guid(self, entry):
        return entry["identifier"]

    def nameless(self, entry):
        return {key: value for key, value in entry.items() if key != "identifier"}

    def answer(self, entries, seen, cap):
        return json_answer(feed(*entries))


# reading the document -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document", [{}, {"dataset": None}, {"dataset": {"a": {}}}, {"datasets": []}, [entry(1)], "x", 5, None]
)
def test_a_document_without_a_list_of_datasets_fails_the_run(document):
    _, listed, _ = harvest(json_answer(document))
    assert listed.records == []
    assert listed.failure.code in {"not_expected_type", "parse"}


def test_a_byte_order_mark_is_read_over():
    _, listed, _ = harvest(Answer(body=b"\xef\xbb\xbf" + json.dumps(feed(entry(1))).encode()))
    assert (listed.guids, listed.complete) == (["hp-0001"], True)


def test_a_declared_charset_is_believed_when_the_text_is_no_utf8():
    body = (
        json.dumps(feed(entry(1, title="Données")), ensure_ascii=False)
        .replace("ộ", "o")
        .replace("ữ", "u")
        .replace("ệ", "e")
    )
    source, listed, _ = harvest(Answer(body=body.encode("latin-1"), type="application/json; charset=latin1"))
    record, _ = translate(DataJson(), source, listed.records[0])
    assert record.title["vi"] == "Données"
    assert [one.code for one in listed.log.remarks] == ["charset"]


def test_text_in_an_unknown_encoding_costs_the_records_that_hold_it():
    body = b'{"dataset": [{"identifier": "a", "title": "A"}, {"identifier": "b", "title": "\xff\xfe"}]}'
    _, listed, _ = harvest(Answer(body=body))
    assert (listed.guids, listed.troubles) == (["a"], ["encoding"])


@pytest.mark.parametrize(
    ("bad", "trouble"),
    [
        ("null", "not_an_object"),
        ("[]", "not_an_object"),
        ("5", "not_an_object"),
        ('{"title": "không có mã"}', "missing_guid"),
        ('{"identifier": null, "title": "x"}', "missing_guid"),
        ('{"identifier": "", "title": "x"}', "missing_guid"),
        ('{"identifier": {"version": "1"}, "title": "x"}', "missing_guid"),
        ('{"identifier": "x", "identifier": "y"}', "duplicate_key"),
        ('{"identifier": "x", "n": NaN}', "number_range"),
        ('{"identifier": "x", "n": 1e999}', "number_range"),
        ('{"identifier": "x", "a": ' + "[" * 70 + "]" * 70 + "}", "too_deep"),
        ('{"identifier": "x", "a": ' + "[" * 200_000 + "]" * 200_000 + "}", "too_deep"),
        ('{"identifier": "x", "a": tru}', "parse"),
        ('{"identifier": "x", "a": "\x01"}', "parse"),
        ('{"identifier": "x", "title": "' + "x" * (9 << 20) + '"}', "too_large"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_record_that_cannot_be_read_fails_alone(bad, trouble):
    body = f'{{"dataset": [{json.dumps(entry(1))}, {bad}, {json.dumps(entry(2))}]}}'
    _, listed, _ = harvest(Answer(body=body.encode()))
    assert listed.guids == ["hp-0001", "hp-0002"]
    assert listed.troubles == [trouble]
    assert listed.records[1].error.path.startswith("$.dataset[1]")
    assert listed.complete


def test_odd_characters_of_a_record_are_cleaned():
    title = '"A\\ud800\\u000bB\\u0008C\\ufffeD\\u0000E"'
    body = f'{{"dataset": [{{"identifier": "a", "title": {title}, "n": 123456789012345678901}}]}}'
    source, listed, _ = harvest(Answer(body=body.encode()))
    record, _ = translate(DataJson(), source, listed.records[0])
    assert record.title == {"vi": "A BCDE"}
    assert record.extras["n"] == "123456789012345678901"


def test_a_document_broken_in_the_middle_is_partial():
    whole = json.dumps(feed(*(entry(n) for n in range(5)))).encode()
    at = whole.index(b'"hp-0003"')
    _, listed, _ = harvest(Answer(body=whole[:at]))
    assert listed.guids == ["hp-0000", "hp-0001", "hp-0002"]
    assert (listed.complete, listed.end, listed.failure) == (False, None, None)


def test_an_unchanged_document_ends_the_listing_at_once():
    answer = json_answer(
        feed(entry(1)), headers={"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    )
    _, listed, _ = harvest(answer)
    assert (listed.log.etag, listed.log.last_modified) == ('"1"', "Thu, 01 Jan 2026 00:00:00 GMT")
    _, again, seen = harvest(Answer(status=304), known=Known(etag='"1"'))
    assert (again.not_modified, again.items, again.log.not_modified) == (True, [], True)
    assert seen[0].headers["if-none-match"] == '"1"'


def test_the_context_a_document_names_is_never_asked_for():
    with HostileServer(lambda _: json_answer(feed(entry(1)))) as server:
        document = feed(entry(1)) | {
            "@context": server.url + "/context.jsonld",
            "describedBy": server.url + "/schema",
        }
        source, listed, _ = harvest(json_answer(document))
        for record in listed.records:
            translate(DataJson(), source, record)
    assert server.seen == []


@pytest.mark.parametrize(
    ("identifier", "guid"),
    [
        ("a/../b", "a/../b"),
        (17, "17"),
        ({"@id": "https://a.example/x", "notation": "n"}, "https://a.example/x"),
        ({"schemaAgency": "Sở", "notation": "n"}, "Sở|n"),
        ({"notation": "n"}, "n"),
        ("  x ", "x"),
    ],
)
def test_the_guid_is_the_identifier_in_each_of_its_forms(identifier, guid):
    _, listed, _ = harvest(json_answer(feed(entry(1, identifier=identifier))))
    assert listed.guids == [guid]


# mapping --------------------------------------------------------------------------------------------


def test_a_bad_distribution_is_told_with_its_place_and_the_good_ones_stay():
    record, remarks = mapped(
        entry(
            1,
            distribution=[
                {"downloadURL": "https://a.example/a.csv", "mediaType": "text/csv"},
                {"downloadURL": "khong phai url"},
                {"downloadURL": "https://a.example/b.kml"},
                {"accessURL": "https://a.example/trang"},
                {"title": "không có gì"},
                "x",
            ],
        )
    )
    assert [(one.access_url, one.format) for one in record.resources] == [
        ("https://a.example/a.csv", "CSV"),
        ("https://a.example/b.kml", "KML"),
        ("https://a.example/trang", None),
    ]
    assert remarks == {
        ("$.distribution[1].downloadURL", "bad_url"),
        ("$.distribution[4].accessURL", "missing_url"),
        ("$.distribution[5]", "not_an_object"),
    }


@pytest.mark.parametrize(
    ("modified", "kept", "frequency", "codes"),
    [
        ("2018-05", "2018-05", None, set()),
        ("2018", "2018", None, set()),
        ("R/P1D", None, "DAILY", set()),
        ("", None, None, set()),
        ("31/05/2018", "2018-05-31", None, set()),
        ("20201117", "2020-11-17", None, set()),
        ("hôm qua", None, None, {"unknown_date"}),
        ("2026-02-30", None, None, {"unknown_date"}),
        ("2026-01-02T03:04:05+07:00", "2026-01-02T03:04:05+07:00", None, set()),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", None, set()),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05+07:00", None, set()),
        (None, None, None, set()),
        (["2020"], None, None, set()),
    ],
)
def test_dates_keep_their_precision_and_never_become_today(modified, kept, frequency, codes):
    record, remarks = mapped(entry(1, modified=modified))
    assert (record.modified, record.frequency) == (kept, frequency)
    assert {code for _, code in remarks} == codes


def test_html_becomes_markdown_without_scripts():
    record, _ = mapped(
        entry(
            1,
            title="<b>Cảng</b> &amp; biển",
            description="<p>Một</p><script>alert(1)</script><a href='javascript:x'>hai</a>",
        )
    )
    assert (record.title["vi"], record.description["vi"]) == ("Cảng & biển", "Một\n\nhai")


def test_the_fields_of_the_third_version_are_read():
    record, remarks = mapped(
        entry(
            1,
            identifier={"@id": "https://a.example/1"},
            contactPoint=[{"@type": "Kind", "fn": "Phòng Dữ liệu", "hasEmail": "mailto:a@b.example"}],
            temporal=[{"@type": "PeriodOfTime", "startDate": "2020-01-01", "endDate": "2020-12"}],
            spatial=[{"@type": "Location", "bbox": "106.4,20.5,107.2,21.0"}],
            license={"@id": "https://creativecommons.org/licenses/by/4.0/"},
            theme=[{"@type": "Concept", "prefLabel": "Giao thông, cảng biển"}],
            landingPage={"@type": "Document", "@id": "https://a.example/trang"},
            conformsTo=[{"@type": "Standard", "@id": "https://a.example/chuan"}],
            accrualPeriodicity="http://publications.europa.eu/resource/authority/frequency/MONTHLY",
            title={"vi": "Cảng", "en": "Ports", "fr": "Ports"},
        )
    )
    assert remarks == set()
    assert record.title == {"vi": "Cảng", "en": "Ports"}
    assert record.contact[0].name == {"vi": "Phòng Dữ liệu"}
    assert (record.temporal.start, record.temporal.end) == ("2020-01-01", "2020-12")
    assert record.license == "cc-by-4.0"
    assert record.themes == ("TRAN",)
    assert record.landing_page == "https://a.example/trang"
    assert (record.frequency, record.conforms_to) == ("MONTHLY", ("https://a.example/chuan",))


def test_fields_of_no_place_are_kept_under_their_names():
    record, remarks = mapped(
        entry(
            1,
            bureauCode=["339:00"],
            isPartOf="cha",
            license="https://a.example/rieng",
            publisher={"name": "P", "subOrganizationOf": {"name": "Q"}},
        )
    )
    assert record.extras["bureauCode"] == ["339:00"]
    assert (record.extras["isPartOf"], record.series) == ("cha", None)
    assert record.extras["source_license"] == "https://a.example/rieng"
    assert (record.publisher, record.extras["source_publisher"]) == (None, "P")
    assert remarks == {("$.license", "unknown_license")}


@pytest.mark.parametrize(
    "name",
    [
        *sorted(entry(1).keys() - {"title"}),
        *"license temporal spatial theme language landingPage references conformsTo".split(),
        *"accrualPeriodicity rights issued".split(),
    ],
)
def test_values_of_the_wrong_kind_never_break_the_translation(name):
    for value in (
        None,
        5,
        -1.5,
        True,
        "",
        "x",
        [],
        {},
        [None],
        [[]],
        {"a": 1},
        [{"a": [1]}],
        "x" * 5000,
        {"@id": None},
        {"@id": {"@id": {}}},
    ):
        record, _ = mapped(entry(1, **{name: value}))
        assert record.title["vi"]


# recorded feeds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "datasets", "distributions", "unusable"),
    [
        ("dcatus", 7, 7, 0),
        ("dcatus_2", 3, 3, 0),
        ("dcatus_same_title", 2, 2, 0),
        ("dcatus_same_title_step_2", 2, 2, 0),
        ("dcatus_no_identifier", 1, 1, 1),
        ("dcatus_long_description", 1, 2, 0),
        ("dcatus3_0", 4, 0, 0),
        ("dcatus3_0_with_services", 1, 0, 0),
        ("arm.data", 3, 3, 0),
        ("collection-1-parent-2-children.data", 3, 4, 0),
        ("null-spatial.data", 1, 1, 0),
        ("small-education", 89, 386, 0),
    ],
)
def test_recorded_feeds_give_what_was_counted(recorded, name, datasets, distributions, unusable):
    with serve_file(recorded / "datajson" / f"{name}.json") as server:
        source, listed = list_url(DataJson(), server.url)
    assert (len(listed.records), len(listed.troubles), listed.complete) == (datasets, unusable, True)
    given = sum(len(one.raw.get("distribution") or []) for one in listed.records)
    kept = refused = 0
    for one in listed.usable:
        record, remarks = translate(DataJson(), source, one)
        kept += len(record.resources)
        refused += sum(
            "distribution" in remark.path and remark.code in {"bad_url", "missing_url"} for remark in remarks
        )
    lost = sum(len(one.raw.get("distribution") or []) for one in listed.records if one not in listed.usable)
    assert (given, kept + refused + lost) == (distributions, distributions)


def _raws(recorded, name):
    with serve_file(recorded / "datajson" / f"{name}.json") as server:
        return {one.guid: one.raw for one in list_url(DataJson(), server.url)[1].usable}


def test_the_recorded_second_state_has_one_change_and_four_missing(recorded):
    first, second = _raws(recorded, "dcatus"), _raws(recorded, "dcatus_2")
    assert {guid for guid in second if second[guid] != first.get(guid)} == {"cftc-dc1"}
    assert (second.keys() - first.keys(), len(first.keys() - second.keys())) == (set(), 4)


def test_recorded_feeds_keep_what_is_special_about_them(recorded):
    with serve_file(recorded / "datajson/small-education.json") as server:
        _, listed = list_url(DataJson(), server.url)
    assert (len(listed.guids), len(set(listed.guids)), listed.guids.count("NCES_2016999")) == (89, 88, 2)
    guids = list(_raws(recorded, "dcatus3_0"))
    assert guids[2:] == [
        "https://example.gov/datasets/three",
        "National Climate Data Center|NCDC-CLIMATE-OBS-2024",
    ]
    long = next(iter(_raws(recorded, "dcatus_long_description").values()))
    record, _ = mapped(long)
    assert len(record.description["vi"]) > 56_000


def test_a_large_feed_is_read_in_little_memory():
    body = json.dumps(feed(*(entry(n, description="x" * 2_000) for n in range(4_000)))).encode()
    with HostileServer(lambda _: Answer(body=body)) as server:
        source = source_of(DataJson(), server.url)
        with quick_fetcher() as fetcher:
            io = open_access(source, {"http"}, fetcher=fetcher)
            tracemalloc.start()
            count = sum(isinstance(item, Rec) for item in DataJson().records(source, io, None))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert count == 4_000
    assert peak < 6 << 20
