"""The city's wards on a schematic map: cells around the centre points, never the legal boundary."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from opendata.demo.draw import Draw

Point = tuple[float, float]

KM_PER_DEGREE = 111.32
CORNERS = 24
REACH = 1.3
"""A cell may reach this much further than the circle of the ward's area before a neighbour cuts it."""


@dataclass(frozen=True, slots=True)
class Ward:
    code: str
    name: str
    kind: str
    province: str
    area: float
    centre: Point


@cache
def wards() -> tuple[Ward, ...]:
    """The 114 units in force since 2025-07-01, by code."""
    return tuple(
        Ward(
            row["ma_xa"],
            row["ten"],
            row["loai"],
            row["ma_tinh"],
            float(row["dien_tich"]),
            (float(row["kinh_do"]), float(row["vi_do"])),
        )
        for row in _rows("admin_units.csv")
    )


@cache
def crosswalk() -> tuple[tuple[str, str, str, str, str, float, bool], ...]:
    """Old code, name, district, province; new code; share; whether the share is an estimate."""
    return tuple(
        (
            row["ma_cu"],
            row["ten_cu"],
            row["huyen_cu"],
            row["tinh_cu"],
            row["ma_moi"],
            float(row["ty_le"]),
            row["ty_le_uoc_tinh"] == "true",
        )
        for row in _rows("crosswalk.csv")
    )


@cache
def former_city_wards() -> tuple[Ward, ...]:
    """Today's units that lie in the city as it was before the merger."""
    codes = {pair[4] for pair in crosswalk() if pair[3] == "Thành phố Hải Phòng"}
    return tuple(ward for ward in wards() if ward.code in codes)


@cache
def cells() -> dict[str, tuple[Point, ...]]:
    """A convex cell per ward code: counter-clockwise, closed, no two overlap."""
    return {ward.code: _cell(ward) for ward in wards()}


def point_in(ward: Ward, draw: Draw) -> Point:
    """A place inside the ward's cell, six decimals."""
    ring = cells()[ward.code]
    corner = draw.between(0, len(ring) - 2)
    along, out = draw.unit(), 0.9 * math.sqrt(draw.unit())
    edge = _between(ring[corner], ring[corner + 1], along)
    lon, lat = _between(ward.centre, edge, out)
    return round(lon, 6), round(lat, 6)


def wkt(kind: str, points: tuple[Point, ...]) -> str:
    inner = ", ".join(f"{lon} {lat}" for lon, lat in points)
    return f"POLYGON (({inner}))" if kind == "polygon" else f"LINESTRING ({inner})"


def square(centre: Point, hectares: float) -> tuple[Point, ...]:
    """A closed counter-clockwise square of the given area."""
    lon, lat = centre
    half = math.sqrt(hectares / 100) / 2
    dx, dy = half / (KM_PER_DEGREE * math.cos(math.radians(lat))), half / KM_PER_DEGREE
    ring = [(-dx, -dy), (dx, -dy), (dx, dy), (-dx, dy), (-dx, -dy)]
    return tuple((round(lon + x, 6), round(lat + y, 6)) for x, y in ring)


def _cell(ward: Ward) -> tuple[Point, ...]:
    lon, lat = ward.centre
    east = KM_PER_DEGREE * math.cos(math.radians(lat))
    radius = REACH * math.sqrt(ward.area / math.pi)
    ring = [
        (radius * math.cos(2 * math.pi * i / CORNERS), radius * math.sin(2 * math.pi * i / CORNERS))
        for i in range(CORNERS)
    ]
    for other in wards():
        if other.code != ward.code:
            away = ((other.centre[0] - lon) * east, (other.centre[1] - lat) * KM_PER_DEGREE)
            ring = list(_nearer(ring, away))
    closed = [*ring, ring[0]]
    return tuple((round(lon + x / east, 6), round(lat + y / KM_PER_DEGREE, 6)) for x, y in closed)


def _nearer(ring: list[Point], other: Point) -> Iterator[Point]:
    """The part of a convex ring around (0, 0) that is nearer to (0, 0) than to `other`."""
    limit = (other[0] ** 2 + other[1] ** 2) / 2
    sides = [x * other[0] + y * other[1] - limit for x, y in ring]
    if max(sides) <= 0:
        yield from ring
        return
    for i, point in enumerate(ring):
        following = (i + 1) % len(ring)
        if sides[i] <= 0:
            yield point
        if (sides[i] < 0) != (sides[following] < 0) and sides[i] != sides[following]:
            yield _between(point, ring[following], sides[i] / (sides[i] - sides[following]))


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("opendata.demo").joinpath("data", name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
