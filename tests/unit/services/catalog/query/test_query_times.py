from datetime import date, timedelta

import pytest

from opendata.services.catalog.query import times


def days(found: times.TimeWords | None) -> tuple[str, str] | None:
    if found is None:
        return None
    epoch = date(1970, 1, 1)
    return tuple(str(epoch + timedelta(days=day)) for day in (found.start, found.end))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("năm 2024", "2024-01-01", "2024-12-31"),
        ("nam 2024", "2024-01-01", "2024-12-31"),
        ("NĂM 2024", "2024-01-01", "2024-12-31"),
        ("giá đất 2024", "2024-01-01", "2024-12-31"),
        ("in 2024", "2024-01-01", "2024-12-31"),
        ("tháng 6/2026", "2026-06-01", "2026-06-30"),
        ("tháng 6 năm 2026", "2026-06-01", "2026-06-30"),
        ("thang 02/2024", "2024-02-01", "2024-02-29"),
        ("T6.2026", "2026-06-01", "2026-06-30"),
        ("T6/2026", "2026-06-01", "2026-06-30"),
        ("06-2026", "2026-06-01", "2026-06-30"),
        ("2026-06", "2026-06-01", "2026-06-30"),
        ("June 2026", "2026-06-01", "2026-06-30"),
        ("quý III/2025", "2025-07-01", "2025-09-30"),
        ("quy 3/2025", "2025-07-01", "2025-09-30"),
        ("quý 3 năm 2025", "2025-07-01", "2025-09-30"),
        ("Q3/2025", "2025-07-01", "2025-09-30"),
        ("Q1 2025", "2025-01-01", "2025-03-31"),
        ("2025-Q4", "2025-10-01", "2025-12-31"),
        ("6 tháng đầu năm 2025", "2025-01-01", "2025-06-30"),
        ("9 tháng 2025", "2025-01-01", "2025-09-30"),
        ("6T/2025", "2025-01-01", "2025-06-30"),
        ("nửa cuối năm 2025", "2025-07-01", "2025-12-31"),
        ("2020-2024", "2020-01-01", "2024-12-31"),
        ("từ năm 2020 đến năm 2024", "2020-01-01", "2024-12-31"),
        ("giai đoạn 2021-2025", "2021-01-01", "2025-12-31"),
        ("từ 2022 đến nay", "2022-01-01", "9999-12-31"),
        ("năm học 2025-2026", "2025-09-01", "2026-05-31"),
        ("ngày 5/6/2026", "2026-06-05", "2026-06-05"),
        ("05/06/2026", "2026-06-05", "2026-06-05"),
        ("ngày 5 tháng 6 năm 2026", "2026-06-05", "2026-06-05"),
        ("2026-06-05", "2026-06-05", "2026-06-05"),
        ("2023 và 2025", "2023-01-01", "2025-12-31"),
    ],
)
def test_time_words_are_read(text: str, first: str, last: str) -> None:
    assert days(times.find(text)) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "", "cảng biển", "5264/QĐ-UBND", "15/2024/QĐ-UBND", "2024/NQ-HĐND", "HP-2024-XD", "12024", "1.2024.5",
        "tháng 13/2026x", "phường 2", "T6", "quý 3", "31/02/2026x", "5G", "năm",
    ],
)  # fmt: skip
def test_other_numbers_are_no_time(text: str) -> None:
    assert times.find(text) is None


def test_the_words_and_their_places_are_kept() -> None:
    text = "Xuất khẩu tháng 6/2026 và năm 2025 sang Nhật"
    found = times.find(text)
    assert found is not None
    assert [text[start:end] for start, end in found.spans] == ["tháng 6/2026", "năm 2025"]
    assert found.text == "tháng 6/2026 năm 2025"
