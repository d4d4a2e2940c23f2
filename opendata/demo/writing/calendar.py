"""When a dataset of the demo was issued, last updated and what period it covers."""

from datetime import date, timedelta

from opendata.demo.catalogue import Dataset
from opendata.demo.draw import months

DEFAULT_AS_OF = date(2026, 9, 30)

LAST_UPDATE = {
    "D06": "2026-03-31T09:00:00+07:00",
    "D12": "2026-01-15T09:00:00+07:00",
    "D13": "2026-07-01T08:00:00+07:00",
    "D15": "2025-01-06T10:00:00+07:00",
    "D20": "2026-03-20T09:30:00+07:00",
    "D21": "2024-11-28T16:00:00+07:00",
    "D23": "2026-05-12T10:00:00+07:00",
    "D24": "2025-07-01T08:00:00+07:00",
    "D25": "2025-07-01T08:00:00+07:00",
    "D26": "2025-07-01T08:30:00+07:00",
    "D27": "2026-06-30T16:00:00+07:00",
    "D30": "2026-01-02T09:00:00+07:00",
    "D33": "2026-04-10T14:00:00+07:00",
    "D37": "2026-09-05T08:00:00+07:00",
    "D38": "2026-08-14T15:00:00+07:00",
}
"""Datasets that are not brought up to date with every period. D15 and D21 are kept as they were and so
are late by their own promise."""

ISSUED = {
    "D15": "2025-01-06",
    "D21": "2024-11-28",
    "D24": "2025-07-01",
    "D25": "2025-07-01",
    "D26": "2025-07-01",
}
FIRST_ISSUED = date(2025, 7, 7)


def issued(dataset: Dataset) -> str:
    """The first publication: a few each week after the merger."""
    step = timedelta(days=3 * int(dataset.id[1:]))
    return ISSUED.get(dataset.id) or (FIRST_ISSUED + step).isoformat()


def last_update(dataset: Dataset, as_of: date) -> str:
    if dataset.id in LAST_UPDATE:
        return LAST_UPDATE[dataset.id]
    if dataset.frequency == "WEEKLY":
        day = as_of - timedelta(days=as_of.weekday())
    elif dataset.frequency == "QUARTERLY":
        day = as_of - timedelta(days=2)
    else:
        day = as_of
    return f"{day.isoformat()}T08:{int(dataset.id[1:]):02d}:00+07:00"


def period(dataset: Dataset, as_of: date) -> tuple[str, str | None]:
    """Start and end of what the rows cover, as ISO dates with their precision."""
    start, end = dataset.period
    first = _first(start) if start != end else _first(_moved_quarter(start, as_of))
    return first, _last(end, as_of) if end else None


def _first(text: str) -> str:
    year, _, quarter = text.partition("-Q")
    return f"{year}-{3 * int(quarter) - 2:02d}" if quarter else text.partition("T")[0]


def _last(text: str, as_of: date) -> str:
    if as_of != DEFAULT_AS_OF and text in _MOVING:
        return _moved(text, as_of)
    text = _moved_quarter(text, as_of)
    year, _, quarter = text.partition("-Q")
    return f"{year}-{3 * int(quarter):02d}" if quarter else text.partition("T")[0]


def _moved(text: str, as_of: date) -> str:
    month = months(date(2026, 1, 1), as_of)[-1]
    if text == "2026-09":
        return f"{month:%Y-%m}"
    if text == "2026-07-01":
        quarter = _ended_quarter(as_of)
        return f"{quarter:%Y}-{quarter.month - 2:02d}-01"
    if text == "2026-09-28":
        return (as_of - timedelta(days=as_of.weekday())).isoformat()
    return as_of.isoformat()


_MOVING = {"2026-09", "2026-07-01", "2026-09-28", "2026-09-30T23"}


def _moved_quarter(text: str, as_of: date) -> str:
    """The present quarter of the catalogue stands for the last that has ended by `as_of`."""
    if text != "2026-Q3":
        return text
    quarter = _ended_quarter(as_of)
    return f"{quarter.year}-Q{quarter.month // 3}"


def _ended_quarter(as_of: date) -> date:
    """First day of the last month of the last quarter that has ended by `as_of`."""
    return [month for month in months(date(2025, 1, 1), as_of) if month.month % 3 == 0][-1]


DAYS = {
    "HOURLY": 0,
    "DAILY": 1,
    "WEEKLY": 7,
    "MONTHLY": 31,
    "QUARTERLY": 92,
    "ANNUAL_2": 184,
    "ANNUAL": 366,
}


def next_due(dataset: Dataset, as_of: date) -> date | None:
    """The day by which the next update is promised; None where updates are irregular."""
    if dataset.frequency not in DAYS:
        return None
    day = date.fromisoformat(last_update(dataset, as_of)[:10])
    return day + timedelta(days=DAYS[dataset.frequency])
