"""Numbers, dates and texts read as the language of the page writes them."""

from datetime import UTC, date, datetime

import pytest

from opendata.doors.web import display
from opendata.doors.web.display import speaking


@pytest.mark.parametrize(
    ("value", "decimals", "vi", "en"),
    [
        (1234567.5, None, "1.234.567,5", "1,234,567.5"),
        (-42, None, "\N{MINUS SIGN}42", "\N{MINUS SIGN}42"),
        (0, None, "0", "0"),
        (81.523, 2, "81,52", "81.52"),
        (None, None, "", ""),
    ],
)
def test_numbers_are_grouped_by_language(value: float | None, decimals: int | None, vi: str, en: str) -> None:
    with speaking("vi"):
        assert display.number(value, decimals) == vi
    with speaking("en"):
        assert display.number(value, decimals) == en


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("2026", "2026", "2026"),
        ("2026-06", "06/2026", "June 2026"),
        ("2026-06-05", "05/06/2026", "5 June 2026"),
        (date(2026, 6, 5), "05/06/2026", "5 June 2026"),
        ("2026-06-04T18:30:00Z", "05/06/2026", "5 June 2026"),
        (datetime(2026, 6, 4, 18, 30, tzinfo=UTC), "05/06/2026", "5 June 2026"),
        ("2026-Q2", "2026-Q2", "2026-Q2"),
        ("2026-13", "2026-13", "2026-13"),
        ("²²²²-²²", "²²²²-²²", "²²²²-²²"),
        ("9999-12-31T23:00:00Z", "31/12/9999", "31 December 9999"),
        ("không rõ", "không rõ", "không rõ"),
        (None, "", ""),
    ],
)
def test_dates_keep_their_precision_and_the_citys_day(value: object, vi: str, en: str) -> None:
    with speaking("vi"):
        assert display.date(value) == vi  # type: ignore[arg-type]
    with speaking("en"):
        assert display.date(value) == en  # type: ignore[arg-type]


def test_moments_are_in_the_citys_time() -> None:
    with speaking("vi"):
        assert display.moment("2026-06-04T18:30:00Z") == "05/06/2026 01:30"


def test_sizes_take_the_unit_that_keeps_them_short() -> None:
    with speaking("vi"):
        shown = [display.filesize(size) for size in (0, 999, 1000, 1284310, 250_000_000, 5 * 10**12)]
    assert shown == ["0\xa0B", "999\xa0B", "1,0\xa0kB", "1,3\xa0MB", "250\xa0MB", "5,0\xa0TB"]


def test_a_text_in_the_other_language_says_so() -> None:
    with speaking("en"):
        assert display.t({"vi": "Giá đất <b>"}).__html__() == '<span lang="vi">Giá đất &lt;b&gt;</span>'
        assert display.t({"vi": "Giá đất", "en": "Land price"}).__html__() == "Land price"
        assert not display.t({})
        assert not display.t(None)


def test_addresses_carry_the_language() -> None:
    with speaking("en"):
        assert display.to("dataset", "gia dat/x") == "/en/dataset/gia%20dat%2Fx"
        assert display.to("home") == "/en"
    with speaking("vi"):
        assert display.to("home") == "/"
