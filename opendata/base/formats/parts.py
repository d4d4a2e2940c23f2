"""Parts that several foreign descriptions spell alike: places, periods, offices."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from opendata.base.formats.reading import Reading
from opendata.base.formats.record import Contact, Period, Spatial
from opendata.base.kit.strict_json import NotJson, loads

_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,253}\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{4,30}\Z")
_CODES = re.compile(r"\d{2}(?:\d{3})?\Z")
_GEOMETRIES = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})
_BOX_KEYS = ("west", "south", "east", "north")


def listed(value: Any) -> list[Any]:
    """A value that may stand alone or in a list, without empty entries."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item not in (None, "", [], {})]


def contact(
    reading: Reading,
    *,
    name: Any = None,
    email: Any = None,
    phone: Any = None,
    url: Any = None,
    path: str = "$.contact",
) -> Contact | None:
    """An office; None when neither name nor address is given. An address that is none gets a remark."""
    label = reading.labelled(name)
    address = reading.text(email).removeprefix("mailto:").removeprefix("MAILTO:").strip()
    if address and not _EMAIL.match(address):
        reading.warn(path, "bad_email", address)
        address = ""
    number = reading.text(phone).removeprefix("tel:")
    if not (label or address):
        return None
    return Contact(
        name=label or reading.labelled(address),
        email=address or None,
        phone=number if _PHONE.match(number) else None,
        url=reading.url(url, path) if url else None,
    )


def period(reading: Reading, start: Any, end: Any, path: str = "$.temporal") -> Period | None:
    """Both ends keep their precision; an open end may be empty or ".."."""
    first = reading.date(_end(start), path)
    last = reading.date(_end(end), path)
    return Period(start=first, end=last) if first or last else None


def interval(reading: Reading, value: Any, path: str = "$.temporal") -> Period | None:
    """A period written as "start/end" (ISO 8601), as one date, or as an object with startDate and endDate."""
    if isinstance(value, Mapping):
        return period(
            reading,
            value.get("startDate") or value.get("start"),
            value.get("endDate") or value.get("end"),
            path,
        )
    start, slash, end = reading.text(value).partition("/")
    return period(reading, start, end if slash else start, path) if start or end else None


def spatial(reading: Reading, value: Any, path: str = "$.spatial") -> Spatial | None:
    """A box "west,south,east,north", a GeoJSON geometry (also as text), an object with `bbox`, place codes.

    A place name alone is not a place; it gets no remark, as the caller keeps it.
    """
    if isinstance(value, str):
        return _from_text(reading, value.strip(), path)
    if isinstance(value, Mapping):
        return _from_object(reading, value, path)
    if isinstance(value, Sequence):
        codes = tuple(text for item in value if _CODES.match(text := reading.text(item)))
        if codes:
            return Spatial(places=codes)
        return next((found for item in value if (found := spatial(reading, item, path))), None)
    return None


def _from_text(reading: Reading, text: str, path: str) -> Spatial | None:
    if text.startswith("{"):
        try:
            return _from_object(reading, loads(text), path)
        except NotJson:
            reading.warn(path, "bad_geometry", text)
            return None
    if _CODES.match(text):
        return Spatial(places=(text,))
    box = _box(re.split(r"[,\s]+", text))
    return Spatial(bbox=box) if box else None


def _from_object(reading: Reading, value: Mapping[str, Any], path: str) -> Spatial | None:
    if "coordinates" in value and isinstance(value.get("type"), str):
        box = _extent(value["coordinates"])
        if box is None:
            reading.warn(path, "bad_geometry", value["type"])
            return None
        return Spatial(bbox=box, geometry=dict(value) if value["type"] in _GEOMETRIES else None)
    inner = value.get("bbox") or value.get("geometry") or [value.get(name) for name in _BOX_KEYS]
    if isinstance(inner, list):
        box = _box(inner)
        return Spatial(bbox=box) if box else None
    return spatial(reading, inner, path) if inner else None


def _box(values: Sequence[Any]) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = (float(value) for value in values)
    except (TypeError, ValueError):
        return None
    inside = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if inside else None


def _extent(coordinates: Any) -> tuple[float, float, float, float] | None:
    points = list(_points(coordinates))
    if not points:
        return None
    return _box(
        [
            min(p[0] for p in points),
            min(p[1] for p in points),
            max(p[0] for p in points),
            max(p[1] for p in points),
        ]
    )


def _points(coordinates: Any) -> list[tuple[float, float]]:
    """Every position of a geometry, walked without recursion."""
    found: list[tuple[float, float]] = []
    waiting = [coordinates]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, list) or not item:
            continue
        if len(item) >= 2 and all(_is_number(number) for number in item):
            found.append((float(item[0]), float(item[1])))
        else:
            waiting.extend(item)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _end(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip() in {"", "..", "present", "now"} else value
