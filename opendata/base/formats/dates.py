"""Dates with the precision they came with; what is not understood is nothing, never today."""

import re
from datetime import UTC, date, datetime, tzinfo

from opendata.base.kit.clock import CITY_ZONE

FIRST_YEAR, LAST_YEAR = 1000, 2200
"""What is dated outside of these is a mistake; periods and time zones are counted from the dates within."""

_YEAR = re.compile(r"\d{4}\Z")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})\Z")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z")
_BASIC_DAY = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)\Z")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\Z")
_MONTH_FIRST = re.compile(r"(\d{1,2})[/.-](\d{4})\Z")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?\Z"
)


def read_date(text: str, *, zone: tzinfo = CITY_ZONE) -> str | None:
    """ "2026", "2026-06", "2026-06-05" or an instant with its offset; None for anything else.

    Day-first spellings with a four-digit year are read (31/05/2018, 05/2018). An instant without an offset
    is a time in `zone`.
    """
    text = text.strip()
    found = _whole(text) or _day_first(text) or _instant(text, zone)
    return found if found and FIRST_YEAR <= int(found[:4]) <= LAST_YEAR else None


def is_date(text: str) -> bool:
    """Whether `text` is a date as records hold it: ISO 8601 of any precision, in a year there can be."""
    is_extended = len(text) == 4 or text[4:5] == "-"
    return text.isascii() and is_extended and read_date(text) is not None


def _whole(text: str) -> str | None:
    if _YEAR.match(text):
        return f"{int(text):04}"
    if found := _MONTH.match(text):
        return _month(*found.groups())
    if found := _DAY.match(text) or _BASIC_DAY.match(text):
        return _day(*found.groups())
    return None


def _day_first(text: str) -> str | None:
    if found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
        return _day(year, month, day)
    if found := _MONTH_FIRST.match(text):
        month, year = found.groups()
        return _month(year, month)
    return None


def _month(year: str, month: str) -> str | None:
    day = _day(year, month, "1")
    return day[:7] if day else None


def _day(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _instant(text: str, zone: tzinfo) -> str | None:
    found = _INSTANT.match(text)
    if not found:
        return None
    day, minutes, seconds, fraction, offset = found.groups()
    spelled = f"{day}T{minutes}{seconds or ':00'}" + (f".{fraction[:6]:0<6}" if fraction else "")
    try:
        moment = datetime.fromisoformat(spelled + _offset(offset))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        text = aware.isoformat()
    except (ValueError, OverflowError):
        return None
    return text.removesuffix("+00:00") + "Z" if aware.utcoffset() == UTC.utcoffset(None) else text


def _offset(text: str | None) -> str:
    if not text:
        return ""
    if text in "Zz":
        return "+00:00"
    digits = text[1:].replace(":", "").ljust(4, "0")
    return f"{text[0]}{digits[:2]}:{digits[2:]}"
