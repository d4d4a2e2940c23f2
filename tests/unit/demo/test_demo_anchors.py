"""Every figure the city prints comes out of the rows, and a changed row is noticed."""

from datetime import date

import pytest

from opendata.demo import anchors, check
from opendata.demo.reading import folder_reader


@pytest.fixture(scope="session")
def outcome(city_folder):
    return {result.anchor.id: result for result in check(city_folder)}


@pytest.mark.parametrize("name", [anchor.id for anchor in anchors()])
def test_the_anchor_holds(outcome, name):
    assert outcome[name].holds, (outcome[name].anchor.text["en"], outcome[name].found)


def changed(city_folder, dataset, change, table=None):
    """A reader that hands out the rows of one table after `change(rows)`."""
    reader = folder_reader(city_folder)

    def rows(name, part):
        found = [dict(row) for row in reader(name, part)]
        if (name, part) == (dataset, table):
            found = change(found) or found
        return found

    return rows


def failing(reader, *only):
    return {result.anchor.id for result in check(reader, only=only) if not result.holds}


def test_a_new_total_fails_until_the_indicator_follows(city_folder):
    def add_a_tonne(rows):
        next(row for row in rows if row["thang"].year == 2024)["tan"] += 1

    assert failing(changed(city_folder, "D10", add_a_tonne), "D01", "D10") == {"D01.7", "D10.1"}


def test_the_indicator_alone_fails_too(city_folder):
    def change(rows):
        row = next(r for r in rows if (r["ky"], r["ma_chi_tieu"]) == ("2024", "CT06"))
        row["thuc_hien"] += 1

    assert failing(changed(city_folder, "D01", change), "D01") == {"D01.8"}


def without_first(rows):
    return rows[1:]


def set_first(**values):
    def change(rows):
        rows[0].update(values)

    return change


def add_column(name):
    def change(rows):
        for row in rows:
            row[name] = "x"

    return change


@pytest.mark.parametrize(
    ("dataset", "table", "change", "anchor"),
    [
        ("D02", None, set_first(gia_hien_hanh=1.0), "D02.8"),
        ("D04", None, add_column("ho_ten"), "D04.3"),
        ("D07", None, set_first(mst="0299000004"), "D07.2"),
        ("D08", None, set_first(so_cung_ky=104.5), "D08.2"),
        ("D11", None, set_first(imo="9074720"), "D11.2"),
        ("D12", None, set_first(cang_thong_minh=False), "D12.1"),
        ("D13", None, set_first(den_ngay=date(2025, 1, 1)), "D13.1"),
        ("D14", None, without_first, "D14.1"),
        ("D15", None, without_first, "D15.1"),
        ("D16", "stop_times", set_first(stop_id="nowhere"), "D16.2"),
        ("D18", None, set_first(p90=0.1), "D18.3"),
        ("D21", None, without_first, "D21.1"),
        ("D22", None, set_first(dung_han=1_000_000), "D22.2"),
        ("D24", None, set_first(ma_tinh="30"), "D24.6"),
        ("D25", None, set_first(ty_le=0.9999), "D25.5"),
        ("D25", None, set_first(ma_moi="00000"), "D25.4"),
        ("D26", None, set_first(den_ngay=None), "D26.1"),
        ("D28", None, set_first(so_pa=4), "D28.1"),
        ("D30", None, set_first(gia=1), "D30.1"),
        ("D34", None, set_first(hop_le=False), "D34.2"),
        ("D35", None, set_first(muc_nuoc=9_999.0), "D35.1"),
        ("D38", None, set_first(nam_gioi=1), "D38.2"),
        ("D39", None, without_first, "D39.1"),
        ("D40", None, set_first(lap_day=1.0), "D40.2"),
    ],
)
def test_a_wrong_row_is_noticed(city_folder, dataset, table, change, anchor):
    found = failing(changed(city_folder, dataset, change, table), dataset)
    assert anchor in found
