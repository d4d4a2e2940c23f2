"""A promise in working days ends on a working day, at the time of day of the request."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opendata.base.kit.working_days import calendar, working_days_after

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("asked", "days", "until"),
    [
        ("2026-11-23", 0, "2026-11-23"),  # a Monday
        ("2026-11-23", 2, "2026-11-26"),  # 24 November is Vietnam Cultural Day
        ("2026-11-16", 2, "2026-11-18"),
        ("2026-11-26", 2, "2026-11-30"),
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-11-27", 5, "2026-12-04"),
        ("2026-11-28", 0, "2026-11-30"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-11-29", 2, "2026-12-01"),
        ("2027-02-03", 2, "2027-02-12"),  # Tết lies between
        ("2026-09-01", 0, "2026-09-03"),  # two days of National Day
        ("2026-08-21", 1, "2026-08-22"),  # a Saturday worked for the Monday before the holiday
    ],
)
def test_weekends_and_holidays_are_no_working_days(asked: str, days: int, until: str) -> None:
    start = datetime.fromisoformat(f"{asked}T14:30").replace(tzinfo=ZONE)
    assert working_days_after(start, days, ZONE, "VN").astimezone(ZONE) == datetime.fromisoformat(
        f"{until}T14:30"
    ).replace(tzinfo=ZONE)


def test_the_day_is_that_of_the_city() -> None:
    """Friday evening in UTC is Saturday morning in the city."""
    start = datetime.fromisoformat("2026-11-27T20:00:00+00:00")
    assert working_days_after(start, 0, ZONE, "") - start == timedelta(days=2)


def test_a_country_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        calendar("XX")
