"""D10 cargo, D11 vessel calls, D12 berths, D13 tariffs, D14 notices to mariners."""

from collections.abc import Iterator
from datetime import date

from opendata.demo.draw import Draw, by_month, split, trade_season, year_months, yearly
from opendata.demo.making.city import City, switched
from opendata.demo.writing.columns import Row

AREAS = {
    "Đình Vũ": (22, (106.775, 20.845), (250, 850), (7.5, 11.5)),
    "Lạch Huyện": (10, (106.905, 20.795), (400, 900), (14.0, 16.0)),
    "Cấm": (18, (106.690, 20.872), (150, 420), (6.5, 8.5)),
}
"""Area: terminals, a place in it, quay length and depth from-to in metres."""

CARGO_YEARS = {2022: 158_200_000, 2023: 170_500_000, 2024: 190_000_000, 2025: 194_730_000, 2026: 214_600_000}
FIRST_HALF_2025 = 86_330_000
TONNES_PER_TEU = 12.5
DIRECTIONS = {"XUAT": 0.34, "NHAP": 0.40, "NOI_DIA": 0.26}
KINDS = {"Đình Vũ": "CONTAINER", "Lạch Huyện": "CONTAINER", "Cấm": "TONG_HOP"}
OTHER_KINDS = ("ROI", "LONG", "TONG_HOP")


def berths(city: City) -> Iterator[Row]:
    draw = city.draw("D12")
    number = 0
    for area, (count, (lon, lat), lengths, depths) in AREAS.items():
        for _ in range(count):
            number += 1
            yield (
                f"BC{number:03d}",
                f"Bến MÔ PHỎNG {number:02d}",
                area,
                float(round(draw.real(*lengths) / 5) * 5),
                round(draw.real(*depths), 1),
                True,
                (round(lon + draw.real(-0.03, 0.03), 6), round(lat + draw.real(-0.012, 0.012), 6)),
            )


def cargo(city: City) -> Iterator[Row]:
    draw = city.draw("D10")
    lines = _lines(city, draw)
    for year in range(2022, city.as_of.year + 1):
        for month, tonnes in _cargo_months(draw, year).items():
            parts = split(tonnes, [weight * draw.noise() for *_, weight in lines])
            if month > city.last_month:
                continue
            for (berth, kind, direction, _), part in zip(lines, parts, strict=True):
                teu = round(part / (TONNES_PER_TEU * draw.noise())) if kind == "CONTAINER" else 0
                yield (month, berth, kind, direction, part, teu, switched(month))


def _lines(city: City, draw: Draw) -> list[tuple[str, str, str, float]]:
    """Four kinds of business per berth with their weight; deep berths carry most of the containers."""
    lines = []
    for code, _, area, length, depth, *_ in city.rows("D12"):
        kind = KINDS[area]
        size = length * depth * draw.noise(0.2)
        lines += [(code, kind, direction, size * share) for direction, share in DIRECTIONS.items()]
        lines.append((code, _second_kind(kind, draw), "NHAP", size * 0.25))
    return sorted(lines)


def _second_kind(first: str, draw: Draw) -> str:
    return draw.pick([kind for kind in OTHER_KINDS if kind != first])


def _cargo_months(draw: Draw, year: int) -> dict[date, int]:
    season = [trade_season(month) for month in year_months(year)]
    total = yearly(CARGO_YEARS, year)
    if year != 2025:
        return by_month(draw, year, total, season)
    weights = [weight * draw.noise() for weight in season]
    halves = split(FIRST_HALF_2025, weights[:6]) + split(total - FIRST_HALF_2025, weights[6:])
    return dict(zip(year_months(year), halves, strict=True))
