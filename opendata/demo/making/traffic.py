"""D15 trucks at the port gates, D17 depots, D18 customs clearance."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from opendata.demo.draw import year_months, yearly
from opendata.demo.making.city import City
from opendata.demo.places import point_in, wards
from opendata.demo.writing.columns import ICT, Row

# --- D15 --------------------------------------------------------------------------------------------

YEAR = 2024
HOURS = 8_784
GATES = {
    f"CONG-{number:02d}": weight for number, weight in enumerate((16, 14, 12, 11, 9, 8, 7, 6, 6, 5, 3, 3), 1)
}
BY_HOUR = (
    *(0.50, 0.42, 0.38, 0.36, 0.42, 0.60, 0.78, 0.95, 1.25, 1.45, 1.42, 1.22),
    *(0.98, 1.18, 1.40, 1.52, 1.50, 1.32, 1.10, 1.02, 1.05, 1.12, 0.95, 0.72),
)
BY_WEEKDAY = (1.06, 1.10, 1.12, 1.10, 1.08, 0.92, 0.62)
INBOUND, OUTBOUND = 0.51, 0.49


def trucks(city: City) -> Iterator[Row]:
    """As many trucks as the port moved TEU in the month, spread over gates and hours."""
    draw = city.draw("D15")
    noise = [draw.noise(0.16) for _ in range(4_099)]
    hourly = _hourly_teu(city)
    whole = sum(GATES.values())
    lanes = [
        (gate, direction, weight / whole * share, 2.2 if direction == "VAO" else 1.1)
        for gate, weight in GATES.items()
        for direction, share in (("VAO", INBOUND), ("RA", OUTBOUND))
    ]
    start = datetime(YEAR, 1, 1, tzinfo=ICT)
    step = 0
    for hour in range(HOURS):
        moment = start + timedelta(hours=hour)
        busy = BY_HOUR[moment.hour] * BY_WEEKDAY[moment.weekday()]
        expected = hourly[moment.month - 1] * busy
        for gate, direction, share, slope in lanes:
            step += 1
            trucks_now = round(expected * share * noise[step % 4_099])
            waiting = round(4.0 + slope * busy**2 * 5.0 * noise[(step * 7) % 4_099])
            yield (moment, gate, direction, trucks_now, waiting)


def _hourly_teu(city: City) -> Sequence[float]:
    """Mean TEU of an hour in each month, so that hours by the daily and weekly pattern add up again."""
    teu = dict.fromkeys(year_months(YEAR), 0)
    for month, *_, boxes, _ in city.rows("D10"):
        if month.year == YEAR:
            teu[month] += boxes
    busy = [0.0] * 12
    for hour in range(HOURS):
        moment = datetime(YEAR, 1, 1, tzinfo=ICT) + timedelta(hours=hour)
        busy[moment.month - 1] += BY_HOUR[moment.hour] * BY_WEEKDAY[moment.weekday()]
    return [boxes / hours for boxes, hours in zip(teu.values(), busy, strict=True)]


# --- D17 --------------------------------------------------------------------------------------------

DEPOTS = {"KHO": (28, "Kho hàng"), "KHO_NGOAI_QUAN": (12, "Kho ngoại quan"), "ICD": (5, "Cảng cạn")}
DEPOTS |= {"DEPOT": (15, "Depot container")}


def depots(city: City) -> Iterator[Row]:
    draw = city.draw("D17")
    number = 0
    sites = [ward for ward in wards() if ward.kind != "Đặc khu"]
    for kind, (count, name) in DEPOTS.items():
        for _ in range(count):
            number += 1
            ward = draw.pick(sites)
            area = round(draw.real(1.5, 28.0), 1)
            boxes = round(area * draw.real(180, 420)) if kind in ("ICD", "DEPOT") else round(area * 60)
            title = f"{name} MÔ PHỎNG {number:02d}"
            yield (f"KB{number:03d}", title, kind, area, boxes, ward.code, point_in(ward, draw))


# --- D18 --------------------------------------------------------------------------------------------

DECLARATIONS = {2022: 1_640_000, 2023: 1_705_000, 2024: 1_890_000, 2025: 2_080_000, 2026: 2_270_000}
LANES = {"XANH": (0.66, 1.0, 3.0), "VANG": (0.30, 5_400.0, 9_000.0), "DO": (0.04, 19_000.0, 34_000.0)}
"""Channel: share of declarations, median clearance time in seconds from and to."""


def clearance(city: City) -> Iterator[Row]:
    draw = city.draw("D18")
    for month in city.months():
        for lane, (share, fast, slow) in LANES.items():
            count = round(yearly(DECLARATIONS, month.year) / 12 * share * draw.noise(0.05))
            median = round(draw.real(fast, slow), 1 if lane == "XANH" else 0)
            late = round(median * draw.real(1.4, 2.4), 1 if lane == "XANH" else 0)
            yield (month, lane, count, median, late, round(draw.real(99.65, 99.95), 2))
