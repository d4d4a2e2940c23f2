"""Whether a dataset keeps the rhythm it promised."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from opendata.base.kit.vocabularies import Vocabularies

State = Literal["on_time", "due", "late", "irregular"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """`next_due` is last update + one period; None where nothing was promised."""

    state: State
    last_update: str | None
    next_due: datetime | None


def judge(
    frequency: str | None,
    last_update: str | None,
    now: datetime,
    vocabularies: Vocabularies,
    *,
    late_factor: float,
) -> Freshness:
    """on_time until one period has passed, due until `late_factor` periods, then late."""
    period = period_of(frequency, vocabularies)
    updated = instant(last_update)
    if period is None or updated is None:
        return Freshness("irregular", last_update, None)
    age = now - updated
    state: State = "late" if age > period * late_factor else "due" if age > period else "on_time"
    return Freshness(state, last_update, _later(updated, period))


def _later(at: datetime, period: timedelta) -> datetime | None:
    """None where the calendar ends before."""
    try:
        return at + period
    except OverflowError:
        return None


def period_of(frequency: str | None, vocabularies: Vocabularies) -> timedelta | None:
    """The length of one period; a month counts 30.44 days."""
    term = vocabularies.terms("frequencies").get(frequency or "")
    if term is None:
        return None
    hours, days, months = (term.data.get(unit) for unit in ("hours", "days", "months"))
    if hours:
        return timedelta(hours=hours)
    if days:
        return timedelta(days=days)
    return timedelta(days=30.44 * months) if months else None


def instant(text: str | None) -> datetime | None:
    """The instant of a date of any precision: a month or a year counts from its first day."""
    if not text:
        return None
    try:
        if len(text) > 10:
            parsed = datetime.fromisoformat(text)
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        parts = [int(part) for part in text.split("-")]
        day = date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except (ValueError, IndexError, OverflowError):
        return None
