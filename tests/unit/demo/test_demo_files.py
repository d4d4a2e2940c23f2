"""What is handed in can be read by others: formats agree row by row, networks and maps are valid."""

import csv
import json
import zipfile
from datetime import date, datetime
from itertools import pairwise

import openpyxl
import pyarrow.parquet as pq
import pytest
from gtfs_validator.cli import main as validate_gtfs
from stdnum import imo
from stdnum.vn import mst

from opendata.demo import datasets
from opendata.demo.catalogue import body
from opendata.demo.generation import file_name
from opendata.demo.reading import csv_path


def path_of(root, name, form, part=""):
    dataset = datasets()[name]
    return root / body(dataset.body).slug / dataset.slug / file_name(dataset, form, part=part)


def offering(form):
    return [d.id for d in datasets().values() if form in d.formats]


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else value


def csv_rows(city_rows, name):
    return [[plain(value) for value in row.values()] for row in city_rows(name)]


@pytest.mark.parametrize("name", offering("JSON"))
def test_json_has_the_rows_of_the_csv(city_folder, city_rows, name):
    found = json.loads(path_of(city_folder, name, "json").read_bytes())
    assert [list(row.values()) for row in found] == csv_rows(city_rows, name)


@pytest.mark.parametrize("name", offering("PARQUET"))
def test_parquet_has_the_rows_of_the_csv(city_folder, city_rows, name):
    table = pq.read_table(path_of(city_folder, name, "parquet"))
    rows = city_rows(name)
    assert table.column_names == list(rows[0])
    for column in table.column_names:
        assert table[column].to_pylist() == [row[column] for row in rows], column


@pytest.mark.parametrize("name", ["D01", "D02", "D03", "D04", "D38"])
def test_xlsx_has_the_rows_of_the_csv(city_folder, city_rows, name):
    sheet = openpyxl.load_workbook(path_of(city_folder, name, "xlsx"), read_only=True).active
    header, *lines = sheet.iter_rows(values_only=True)
    rows = city_rows(name)
    assert list(header) == list(rows[0])
    found = [[cell.date() if isinstance(cell, datetime) else cell for cell in line] for line in lines]
    assert found == [list(row.values()) for row in rows]


def test_csv_is_utf8_without_a_mark_and_with_plain_line_ends(city_folder):
    for path in city_folder.rglob("*.csv"):
        head = path.read_bytes()[:4_000]
        assert not head.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in head
        next(csv.reader(head.decode("utf-8", "ignore").splitlines()))


def rings(shape):
    return shape["coordinates"] if shape["type"] == "Polygon" else []


def area(ring):
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def positions(shape):
    if shape["type"] == "Point":
        return [shape["coordinates"]]
    return rings(shape)[0] if shape["type"] == "Polygon" else shape["coordinates"]


@pytest.mark.parametrize("name", offering("GEOJSON"))
def test_geojson_is_valid_and_lies_in_the_city(city_folder, name):
    found = json.loads(path_of(city_folder, name, "geojson").read_bytes())
    assert found["type"] == "FeatureCollection"
    assert found["features"]
    for feature in found["features"]:
        shape = feature["geometry"]
        for ring in rings(shape):
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert area(ring) > 0, "the right-hand rule wants outer rings counter-clockwise"
        assert all(105.9 <= lon <= 107.9 and 20.0 <= lat <= 21.4 for lon, lat in positions(shape))


def test_cells_of_wards_hold_their_centre_and_do_not_overlap(city_folder):
    found = json.loads(path_of(city_folder, "D24", "geojson").read_bytes())
    total = sum(area(feature["geometry"]["coordinates"][0]) for feature in found["features"])
    assert total * 111.32 * 104.1 < 3_194.72 * 1.3


def test_the_5g_map_sums_the_newest_quarter(city_folder, city_rows):
    found = json.loads(path_of(city_folder, "D29", "geojson").read_bytes())["features"]
    newest = max(row["quy"] for row in city_rows("D29"))
    expected = sum(row["so_tram"] for row in city_rows("D29") if row["quy"] == newest)
    assert sum(feature["properties"]["so_tram"] for feature in found) == expected
    assert len(found) == 114


def test_the_bus_network_passes_a_gtfs_validator(city_folder, tmp_path):
    archive = path_of(city_folder, "D16", "zip")
    validate_gtfs(["-i", str(archive), "-o", str(tmp_path), "-c", "VN", "-d", "2026-09-30"])
    notices = json.loads((tmp_path / "report.json").read_text())["notices"]
    assert [one["code"] for one in notices if one["severity"] == "ERROR"] == []


def test_the_archive_and_the_csv_files_hold_the_same_tables(city_folder):
    with zipfile.ZipFile(path_of(city_folder, "D16", "zip")) as archive:
        for table in datasets()["D16"].tables:
            path = csv_path(city_folder, datasets()["D16"], table)
            assert archive.read(f"{table}.txt") == path.read_bytes()


def test_tax_codes_and_imo_numbers_pass_an_independent_check(city_rows):
    assert all(mst.is_valid(row["mst"]) for row in city_rows("D07"))
    assert all(imo.is_valid(row["imo"]) for row in city_rows("D11"))
    assert all("2" <= row["imo"][0] <= "4" for row in city_rows("D11"))


def test_the_tariff_sheet_is_a_pdf_of_one_page(city_folder):
    content = path_of(city_folder, "D13", "pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") == 1
