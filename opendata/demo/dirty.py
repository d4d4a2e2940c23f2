"""Three workbooks as departments really send them: what the wizard, the scan and the repair are tested on."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from opendata.demo.catalogue import datasets
from opendata.demo.draw import Draw
from opendata.demo.generation import DEFAULT_SEED
from opendata.demo.making.city import City
from opendata.demo.making.makers import MAKERS
from opendata.demo.tcvn3 import to_tcvn3
from opendata.demo.writing.calendar import DEFAULT_AS_OF
from opendata.demo.writing.columns import Row
from opendata.demo.writing.tables import FIXED_DATE

TITLE = "Excel bẩn:"


def dirty(out: Path, *, seed: str = DEFAULT_SEED) -> list[Path]:
    """The dirty twins of D03, D07 and D31; cleaned they give the rows of the clean datasets."""
    out.mkdir(parents=True, exist_ok=True)
    city = City(as_of=DEFAULT_AS_OF, seed=seed, makers=MAKERS)
    twins: dict[str, tuple[str, Callable[[Any, City], None]]] = {
        "thu-ngan-sach-2024.xlsx": ("Thu ngân sách năm 2024", _revenue),
        "doanh-nghiep-moi-2026-06.xlsx": ("Doanh nghiệp mới tháng 6/2026", _enterprises),
        "luot-khach-2024.xlsx": ("Lượt khách du lịch năm 2024", _visitors),
    }
    paths = []
    for name, (title, write) in twins.items():
        with xlsxwriter.Workbook(str(out / name), {"strings_to_numbers": False}) as book:
            book.set_properties({"title": f"{TITLE} {title}", "created": FIXED_DATE})
            write(book, city)
        paths.append(out / name)
    return paths


# --- D03: two-row header, months in words, numbers as text ----------------------------------------------

GROUPS = ("Thu nội địa", "Thu xuất nhập khẩu", "Tổng thu")
ASKED_MONTHS = (2, 5, 8, 11)
"""Months in which the one doubtful column is filled."""
TRUE_NUMBERS = (3, 6, 9)
"""Months whose total is a number, not text."""


def _revenue(book: Any, city: City) -> None:
    sheet = book.add_worksheet("Thu NS 2024")
    centred = book.add_format({"align": "center", "valign": "vcenter", "bold": True})
    sheet.merge_range(0, 0, 0, 7, f"{TITLE} THU NGÂN SÁCH NHÀ NƯỚC TRÊN ĐỊA BÀN NĂM 2024", centred)
    sheet.merge_range(1, 0, 1, 7, "ĐVT: tỷ đồng", centred)
    for column, name in enumerate(("STT", "Tháng")):
        sheet.merge_range(2, column, 3, column, name, centred)
    for group, name in enumerate(GROUPS):
        sheet.merge_range(2, 2 + 2 * group, 2, 3 + 2 * group, name, centred)
        sheet.write_row(3, 2 + 2 * group, ("Dự toán", "Thực hiện"), centred)
    totals = [0] * 6
    for month in range(1, 13):
        cells = _revenue_of(city, date(2024, month, 1))
        totals = [total + cell for total, cell in zip(totals, cells, strict=True)]
        _revenue_row(sheet, month, cells)
    sheet.write_string(16, 1, "Tổng cộng", centred)
    for column, total in enumerate(totals):
        if column != 2:
            sheet.write_string(16, 2 + column, _with_comma(total, dots=True))
    sheet.write_string(18, 0, "Nguồn: Sở Tài chính (số liệu mô phỏng)")
    notes = book.add_worksheet("Ghi chú")
    notes.write_string(0, 0, "Bản nháp nội bộ, chưa đối chiếu với kho bạc.")
    notes.hide()


def _revenue_row(sheet: Any, month: int, cells: Sequence[int]) -> None:
    line = 3 + month
    sheet.write_number(line, 0, month)
    sheet.write_string(line, 1, f"T{month}.2024" if month % 2 else f"tháng {month}/2024")
    for column, tenths in enumerate(cells):
        at = 2 + column
        if column == 2:
            if month in ASKED_MONTHS:
                sheet.write_string(line, at, f"{round(tenths / 10):,}".replace(",", "."))
        elif column == 5 and month in TRUE_NUMBERS:
            sheet.write_number(line, at, tenths / 10)
        else:
            sheet.write_string(line, at, _with_comma(tenths, dots=(month + column) % 3 > 0))


def _revenue_of(city: City, month: date) -> list[int]:
    """Plan and result in tenths: domestic, other, together."""
    domestic, other = [0, 0], [0, 0]
    for day, item, plan, collected, _ in city.rows("D03"):
        if day == month:
            side = domestic if item.startswith("ND.") else other
            side[0] += round(plan * 10)
            side[1] += round(collected * 10)
    return [*domestic, *other, domestic[0] + other[0], domestic[1] + other[1]]


def _with_comma(tenths: int, *, dots: bool) -> str:
    whole = f"{tenths // 10:,}".replace(",", "." if dots else "")
    return f"{whole},{tenths % 10}"


# --- D07: personal data beside the public columns ---------------------------------------------------

LANDLINES = 40
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô")
PERSONAL = ("Người đại diện", "Điện thoại", "Số CCCD")


def _enterprises(book: Any, city: City) -> None:
    """Names, phones and, in a hidden column, identity numbers of people who do not exist."""
    draw = city.draw("D07 dirty")
    rows = [row for row in city.rows("D07") if row[0] == date(2026, 6, 1) and row[7] == "THANH_LAP_MOI"]
    landlines = set(draw.sample(range(len(rows)), LANDLINES))
    sheet = book.add_worksheet("T6")
    sheet.write_string(0, 0, f"{TITLE} Doanh nghiệp thành lập mới tháng 6/2026")
    labels = [field.label["vi"] for field in datasets()["D07"].columns]
    sheet.write_row(2, 0, (*labels, *PERSONAL))
    day = book.add_format({"num_format": "mm/yyyy"})
    for number, row in enumerate(rows):
        line = 3 + number
        sheet.write_datetime(line, 0, row[0], day)
        for column, value in enumerate(row[1:], start=1):
            put = sheet.write_number if isinstance(value, float) else sheet.write_string
            put(line, column, value)
        for column, text in enumerate(_person(draw, landline=number in landlines), start=len(row)):
            sheet.write_string(line, column, text)
    last = len(labels) + len(PERSONAL) - 1
    sheet.set_column(last, last, None, None, {"hidden": True})


def _person(draw: Draw, *, landline: bool) -> tuple[str, str, str]:
    """Name, phone and identity number: prefixes 0300 and 031-1-00 belong to nobody alive."""
    phone = f"0225{draw.between(3_000_000, 3_999_999)}" if landline else f"0300{draw.between(0, 999_999):06d}"
    return f"{draw.pick(SURNAMES)} Thị Mô Phỏng", phone, f"031100{draw.between(0, 999_999):06d}"


# --- D31: an old eight-bit encoding -----------------------------------------------------------------


def _visitors(book: Any, city: City) -> None:
    body, head = book.add_format({"font_name": ".VnTime"}), book.add_format({"font_name": ".VnTimeH"})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_string(0, 0, to_tcvn3(f"{TITLE} Lượt khách du lịch năm 2024"), body)
    for column, name in enumerate(("Tháng", "Nội dung", "Lượt khách")):
        sheet.write_string(2, column, to_tcvn3(name.lower()), head)
    for month, visits in _visits_by_month(city.rows("D31")).items():
        line = 2 + month
        sheet.write_string(line, 0, to_tcvn3(f"Tháng {month}/2024"), body)
        sheet.write_string(line, 1, to_tcvn3("Lượt khách đến thành phố"), body)
        sheet.write_string(line, 2, f"{visits:,}".replace(",", "."), body)


def _visits_by_month(rows: Sequence[Row]) -> dict[int, int]:
    found = dict.fromkeys(range(1, 13), 0)
    for month, _, visits, *_ in rows:
        if month.year == 2024:
            found[month.month] += visits
    return found
