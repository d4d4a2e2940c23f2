"""Time words of a query: `năm 2024`, `T6.2026`, `quý III/2025`, `6 tháng đầu năm 2025`, `2020-2024`."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from opendata.base.kit.vietnamese import fold

_EPOCH = date(1970, 1, 1)
_FAR = date(9999, 12, 31)
_YEAR = r"((?:19|20)\d\d)"
_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_QUARTER = r"(iv|i{1,3}|[1-4])"
_BEFORE = r"(?<![\w/.,&-])"
_AFTER = r"(?![\w/&-]|[.,]\d)"
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_ENGLISH_MONTHS = (
    "january february march april may june july august september october november december".split()
)


@dataclass(frozen=True, slots=True)
class TimeWords:
    """`start` and `end` are days since 1970-01-01, both inclusive; `spans` their places in the text."""

    start: int
    end: int
    text: str
    spans: tuple[tuple[int, int], ...]


Span = tuple[date, date]


def find(text: str) -> TimeWords | None:
    """All time words of clean text as one span from the first day to the last; None without any."""
    folded = _fold_in_place(text)
    found: list[tuple[int, int, Span]] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(folded):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                span = _read(read, match)
                if span is not None:
                    found.append((match.start(), match.end(), span))
    if not found:
        return None
    found.sort(key=lambda item: item[0])
    return TimeWords(
        start=(min(span[0] for _, _, span in found) - _EPOCH).days,
        end=(max(span[1] for _, _, span in found) - _EPOCH).days,
        text=" ".join(text[start:end] for start, end, _ in found),
        spans=tuple((start, end) for start, end, _ in found),
    )


def _fold_in_place(text: str) -> str:
    """Folded, with every sign in its place."""
    return "".join(folded if len(folded := fold(sign)) == 1 else "\0" for sign in text)


def _read(read: Callable[..., Span], match: re.Match[str]) -> Span | None:
    try:
        span = read(*match.groups())
    except ValueError:
        return None
    return span if span[0] <= span[1] else None


def _months(year: int, first: int, last: int) -> Span:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _year(year: str) -> Span:
    return _months(int(year), 1, 12)


def _years(first: str, last: str) -> Span:
    return date(int(first), 1, 1), date(int(last), 12, 31)


def _since(year: str) -> Span:
    return date(int(year), 1, 1), _FAR


def _school_year(first: str, last: str) -> Span:
    if int(last) != int(first) + 1:
        raise ValueError
    return date(int(first), 9, 1), date(int(last), 5, 31)


def _first_months(count: str, year: str) -> Span:
    return _months(int(year), 1, int(count))


def _quarter(quarter: str, year: str) -> Span:
    number = _ROMAN.get(quarter) or int(quarter)
    return _months(int(year), 3 * number - 2, 3 * number)


def _half(half: str, year: str) -> Span:
    return _months(int(year), 1, 6) if half in {"dau", "1", "i"} else _months(int(year), 7, 12)


def _month(month: str, year: str) -> Span:
    return _months(int(year), int(month), int(month))


def _english_month(name: str, year: str) -> Span:
    number = next(n for n, full in enumerate(_ENGLISH_MONTHS, 1) if full.startswith(name[:3]))
    return _months(int(year), number, number)


def _day(day: str, month: str, year: str) -> Span:
    at = date(int(year), int(month), int(day))
    return at, at


def _turned(read: Callable[..., Span]) -> Callable[..., Span]:
    return lambda *parts: read(*reversed(parts))


_MONTH_NAME = f"({'|'.join(_ENGLISH_MONTHS)}|{'|'.join(name[:3] for name in _ENGLISH_MONTHS)}|sept)"
_TO = r"\s*(?:-|–|den(?: nam| het)?|toi(?: nam)?|to|until)\s*"
_OF = r"(?:\s*[/.-]\s*|\s+nam\s+|\s+)"

# Longer forms first: a place that one has taken is not read again.
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[..., Span]], ...] = tuple(
    (re.compile(_BEFORE + pattern + _AFTER), read)
    for pattern, read in (
        (rf"nam hoc {_YEAR}\s*[-–/]\s*{_YEAR}", _school_year),
        (rf"(?:tu\s+)?(?:nam\s+)?{_YEAR}\s+den nay", _since),
        (rf"(?:since|tu nam)\s+{_YEAR}(?!{_TO})", _since),
        (rf"(?:(?:tu|from|giai doan|trong cac nam|cac nam)\s+)?(?:nam\s+)?{_YEAR}{_TO}{_YEAR}", _years),
        (rf"([369])\s*thang(?:\s+dau)?(?:\s+nam)?\s+{_YEAR}", _first_months),
        (rf"([369])\s*t\s*/\s*{_YEAR}", _first_months),
        (rf"nua (dau|cuoi) nam {_YEAR}", _half),
        (rf"(?:ngay\s+)?{_DAY}\s*[/.-]\s*{_MONTH}\s*[/.-]\s*{_YEAR}", _day),
        (rf"ngay {_DAY} thang {_MONTH} nam {_YEAR}", _day),
        (rf"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", _turned(_day)),
        (rf"quy\s*{_QUARTER}{_OF}{_YEAR}", _quarter),
        (rf"q([1-4])\s*[/. -]?\s*{_YEAR}", _quarter),
        (rf"{_YEAR}\s*[/. -]?\s*q([1-4])", _turned(_quarter)),
        (rf"thang\s*{_MONTH}{_OF}{_YEAR}", _month),
        (rf"t{_MONTH}\s*[/.-]\s*{_YEAR}", _month),
        (rf"{_MONTH}\s*[/-]\s*{_YEAR}", _month),
        (rf"{_YEAR}-(0[1-9]|1[0-2])", _turned(_month)),
        (rf"{_MONTH_NAME}\s+{_YEAR}", _english_month),
        (rf"(?:(?:trong|vao|ca)\s+)?nam\s+{_YEAR}", _year),
        (rf"(?:in|year)\s+{_YEAR}", _year),
        (_YEAR, _year),
    )
)
