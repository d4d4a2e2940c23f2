"""How a catalogue column becomes columns of a file: points are two numbers, shapes are WKT."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from opendata.base.formats.record import Column, ColumnType
from opendata.demo.catalogue import Dataset, Field
from opendata.demo.places import wkt

ICT = timezone(timedelta(hours=7))
"""Indochina time, written out as +07:00."""

Row = tuple[Any, ...]

LONGITUDE = Column(
    name="kinh_do", label={"vi": "Kinh độ", "en": "Longitude"}, type="number", unit="độ", nullable=False
)
LATITUDE = Column(
    name="vi_do", label={"vi": "Vĩ độ", "en": "Latitude"}, type="number", unit="độ", nullable=False
)
SHAPE_NOTE = {"vi": "Chuỗi WKT, hệ tọa độ WGS84", "en": "WKT in WGS84"}


def flat_columns(fields: Sequence[Field]) -> tuple[Column, ...]:
    """The dictionary of a table file."""
    found: list[Column] = []
    for field in fields:
        found += (LONGITUDE, LATITUDE) if field.type == "point" else (_column(field),)
    return tuple(found)


def property_columns(fields: Sequence[Field]) -> tuple[Column, ...]:
    """The dictionary of a GeoJSON file: every column stands under `properties`, the shape beside them."""
    return tuple(_column(field, shape_note={}) for field in fields)


def flat_rows(fields: Sequence[Field]) -> Callable[[Sequence[Row]], Sequence[Row]]:
    """A function that flattens a chunk of rows; the chunk itself where nothing has to change."""
    shaped = [i for i, field in enumerate(fields) if field.type in ("point", "line", "polygon")]
    if not shaped:
        return lambda chunk: chunk
    (at,) = shaped
    kind = fields[at].type
    if kind == "point":
        return lambda chunk: [(*row[:at], *row[at], *row[at + 1 :]) for row in chunk]
    return lambda chunk: [(*row[:at], wkt(kind, row[at]), *row[at + 1 :]) for row in chunk]


def text_rows(columns: Sequence[Column]) -> Callable[[Sequence[Row]], Sequence[Row]]:
    """A function that writes truth values and instants as text; `csv` does the rest rightly by itself."""
    special = {i: _AS_TEXT[column.type] for i, column in enumerate(columns) if column.type in _AS_TEXT}
    if not special:
        return lambda chunk: chunk

    def convert(chunk: Sequence[Row]) -> Sequence[Row]:
        converted = []
        for row in chunk:
            cells = list(row)
            for i, as_text in special.items():
                cells[i] = as_text(cells[i])
            converted.append(tuple(cells))
        return converted

    return convert


def code_lists(dataset: Dataset) -> dict[str, Any]:
    """The dataset's own code lists by the name its columns use."""
    return {f"{dataset.id}.{column}": dict(codes) for column, codes in dataset.codes.items()}


def _column(field: Field, *, shape_note: dict[str, str] | None = None) -> Column:
    kind = _TYPES[field.type]
    note = field.note
    if kind == "geometry" and not note:
        note = SHAPE_NOTE if shape_note is None else shape_note
    return Column(
        name=field.name,
        label=field.label,
        type=kind,
        unit=field.unit,
        codes=field.codes,
        key=field.key,
        nullable=field.nullable,
        note=note,
    )


def _instant(value: datetime | None) -> str:
    return value.isoformat(timespec="minutes") if value else ""


def _truth(value: bool | None) -> str:
    return "" if value is None else "true" if value else "false"


_AS_TEXT: dict[str, Callable[[Any], str]] = {"datetime": _instant, "boolean": _truth}
_TYPES: dict[str, ColumnType] = {
    "text": "text",
    "number": "number",
    "integer": "integer",
    "date": "date",
    "datetime": "datetime",
    "boolean": "boolean",
    "point": "geometry",
    "line": "geometry",
    "polygon": "geometry",
}
