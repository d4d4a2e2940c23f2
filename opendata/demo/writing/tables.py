"""Writers of table files. Each takes chunks of rows, so that a large table is made in one pass."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from opendata.demo.catalogue import Field
from opendata.demo.writing.columns import Row, flat_columns, flat_rows, text_rows

CHUNK = 8_192
FIXED_DATE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class TableWriter(Protocol):
    def write(self, chunk: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


def write_all(rows: Iterable[Row], writers: Sequence[TableWriter]) -> int:
    """Feed all writers in one pass over the rows; answers how many rows there were."""
    count = 0
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        count += len(chunk)
        for writer in writers:
            writer.write(chunk)
    for writer in writers:
        writer.close()
    return count


class CsvWriter:
    """UTF-8 without byte order mark, `\\n` at line ends, ISO dates."""

    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        columns = flat_columns(fields)
        self._flat, self._text = flat_rows(fields), text_rows(columns)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(column.name for column in columns)

    def write(self, chunk: Sequence[Row]) -> None:
        self._csv.writerows(self._text(self._flat(chunk)))

    def close(self) -> None:
        self._file.close()


class XlsxWriter:
    """One sheet with one header row; dates are real dates."""

    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        columns = flat_columns(fields)
        self._flat = flat_rows(fields)
        self._book = xlsxwriter.Workbook(
            str(path),
            {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
        )
        self._book.set_properties({"created": FIXED_DATE})
        day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet = self._book.add_worksheet("Dữ liệu")
        self._sheet.write_row(0, 0, [column.name for column in columns])
        self._put = [
            (self._sheet.write_datetime, (day,)) if column.type == "date" else _put(self._sheet, column.type)
            for column in columns
        ]
        self._next = 1

    def write(self, chunk: Sequence[Row]) -> None:
        for row in self._flat(chunk):
            for at, ((put, extra), value) in enumerate(zip(self._put, row, strict=True)):
                if value is not None:
                    put(self._next, at, value, *extra)
            self._next += 1

    def close(self) -> None:
        self._book.close()


def _put(sheet: Any, kind: str) -> tuple[Any, tuple[Any, ...]]:
    if kind in ("number", "integer"):
        return sheet.write_number, ()
    return (sheet.write_boolean if kind == "boolean" else sheet.write_string), ()


class JsonWriter:
    """An array of objects, one a line."""

    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        self._names = [column.name for column in flat_columns(fields)]
        self._flat = flat_rows(fields)
        self._file = path.open("wb")
        self._between = b"[\n"

    def write(self, chunk: Sequence[Row]) -> None:
        for row in self._flat(chunk):
            line = orjson.dumps(
                dict(zip(self._names, row, strict=True)), _iso, orjson.OPT_PASSTHROUGH_DATETIME
            )
            self._file.write(self._between + line)
            self._between = b",\n"

    def close(self) -> None:
        self._file.write(b"\n]\n")
        self._file.close()


class ParquetWriter:
    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        self._flat = flat_rows(fields)
        self._schema = pa.schema(
            [pa.field(column.name, _ARROW[column.type]) for column in flat_columns(fields)]
        )
        self._writer = pq.ParquetWriter(str(path), self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def write(self, chunk: Sequence[Row]) -> None:
        self._waiting += self._flat(chunk)
        if len(self._waiting) >= 8 * CHUNK:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        by_column = zip(*self._waiting, strict=True)
        arrays = [pa.array(cells, field.type) for cells, field in zip(by_column, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = []


class GeoJsonWriter:
    """A feature collection in WGS84, one feature a line, polygons counter-clockwise (RFC 7946)."""

    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        (self._at,) = [i for i, field in enumerate(fields) if field.type in _SHAPES]
        self._shape = fields[self._at].type
        self._names = [field.name for field in fields]
        self._file = path.open("wb")
        self._between = b'{"type":"FeatureCollection","features":[\n'

    def write(self, chunk: Sequence[Row]) -> None:
        for row in chunk:
            properties = dict(zip(self._names, row, strict=True))
            shape = _geometry(self._shape, properties.pop(self._names[self._at]))
            feature = {"type": "Feature", "geometry": shape, "properties": properties}
            self._file.write(self._between + orjson.dumps(feature))
            self._between = b",\n"

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.close()


def _iso(value: date | datetime) -> str:
    """Days and instants as the CSV has them, instants to the minute."""
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def _geometry(kind: str, value: Any) -> dict[str, Any]:
    return {"type": _SHAPES[kind], "coordinates": [value] if kind == "polygon" else value}


_SHAPES = {"point": "Point", "line": "LineString", "polygon": "Polygon"}
_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("s", tz="Asia/Ho_Chi_Minh"),
    "geometry": pa.string(),
}

WRITERS: dict[str, type[CsvWriter | XlsxWriter | JsonWriter | ParquetWriter | GeoJsonWriter]] = {
    "CSV": CsvWriter,
    "XLSX": XlsxWriter,
    "JSON": JsonWriter,
    "PARQUET": ParquetWriter,
    "GEOJSON": GeoJsonWriter,
}
