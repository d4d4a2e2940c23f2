import gzip
import io
import json
import zipfile

import pytest
import xlsxwriter

from opendata.base.formats.record import Column, ResourceRecord
from opendata.base.kit.errors import TooLarge
from opendata.services.catalog.files import Intake, display_name, intake


def taken(platform, body, name, **options) -> Intake:
    return intake(platform, io.BytesIO(body), name=name, **options)


def package(*names, stored=b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, stored)
    return out.getvalue()


def workbook(*rows, sheets=1) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for _ in range(sheets):
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return out.getvalue()


FEATURES = {
    "features": [
        {"type": "Feature", "properties": {"ten": "Đồ Sơn"}, "geometry": None},
        {"type": "Feature", "properties": {"dan": 12000}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": None},
    ],
    "type": "FeatureCollection",
}


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        (b"ma,ten\n1,A\n", "a.csv", "CSV"),
        (b"ma;ten\n1;A\n", "khong-duoi", "CSV"),
        (b"ma\tten\n1\tA\n", "a.tsv", "TSV"),
        (workbook(["ma"], [1]), "bang.csv", "XLSX"),
        (b"{}", "a.json", "JSON"),
        (json.dumps(FEATURES).encode(), "a.json", "GEOJSON"),
        (b'{"a":1}\n{"a":2}\n', "a.bin", "NDJSON"),
        (b"PAR1....PAR1", "a.parquet", "PARQUET"),
        (b"%PDF-1.7\n", "a.csv", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00", "a.svg", "PNG"),
        (b"\xff\xd8\xff\xe0\x00", "a.png", "JPEG"),
        (package("agency.txt", "routes.txt", "trips.txt", "stop_times.txt"), "bus.zip", "GTFS"),
        (package("a/duong.shp", "a/duong.dbf"), "duong.zip", "SHP"),
        (package("a.csv"), "a.zip", "ZIP"),
        (package("mimetype", stored=b"application/vnd.oasis.opendocument.spreadsheet"), "a.ods", "ODS"),
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>', "a.xml", "KML"),
        (b'<rdf:RDF xmlns:rdf="x"/>', "a.xml", "RDF_XML"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "gia.xls", "HTML"),
        (b"@prefix a: <b> .\n", "a.ttl", "RDF_TURTLE"),
        (b"SQLite format 3\x00" + b"\x00" * 52 + b"GPKG", "a.gpkg", "GPKG"),
        (b"\x00\x01\x02", "a.csv", "BIN"),
        (b"xin ch\xc3\xa0o", "a", "TXT"),
        (b"", "trong.csv", "CSV"),
    ],
)
def test_bytes_decide_the_type_and_the_name_only_what_they_leave_open(platform, body, name, expected):
    assert taken(platform, body, name).format == expected


def test_a_name_that_promises_another_type_is_told(platform):
    assert ("type_differs", "XLSX") in taken(platform, workbook(["a"]), "bang.csv").problems
    assert not taken(platform, json.dumps(FEATURES).encode(), "a.json").problems


def test_rows_and_columns_of_a_table_are_counted(platform):
    body = '﻿mã;"tên; gọi"\n1;"xuống\ndòng"\n\n2;B\n'.encode()
    found = taken(platform, body, "a.csv")
    assert (found.rows, found.columns, found.encoding) == (2, ("mã", "tên; gọi"), "UTF-8")
    assert not found.problems


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'a,b\n1,"chua dong\n2,3\n', "csv_damaged"),
        (b"a,b\n1\n2,3,4\n", "csv_uneven"),
        ("tên\nHải Phòng\n".encode("cp1258", errors="ignore") + b"\xd0\n", "encoding_guessed"),
        (b"a\n\x8d\n", "encoding_unknown"),
    ],
)
def test_what_cannot_be_read_for_sure_is_told(platform, body, code):
    assert code in dict(taken(platform, body, "a.csv").problems)


def test_a_workbook_is_counted_on_its_first_sheet(platform):
    found = taken(platform, workbook(["mã", "tên"], [1, "A"], [2, "B"], sheets=2), "a.xlsx")
    assert (found.rows, found.columns) == (2, ("mã", "tên"))
    assert dict(found.problems) == {"more_sheets": "2"}


def test_json_arrays_and_features_are_counted(platform):
    found = taken(platform, json.dumps(FEATURES).encode(), "a.geojson")
    assert (found.rows, found.columns) == (3, ("ten", "dan"))
    assert taken(platform, b'[{"a":1},{"b":2}]', "a.json").columns == ("a", "b")
    assert taken(platform, b'{"a":[1,2]}', "a.json").rows is None


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        (b'{"a":', "a.json", "json_damaged"),
        (b"[1,2,", "a.json", "json_damaged"),
        (b"PAR1....", "a.parquet", "truncated"),
        (b"PK\x03\x04khong phai zip", "a.xlsx", "damaged_package"),
        (package("xl/workbook.xml"), "a.xlsx", "workbook_damaged"),
        (package("xl/workbook.xml", stored=b"0" * (2 << 20)), "a.xlsx", "unpacks_too_large"),
    ],
)
def test_a_hostile_file_is_stored_with_its_problem(platform, body, name, code):
    found = taken(platform, body, name)
    assert code in dict(found.problems)
    assert found.rows is None


def test_a_compressed_table_keeps_its_format(platform):
    found = taken(platform, gzip.compress(b"a,b\n"), "a.csv.gz")
    assert (found.format, found.compress) == ("CSV", "gzip")


def test_a_file_over_the_limit_is_refused(platform):
    with pytest.raises(TooLarge):
        taken(platform, b"12345", "a.csv", limit=4)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\Báo cáo.xlsx", "Báo cáo.xlsx"),
        ("Ba\u0301o ca\u0301o\u202e.csv", "Báo cáo.csv"),
        ('a"b:c?.csv', "a-b-c-.csv"),
        ("...", "tep"),
        ("", "tep"),
        ("a\x00b\r\n.csv", "ab .csv"),
    ],
)
def test_no_name_from_outside_is_a_path(name, shown):
    assert display_name(name) == shown


def test_a_long_name_keeps_its_ending():
    shown = display_name("ậ" * 300 + ".csv")
    assert shown.endswith(".csv")
    assert len(shown.encode()) <= 180


def test_measured_facts_replace_claims_and_the_dictionary_stays(platform):
    claimed = ResourceRecord(
        kind="file",
        format="PDF",
        byte_size=1,
        download_url="https://a.example/x",
        columns=(Column(name="z"),),
    )
    described = taken(platform, b"a,b\n1,2\n", "a.csv").describe(claimed)
    assert (described.format, described.byte_size, described.rows) == ("CSV", 8, 1)
    assert described.download_url is None
    assert [column.name for column in described.columns] == ["z"]
    assert taken(platform, b"%PDF-1.7", "a.pdf").describe(claimed).kind == "document"
