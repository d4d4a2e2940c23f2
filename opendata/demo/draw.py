"""Chance that repeats: every dataset draws from its own stream, and totals are split to the last unit."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")

NOISE = 0.03
LUNAR_NEW_YEAR = frozenset(
    date(year, month, 1) for year, month in ((2022, 2), (2023, 1), (2024, 2), (2025, 1), (2026, 2), (2027, 2))
)
"""The months that hold the lunar new year holiday."""


class Draw:
    """A stream of chance named by seed and dataset; adding a dataset disturbs no other.

    Only `Random.random` is used, since its sequence is the one promised never to change.
    """

    def __init__(self, seed: str, name: str) -> None:
        digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
        self.unit = Random(int.from_bytes(digest, "big")).random  # noqa: S311  # figures, not secrets

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both possible."""
        return low + int(self.unit() * (high - low + 1))

    def real(self, low: float, high: float) -> float:
        return low + self.unit() * (high - low)

    def normal(self) -> float:
        return math.sqrt(-2.0 * math.log(1.0 - self.unit())) * math.cos(2.0 * math.pi * self.unit())

    def noise(self, sigma: float = NOISE) -> float:
        """A factor around 1, lognormal."""
        return math.exp(sigma * self.normal())

    def chance(self, probability: float) -> bool:
        return self.unit() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.unit() * len(items))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, in proportion to its weight."""
        point = self.unit() * sum(weights.values())
        for item, edge in zip(weights, accumulate(weights.values()), strict=True):
            if point < edge:
                return item
        return next(iter(weights))

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items, in the order they stand."""
        keyed = sorted(range(len(items)), key=lambda _: self.unit())
        return [items[i] for i in sorted(keyed[:count])]


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Integers in proportion to the weights that sum exactly to `total` (largest remainder)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [math.floor(value) for value in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def zipf(count: int, exponent: float = 1.0) -> list[float]:
    return [1.0 / rank**exponent for rank in range(1, count + 1)]


def half_up(value: float, decimals: int = 0) -> float:
    """Round half away from zero, as printed tables do, with a hair for binary fractions."""
    scale = 10**decimals
    return math.copysign(math.floor(abs(value) * scale + 0.5 + 1e-9) / scale, value)


def months(first: date, last: date) -> list[date]:
    """First days of the months whose last day is not after `last`."""
    found = []
    month = first
    while (following := next_month(month)) <= last + timedelta(days=1):
        found.append(month)
        month = following
    return found


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def year_months(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, 13)]


def quarters(first: date, last: date) -> list[date]:
    """First days of the quarters that have begun by `last`."""
    found = []
    quarter = first
    while quarter <= last:
        found.append(quarter)
        quarter = next_month(next_month(next_month(quarter)))
    return found


def mondays(first: date, last: date) -> Iterator[date]:
    """Mondays from `first` (a Monday) to `last`."""
    while first <= last:
        yield first
        first += timedelta(days=7)


def trade_season(month: date) -> float:
    """Cargo, exports, trucks: a dip in the month of the lunar new year, busy from October."""
    if month in LUNAR_NEW_YEAR:
        return 0.72
    return 1.05 if month.month >= 10 else 1.0


def by_month(draw: Draw, year: int, total: int, season: Sequence[float]) -> dict[date, int]:
    """A year's total over its months: season × noise, exact in the unit of `total`."""
    weights = [weight * draw.noise() for weight in season]
    return dict(zip(year_months(year), split(total, weights), strict=True))


def yearly(known: Mapping[int, int], year: int, growth: float = 1.08) -> int:
    """The known total of a year, or the last known one grown on."""
    if year in known:
        return known[year]
    last = max(known)
    return round(known[last] * growth ** (year - last))
