"""The helpers a harvester translates with."""

import socket

import pytest

from opendata.base.kit.vocabularies import Vocabularies
from opendata.plugin import Ctx, RecordError, Source

WORDS = Vocabularies()


@pytest.fixture
def ctx():
    return Ctx(Source(id="s", type="t", url="https://a.example"), WORDS, guid="g")


def codes(ctx):
    return [(one.path, one.code) for one in ctx.warnings]


def test_plain_values_become_a_record(ctx):
    record = ctx.dataset(
        title="Cảng\u000b biển \ud800",
        description=ctx.html("<p>Mô tả</p>"),
        keywords="cảng, biển , cảng",
        license=ctx.license("CC-BY"),
        themes=["TRAN"],
        resources=[ctx.link("https://a.example/a.csv", "csv"), ctx.link("khong phai url", "csv")],
        frequency=None,
    )
    assert record.title == {"vi": "Cảng biển"}
    assert record.keywords == {"vi": ["cảng", "biển"]}
    assert (record.license, record.themes, record.frequency) == ("cc-by-4.0", ("TRAN",), None)
    assert [one.format for one in record.resources] == ["CSV"]
    assert codes(ctx) == [("$", "bad_url")]


@pytest.mark.parametrize("title", [None, "", " \u200b ", {}, [], {"fr": "x"}])
def test_a_record_without_a_title_is_refused_alone(ctx, title):
    with pytest.raises(RecordError) as caught:
        ctx.dataset(title=title)
    assert (caught.value.code, caught.value.path, caught.value.guid) == ("missing_title", "$.title", "g")


def test_an_english_source_still_has_a_vietnamese_title():
    ctx = Ctx(Source(id="s", type="t", url="https://a.example", language="en"), WORDS)
    record = ctx.dataset(title="Ports", description="Text")
    assert (record.title, record.description) == ({"en": "Ports", "vi": "Ports"}, {"en": "Text"})


@pytest.mark.parametrize(
    ("mime", "url", "code"),
    [
        ("text/csv; charset=utf-8", None, "CSV"),
        ("CSV", None, "CSV"),
        (".xlsx", None, "XLSX"),
        ("ZIP+CSV", None, "CSV"),
        ("CSV (ZIP)", None, "CSV"),
        (None, "https://a.example/b.KML?x=1", "KML"),
        ("application/octet-stream", "https://a.example/b.csv", "CSV"),
        ("text/plain", "https://a.example/b.csv.gz", "CSV"),
        ("http://publications.europa.eu/resource/authority/file-type/GEOJSON", None, "GEOJSON"),
        ("bảng tính", None, "BẢNG TÍNH"),
        (None, "https://a.example/", None),
        (None, None, None),
        (5, ["x"], "5"),
    ],
)
def test_formats_come_from_type_name_or_address(ctx, mime, url, code):
    assert ctx.format(mime, url) == code


def test_unknown_values_are_told(ctx):
    assert ctx.license("giấy phép riêng") is None
    assert ctx.frequency("khi nào rảnh") is None
    assert ctx.date("hôm qua") is None
    ctx.format("lạ")
    assert [code for _, code in codes(ctx)] == [
        "unknown_license",
        "unknown_frequency",
        "unknown_date",
        "unknown_format",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "R/P1M",
        "MONTHLY",
        "monthly",
        "Hằng tháng",
        "http://publications.europa.eu/resource/authority/frequency/MONTHLY",
    ],
)
def test_frequencies_come_in_many_spellings(ctx, value):
    assert ctx.frequency(value) == "MONTHLY"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (" https://a.example/báo cáo (T6).csv ", "https://a.example/báo%20cáo%20(T6).csv"),
        ("http://a.example/#phần", "http://a.example/#phần"),
        ("ftp://a.example/x", None),
        ("javascript:alert(1)", None),
        ("//a.example/x", None),
        ("/x", None),
        ("https://u:p@a.example/", None),
        ("https://a.example/" + "x" * 3000, None),
        ("https://a.example/\u0000x", "https://a.example/x"),
        (None, None),
        (5, None),
    ],
)
def test_links_are_web_addresses_or_nothing(ctx, url, kept):
    found = ctx.link(url)
    assert (found.access_url if found else None) == kept


def test_services_and_pages_are_no_downloads(ctx):
    assert ctx.link("https://a.example/x", "WMS").kind == "api"
    assert ctx.link("https://a.example/x", "HTML").download_url is None
    assert ctx.link("https://a.example/x.pdf").kind == "document"
    assert ctx.link("https://a.example/x.csv").download_url == "https://a.example/x.csv"


def test_whose_a_record_is_is_not_the_sources_to_say(ctx):
    record = ctx.dataset(
        title="x", publisher="so-khac", resources=[ctx.link("https://a.example/x", id="của người khác")]
    )
    assert (record.publisher, record.resources[0].id) == (None, None)
    assert record.extras == {"source_publisher": "so-khac"}


def test_helpers_open_no_connection(ctx, monkeypatch):
    def closed(*_, **__):
        raise AssertionError

    monkeypatch.setattr(socket, "getaddrinfo", closed)
    monkeypatch.setattr(socket.socket, "connect", closed)
    ctx.dataset(
        title="x",
        landing_page=ctx.url("https://a.example/x"),
        resources=[ctx.link("https://b.example/y.csv")],
    )


def test_remarks_are_short(ctx):
    ctx.warn("$.x", "odd", "y" * 5_000)
    assert len(ctx.warnings[0].value) == 200


def test_neither_ids_nor_digests_are_taken_from_a_source(ctx):
    link = ctx.link("https://a.example/a.csv", "csv", id="x", sha256="ab" * 32)
    record = ctx.dataset(title="Cảng", resources=[link])
    assert [(one.id, one.sha256) for one in record.resources] == [(None, None)]
