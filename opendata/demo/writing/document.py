"""The tariff as a sheet to read, beside the table to compute with."""

import importlib.resources
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

from opendata.base.formats.record import LangText
from opendata.demo.writing.columns import Row

FIXED_DATE = datetime(2026, 7, 1, tzinfo=UTC)
FONT = "Roboto"
WIDTHS = (62, 40, 26, 22, 40)
HEADINGS = ("Khoản phí", "Đối tượng", "Mức (đồng/cont)", "Từ ngày", "Văn bản")


def write_tariff_sheet(path: Path, title: LangText, rows: Sequence[Row]) -> None:
    """An A4 sheet of the tariffs in force, in Vietnamese; the same rows give the same bytes."""
    sheet = FPDF(format="A4")
    sheet.set_creation_date(FIXED_DATE)
    sheet.set_title(title["vi"])
    sheet.set_lang("vi")
    folder = importlib.resources.files("font_roboto").joinpath("files")
    for style, name in (("", "Roboto-Regular.ttf"), ("B", "Roboto-Bold.ttf")):
        with importlib.resources.as_file(folder.joinpath(name)) as font:
            sheet.add_font(FONT, style, font)
    sheet.add_page()
    _heading(sheet, title)
    _table(sheet, [row for row in rows if row[5] is None])
    sheet.output(str(path))


def _heading(sheet: FPDF, title: LangText) -> None:
    sheet.set_font(FONT, "B", 15)
    sheet.multi_cell(0, 9, title["vi"], new_x="LMARGIN", new_y="NEXT")
    sheet.set_font(FONT, "", 9)
    note = "Số liệu mô phỏng, không có giá trị áp dụng. Bản để tính toán là bảng CSV đi kèm."
    sheet.multi_cell(0, 6, note, new_x="LMARGIN", new_y="NEXT")
    sheet.ln(3)


def _table(sheet: FPDF, rows: Sequence[Row]) -> None:
    sheet.set_font(FONT, "", 8)
    with sheet.table(col_widths=WIDTHS, text_align=("LEFT", "LEFT", "RIGHT", "LEFT", "LEFT")) as table:
        table.row(HEADINGS)
        for _, name, applies_to, amount, start, _, text in rows:
            shown = f"{amount:,}".replace(",", ".")
            table.row((name, applies_to, shown, f"{start:%d/%m/%Y}", text))
