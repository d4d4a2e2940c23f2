"""D16 the bus network: forty routes as GTFS tables."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from opendata.demo.draw import Draw
from opendata.demo.making.city import City
from opendata.demo.places import KM_PER_DEGREE, Point, Ward, wards
from opendata.demo.writing.columns import Row

ROUTES = 40
SHORTEST, LONGEST = 9.0, 30.0
"""Kilometres between the ends of a route."""
STOP_EVERY = 1.1
SPEED = 24.0
BUS = 3
OPERATORS = {"XB1": "Xe buýt MÔ PHỎNG phía đông", "XB2": "Xe buýt MÔ PHỎNG phía tây"}
SERVICES = {"HANG_NGAY": (1,) * 7, "NGAY_LAM_VIEC": (1, 1, 1, 1, 1, 0, 0), "CUOI_TUAN": (0, 0, 0, 0, 0, 1, 1)}
HEADWAYS = {"HANG_NGAY": 50, "NGAY_LAM_VIEC": 100, "CUOI_TUAN": 150}
"""Minutes between departures of a service."""
FIRST_BUS, LAST_BUS = 5 * 60 + 30, 20 * 60 + 30
VALID = ("20260701", "20261231")

Tables = dict[str, list[Row]]


@dataclass(slots=True)
class _Network:
    draw: Draw
    stops: dict[str, Point] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    terminals: dict[str, str] = field(default_factory=dict)

    def stop(self, at: Point, name: str | None = None) -> str:
        number = len(self.stops) + 1
        code = f"S{number:04d}"
        self.stops[code] = (round(at[0], 6), round(at[1], 6))
        self.names[code] = name or f"Điểm dừng MÔ PHỎNG {number:04d}"
        return code

    def terminal(self, ward: Ward) -> str:
        """The stop at the ward's centre, one for all routes that end there."""
        if ward.code not in self.terminals:
            self.terminals[ward.code] = self.stop(ward.centre, f"Bến xe buýt {ward.kind} {ward.name}")
        return self.terminals[ward.code]


def network(city: City) -> Tables:
    """All tables by their GTFS name, in the columns of the catalogue."""
    net = _Network(city.draw("D16"))
    lines = [_line(net, *ends) for ends in _ends(net.draw)]
    routes: list[Row] = []
    trips: list[Row] = []
    times: list[Row] = []
    for number, stops in enumerate(lines, start=1):
        route, name = f"R{number:02d}", f"{net.names[stops[0]]} - {net.names[stops[-1]]}"
        routes.append((route, "XB1" if number % 2 else "XB2", f"{number:02d}", name, BUS))
        for trip, service, direction, minute in _departures(route, net.draw):
            along = stops if direction == 0 else stops[::-1]
            trips.append((trip, route, service, net.names[along[-1]], direction))
            times += _times(trip, along, net.stops, minute)
    return {
        "agency": [
            (code, name, "https://example.com/xe-buyt", "Asia/Ho_Chi_Minh")
            for code, name in OPERATORS.items()
        ],
        "stops": [(code, net.names[code], lat, lon) for code, (lon, lat) in net.stops.items()],
        "routes": routes,
        "calendar": [(service, *days, *VALID) for service, days in SERVICES.items()],
        "trips": trips,
        "stop_times": times,
    }


def stops(city: City) -> Iterator[Row]:
    """The table that the preview shows."""
    yield from network(city)["stops"]


def _ends(draw: Draw) -> list[tuple[Ward, Ward]]:
    sites = [ward for ward in wards() if ward.kind != "Đặc khu"]
    pairs = [
        (a, b)
        for i, a in enumerate(sites)
        for b in sites[i + 1 :]
        if SHORTEST <= _distance(a.centre, b.centre) <= LONGEST
    ]
    return draw.sample(pairs, ROUTES)


def _line(net: _Network, first: Ward, last: Ward) -> list[str]:
    (x1, y1), (x2, y2) = first.centre, last.centre
    parts = round(_distance(first.centre, last.centre) / STOP_EVERY)
    bend = net.draw.real(-0.08, 0.08)
    between = []
    for part in range(1, parts):
        share = part / parts
        aside = bend * math.sin(math.pi * share)
        between.append(
            net.stop((x1 + (x2 - x1) * share - (y2 - y1) * aside, y1 + (y2 - y1) * share + (x2 - x1) * aside))
        )
    return [net.terminal(first), *between, net.terminal(last)]


def _departures(route: str, draw: Draw) -> Iterator[tuple[str, str, int, int]]:
    """Trip, service, direction and departure in minutes after midnight."""
    for order, (service, headway) in enumerate(HEADWAYS.items(), start=1):
        for direction in (0, 1):
            departures = range(FIRST_BUS + draw.between(0, headway - 1), LAST_BUS, headway)
            for number, minute in enumerate(departures, start=1):
                yield f"{route}-{order}{direction}-{number:02d}", service, direction, minute


def _times(trip: str, along: list[str], places: dict[str, Point], minute: int) -> Iterator[Row]:
    seconds = minute * 60
    for order, stop in enumerate(along, start=1):
        if order > 1:
            seconds += max(60, round(_distance(places[along[order - 2]], places[stop]) / SPEED * 3_600))
        leaves = seconds + (20 if 1 < order < len(along) else 0)
        yield (trip, order, _clock(seconds), _clock(leaves), stop)
        seconds = leaves


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _distance(a: Point, b: Point) -> float:
    east = (a[0] - b[0]) * KM_PER_DEGREE * math.cos(math.radians(a[1]))
    return math.hypot(east, (a[1] - b[1]) * KM_PER_DEGREE)
