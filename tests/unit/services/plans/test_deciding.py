"""A promise in working days ends on a working day, at the time of day of the request."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opendata.services.plans.deciding import working_days_after

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("asked", "days", "until"),
    [
        ("2026-11-23", 0, "2026-11-23"),  # a Monday
        ("2026-11-23", 2, "2026-11-25"),
        ("2026-11-26", 2, "2026-11-30"),
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-11-27", 5, "2026-12-04"),
        ("2026-11-28", 0, "2026-11-30"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-11-29", 2, "2026-12-01"),
    ],
)
def test_weekends_are_no_working_days(asked: str, days: int, until: str) -> None:
    start = datetime.fromisoformat(f"{asked}T14:30").replace(tzinfo=ZONE)
    assert working_days_after(start, days, ZONE).astimezone(ZONE) == datetime.fromisoformat(
        f"{until}T14:30"
    ).replace(tzinfo=ZONE)


def test_the_day_is_that_of_the_city() -> None:
    """Friday evening in UTC is Saturday morning in the city."""
    start = datetime.fromisoformat("2026-11-27T20:00:00+00:00")
    assert working_days_after(start, 0, ZONE) - start == timedelta(days=2)
