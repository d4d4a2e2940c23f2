"""Days on which offices work: no weekends and no public holidays, but the days that are worked for one."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays
from holidays.utils import list_supported_countries


@cache
def calendar(country: str) -> HolidayBase:
    """By ISO 3166-1 code; weekends alone without one. Raises ValueError."""
    if not country:
        return HolidayBase()
    if country not in list_supported_countries():
        raise ValueError(country)
    return country_holidays(country)


def working_days_after(start: datetime, days: int, zone: ZoneInfo, country: str) -> datetime:
    """The same time of the city so many working days later, on a working day in any case."""
    known, local = calendar(country), start.astimezone(zone)
    while days > 0 or not known.is_working_day(local.date()):
        local += timedelta(days=1)
        days -= known.is_working_day(local.date())
    return local.astimezone(UTC)
