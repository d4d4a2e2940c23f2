"""Typed rows back from what was published: from the exchange folders here, from an API elsewhere."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from opendata.base.formats.record import ColumnType
from opendata.demo.catalogue import Dataset, body, datasets
from opendata.demo.generation import file_name
from opendata.demo.writing.columns import flat_columns

Record = Mapping[str, Any]

TableReader = Callable[[str, str | None], Iterable[Record]]
"""Rows of a dataset (of one of its tables) with values of the column's type, None where empty.

Numbers, days, instants and truth values are Python's own; everything else is text.
"""


def folder_reader(root: Path) -> TableReader:
    """Reads the CSV files below the folders that `generate` wrote."""

    def rows(name: str, table: str | None) -> Iterator[Record]:
        dataset = datasets()[name]
        yield from read_csv(csv_path(root, dataset, table), dataset, table)

    return rows


def csv_path(root: Path, dataset: Dataset, table: str | None = None) -> Path:
    part = table or ("stops" if dataset.tables else "")
    return root / body(dataset.body).slug / dataset.slug / file_name(dataset, "csv", part=part)


def read_csv(path: Path, dataset: Dataset, table: str | None = None) -> Iterator[Record]:
    parsers = [_PARSERS[column.type] for column in flat_columns(dataset.fields(table))]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        names = next(lines)
        for line in lines:
            cells = zip(names, parsers, line, strict=True)
            yield {name: parse(text) if text else None for name, parse, text in cells}


def _truth(text: str) -> bool:
    return text == "true"


_PARSERS: dict[ColumnType, Callable[[str], Any]] = {
    "text": str,
    "integer": int,
    "number": float,
    "boolean": _truth,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "geometry": str,
    "json": str,
}
