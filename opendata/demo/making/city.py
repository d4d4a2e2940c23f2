"""What makers share: the date the series end, their own stream of chance, other datasets' rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from opendata.demo.draw import Draw, months, next_month
from opendata.demo.writing.columns import Row

MERGER = date(2025, 7, 1)
RESTATED_FROM = date(2025, 1, 1)


@dataclass(slots=True)
class City:
    """A demo city as of a day. Rows that others refer to are made once and kept."""

    as_of: date
    seed: str
    makers: Mapping[str, "Maker"]
    population_2025: int = 4_100_000
    _kept: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def last_month(self) -> date:
        """First day of the last month that has ended by `as_of`."""
        following = next_month(self.as_of.replace(day=1))
        if following <= self.as_of + timedelta(days=1):
            return self.as_of.replace(day=1)
        return (self.as_of.replace(day=1) - timedelta(days=1)).replace(day=1)

    def months(self, first: date = date(2022, 1, 1)) -> list[date]:
        return months(first, self.as_of)

    def draw(self, name: str) -> Draw:
        return Draw(self.seed, name)

    def rows(self, dataset: str) -> list[Row]:
        """All rows of a dataset, whether it is written or not."""
        if dataset not in self._kept:
            self._kept[dataset] = list(self.makers[dataset](self))
        return self._kept[dataset]

    def stream(self, dataset: str) -> Iterable[Row]:
        """The rows of a dataset, made as they are read unless somebody already asked for all."""
        return self._kept.get(dataset) or self.makers[dataset](self)

    def codes(self, dataset: str) -> list[Any]:
        """The first column of a dataset that others refer to."""
        return [row[0] for row in self.rows(dataset)]


Maker = Callable[[City], Iterable[Row]]


def switched(day: date) -> str:
    """Scope of a series whose territory changed with the merger itself."""
    return "cu" if day < MERGER else "moi"


def restated(year: int) -> str:
    """Scope of a series that was restated from January of the year of the merger."""
    return "cu" if year < RESTATED_FROM.year else "moi"
