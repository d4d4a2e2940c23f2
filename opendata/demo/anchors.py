"""Do the published rows give the figures they must? One result per anchor of the catalogue."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from opendata.demo.catalogue import Anchor, datasets
from opendata.demo.catalogue import anchors as all_anchors
from opendata.demo.reading import Record, TableReader, folder_reader
from opendata.demo.rules import RULES, Tables


@dataclass(frozen=True, slots=True)
class AnchorResult:
    """`found` is the figure the rows gave, or what is wrong in the words of a rule."""

    anchor: Anchor
    holds: bool
    found: Any


def check(source: Path | TableReader, *, only: Iterable[str] = ()) -> list[AnchorResult]:
    """Evaluate the anchors of all datasets, or of those named, in their order."""
    wanted = set(only)
    return list(results(source, [a for a in all_anchors() if not wanted or a.dataset in wanted]))


def results(source: Path | TableReader, anchors: Sequence[Anchor]) -> Iterator[AnchorResult]:
    """Results as they come; rows of a dataset are read once for anchors that stand together."""
    bench = _Bench(folder_reader(source) if isinstance(source, Path) else source)
    for anchor in anchors:
        yield bench.result(anchor)


class _Bench:
    def __init__(self, reader: TableReader) -> None:
        @lru_cache(maxsize=3)
        def rows(dataset: str, table: str | None = None) -> Sequence[Record]:
            return list(reader(dataset, table))

        self._rows: Tables = rows
        self._found: dict[str, Any] = {}

    def result(self, anchor: Anchor) -> AnchorResult:
        if rule := RULES.get(anchor.id):
            wrong = rule(self._rows)
            return AnchorResult(anchor, wrong is None, wrong)
        if anchor.check == "no_column":
            return self._absent(anchor)
        found = self._figure(anchor)
        self._found[anchor.id] = found
        return AnchorResult(anchor, self._holds(anchor, found), found)

    def _absent(self, anchor: Anchor) -> AnchorResult:
        present = set(next(iter(self._rows(anchor.dataset, anchor.table)), {}))
        unwanted = sorted(present & set(anchor.rest["columns"]))
        return AnchorResult(anchor, not unwanted, unwanted)

    def _figure(self, anchor: Anchor) -> Any:
        if anchor.check == "ratio":
            return self._amount(anchor, "num") / self._amount(anchor, "den") * 100
        rows = list(matching(self._rows(anchor.dataset, anchor.table), anchor.where))
        if anchor.check in ("each", "rows"):
            return [row[anchor.column] for row in rows] if anchor.column else len(rows)
        values = [row[anchor.column] for row in rows] if anchor.column else []
        if anchor.check == "sum_by":
            return _sums(rows, str(anchor.column), anchor.rest["by"])
        return _FIGURES[anchor.check](values)

    def _amount(self, anchor: Anchor, part: str) -> float:
        """A count or a sum, in this dataset or, by a name with a dot, in another."""
        wanted = anchor.rest[part]
        if "rows" in wanted:
            return sum(1 for _ in matching(self._rows(anchor.dataset, anchor.table), wanted["rows"]))
        dataset, _, column = wanted["sum"].rpartition(".")
        rows = self._rows(dataset or anchor.dataset, anchor.table)
        total: float = sum(row[column] for row in matching(rows, wanted.get("where", {})))
        return total

    def _holds(self, anchor: Anchor, found: Any) -> bool:
        if anchor.check == "equal":
            other = _anchor(anchor.rest["equals"])
            if other.id not in self._found:
                self._found[other.id] = self._figure(other)
            return bool(round(found - self._found[other.id], 6) == 0)
        if anchor.check == "each":
            return bool(found) and all(compares(anchor, value) for value in found)
        if anchor.check == "sum_by":
            return all(compares(anchor, value) for value in found.values())
        return compares(anchor, found)


def _anchor(name: str) -> Anchor:
    dataset = datasets()[name.partition(".")[0]]
    return next(anchor for anchor in dataset.anchors if anchor.id == name)


def compares(anchor: Anchor, value: Any) -> bool:
    """Whether a value stands to the anchor's as its operator says, at the anchor's decimals."""
    expected = anchor.value
    if anchor.op == "between":
        low, high = expected
        return bool(low <= value <= high)
    if anchor.op == ">":
        return bool(value > expected)
    if anchor.op == ">=":
        return bool(value >= expected)
    if isinstance(expected, str) or expected is None:
        return bool(value == expected)
    return bool(round(value, _decimals(anchor)) == expected)


def matching(rows: Iterable[Record], where: Mapping[str, Any]) -> Iterator[Record]:
    """Rows that satisfy every condition: a value, a year, a range, a prefix or the lack of one."""
    tests = [(column, _test(wanted)) for column, wanted in where.items()]
    return (row for row in rows if all(test(row[column]) for column, test in tests))


def _test(wanted: Any) -> Callable[[Any], bool]:
    if not isinstance(wanted, Mapping):
        return lambda value: bool(_plain(value) == wanted)
    if "year" in wanted:
        return lambda value: bool(value.year == wanted["year"])
    if "prefix" in wanted:
        return lambda value: bool(value.startswith(wanted["prefix"]))
    if "not_prefix" in wanted:
        return lambda value: not value.startswith(wanted["not_prefix"])
    low, high = wanted.get("from"), wanted.get("to")
    return lambda value: (low is None or _plain(value) >= low) and (high is None or _plain(value) <= high)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _decimals(anchor: Anchor) -> int:
    if anchor.decimals is not None:
        return anchor.decimals
    if anchor.check == "sum_by":
        return 6
    return len(str(anchor.value).partition(".")[2])


def _sums(rows: Iterable[Record], column: str, by: str) -> dict[Any, float]:
    found: dict[Any, float] = {}
    for row in rows:
        found[row[by]] = found.get(row[by], 0.0) + row[column]
    return found


def _single(values: Sequence[Any]) -> Any:
    (value,) = values
    return value


_FIGURES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "distinct": lambda values: len(set(values)),
    "value": _single,
    "equal": _single,
}
