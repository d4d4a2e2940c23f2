"""The dirty workbooks: wrong in the promised ways, right underneath."""

import re

import openpyxl
import pytest
from stdnum.vn import mst

from opendata.demo import dirty
from opendata.demo.tcvn3 import to_tcvn3

LETTERS = re.compile(r"\w")


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty")
    return {path.stem: openpyxl.load_workbook(path) for path in dirty(folder)}


def vietnamese(text):
    whole, _, tenths = str(text).partition(",")
    return int(whole.replace(".", "")) * 10 + int(tenths)


def cell_tenths(value):
    return round(value * 10) if isinstance(value, int | float) else vietnamese(value)


def test_titles_say_that_the_book_is_dirty(books):
    assert all(book.properties.title.startswith("Excel bẩn:") for book in books.values())


def test_the_budget_book_has_a_two_row_header_and_a_hidden_note(books):
    book = books["thu-ngan-sach-2024"]
    sheet = book["Thu NS 2024"]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:H1", "A2:H2", "A3:A4", "B3:B4", "C3:D3", "E3:F3", "G3:H3"} == merged
    assert book["Ghi chú"].sheet_state == "hidden"
    assert str(sheet["A19"].value).startswith("Nguồn:")


def test_the_budget_book_adds_up_to_the_printed_figures(books):
    sheet = books["thu-ngan-sach-2024"]["Thu NS 2024"]
    rows = list(sheet.iter_rows(min_row=5, max_row=16, values_only=True))
    assert sum(cell_tenths(row[7]) for row in rows) == 1_093_876
    assert sum(cell_tenths(row[3]) for row in rows) == 482_550
    total = next(sheet.iter_rows(min_row=17, max_row=17, values_only=True))
    assert (total[1], total[7], total[3]) == ("Tổng cộng", "109.387,6", "48.255,0")


def test_the_budget_book_leaves_exactly_one_column_in_doubt(books):
    sheet = books["thu-ngan-sach-2024"]["Thu NS 2024"]
    rows = list(sheet.iter_rows(min_row=5, max_row=16, values_only=True))
    doubtful = [row[4] for row in rows if row[4] is not None]
    assert len(doubtful) == 4
    assert all(re.fullmatch(r"\d\.\d{3}", value) for value in doubtful)
    for column in (2, 3, 5, 6, 7):
        texts = [row[column] for row in rows if isinstance(row[column], str)]
        assert any("." in text and "," in text for text in texts)
        assert any("." not in text for text in texts)
    assert sum(isinstance(row[7], float) for row in rows) == 3


def test_the_enterprise_book_hides_an_identity_column(books):
    sheet = books["doanh-nghiep-moi-2026-06"]["T6"]
    header, *rows = list(sheet.iter_rows(min_row=3, values_only=True))
    assert header[-3:] == ("Người đại diện", "Điện thoại", "Số CCCD")
    assert sheet.column_dimensions["K"].hidden
    assert len(rows) == 1_429
    assert all(re.fullmatch(r"031100\d{6}", row[10]) for row in rows)
    landlines = [row[9] for row in rows if row[9].startswith("0225")]
    assert len(landlines) == 40
    assert all(re.fullmatch(r"0300\d{6}", row[9]) for row in rows if row[9] not in landlines)
    assert all(mst.is_valid(row[1]) for row in rows)


def test_the_enterprise_book_is_the_clean_month_underneath(books, city_rows):
    sheet = books["doanh-nghiep-moi-2026-06"]["T6"]
    found = [row[1:8] for row in sheet.iter_rows(min_row=4, values_only=True)]
    clean = [
        tuple(row.values())[1:]
        for row in city_rows("D07")
        if row["ky"].isoformat() == "2026-06-01" and row["trang_thai"] == "THANH_LAP_MOI"
    ]
    assert found == clean


def test_the_visitor_book_is_written_for_an_old_font(books):
    sheet = books["luot-khach-2024"]["Sheet1"]
    assert sheet["A4"].value == "Th¸ng 1/2024"
    assert (sheet["A3"].font.name, sheet["A4"].font.name) == (".VnTimeH", ".VnTime")
    assert (sheet["C4"].value, sheet["C10"].value) == ("366.000", "1.555.500")
    visits = [
        int(row[2].replace(".", "")) for row in sheet.iter_rows(min_row=4, max_row=15, values_only=True)
    ]
    assert sum(visits) == 9_150_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Hải Phòng", "H¶i Phßng"), ("Đồ Sơn", "§å S¬n"), ("lượt", "l\xadît"), ("abc 123", "abc 123")],
)
def test_letters_take_their_place_in_the_old_table(text, shown):
    assert to_tcvn3(text) == shown
