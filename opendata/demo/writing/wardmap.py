"""Figures by ward on the schematic map: the newest period of a table that itself holds no shapes."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from opendata.base.formats.record import Column
from opendata.demo.catalogue import Field
from opendata.demo.places import cells, wards
from opendata.demo.writing.columns import Row, flat_columns
from opendata.demo.writing.tables import GeoJsonWriter

WARD = Field(name="ma_xa", type="text", label={"vi": "Mã phường, xã", "en": "Ward code"}, key=True)
NAME = Field(name="ten", type="text", label={"vi": "Tên", "en": "Name"})
SHAPE = Field(name="geom", type="polygon", label={"vi": "Hình vẽ sơ đồ", "en": "Schematic shape"})
PERIOD, UNIT = 0, 1


def write_ward_map(path: Path, fields: Sequence[Field], rows: Iterable[Row]) -> int:
    """One feature a ward with the sums of the integer columns in the last period; answers how many."""
    rows = list(rows)
    newest: date = max(row[PERIOD] for row in rows)
    measures = _measures(fields)
    writer = GeoJsonWriter(path, (fields[PERIOD], WARD, NAME, *(fields[i] for i in measures), SHAPE))
    features = []
    for ward in wards():
        own = [row for row in rows if row[PERIOD] == newest and row[UNIT] == ward.code]
        sums = (sum(row[i] for row in own) for i in measures)
        features.append((newest, ward.code, f"{ward.kind} {ward.name}", *sums, cells()[ward.code]))
    writer.write(features)
    writer.close()
    return len(features)


def ward_map_columns(fields: Sequence[Field]) -> tuple[Column, ...]:
    return flat_columns((fields[PERIOD], WARD, NAME, *(fields[i] for i in _measures(fields))))


def _measures(fields: Sequence[Field]) -> list[int]:
    return [i for i, field in enumerate(fields) if field.type == "integer"]
