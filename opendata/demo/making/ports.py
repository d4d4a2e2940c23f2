"""D10 cargo, D11 vessel calls, D12 berths, D13 tariffs, D14 notices to mariners."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from opendata.demo.draw import Draw, by_month, mondays, split, trade_season, year_months, yearly
from opendata.demo.making.city import City, switched
from opendata.demo.writing.columns import ICT, Row

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


# --- D11 --------------------------------------------------------------------------------------------

CALLS_A_DAY = 49.3
FLEET = 1_250
FLAGS = {"VN": 30, "PA": 14, "LR": 10, "SG": 9, "HK": 9, "MH": 8, "CN": 7, "KR": 4, "MT": 3, "TH": 3, "JP": 3}
EARLIEST = timedelta(hours=-6)


def imo(number: int) -> str:
    """The IMO number of six digits: the check digit is the last digit of their weighted sum."""
    digits = f"{number:06d}"
    return digits + str(sum(int(digit) * (7 - i) for i, digit in enumerate(digits)) % 10)


def calls(city: City) -> Iterator[Row]:
    draw = city.draw("D11")
    fleet = _fleet(draw)
    terminals = city.codes("D12")
    now = datetime(city.as_of.year, city.as_of.month, city.as_of.day, 12, tzinfo=ICT)
    day = datetime(2024, 1, 1, tzinfo=ICT)
    number = 0
    while day.date() <= city.as_of:
        count = round(CALLS_A_DAY * trade_season(day.date().replace(day=1)) * draw.noise(0.1))
        for minute in sorted(draw.between(0, 1_439) for _ in range(count)):
            number += 1
            ship = draw.pick(fleet)
            eta = day + timedelta(minutes=minute)
            late = max(EARLIEST, timedelta(minutes=round(75 + 150 * draw.normal())))
            stay = timedelta(minutes=round(60 * (9 + ship[4] / 2_400) * draw.noise(0.25)))
            ata, atd = eta + late, eta + late + stay
            yield (
                f"LT{number:06d}",
                *ship,
                draw.pick(terminals),
                eta,
                ata if ata <= now else None,
                atd if atd <= now else None,
            )
        day += timedelta(days=1)


def _fleet(draw: Draw) -> list[tuple[str, str, str, float, int]]:
    """IMO number, name, flag, length and deadweight; numbers 2…-4… are believed not in use."""
    numbers = draw.sample(range(200_000, 500_000), FLEET)
    ships = []
    for rank, number in enumerate(numbers, start=1):
        deadweight = round(min(160_000, max(1_200, 14_500 * draw.noise(0.8))), -1)
        length = round(5.35 * deadweight ** (1 / 3) * draw.noise(0.04), 1)
        ships.append((imo(number), f"MÔ PHỎNG {rank:04d}", draw.weighted(FLAGS), length, int(deadweight)))
    return ships


# --- D13 --------------------------------------------------------------------------------------------

FEES = {
    "HT-XNK": ("Phí hạ tầng cảng biển, hàng xuất nhập khẩu", 250_000),
    "HT-TNTX": ("Phí hạ tầng cảng biển, hàng tạm nhập tái xuất", 2_200_000),
    "BD-TAU-BAI": ("Giá bốc dỡ tàu - bãi", 890_000),
    "BD-BAI-XE": ("Giá nâng hạ bãi - xe", 420_000),
    "LUU-BAI": ("Giá lưu bãi mỗi ngày", 35_000),
}
BOXES = {
    "20": ("Container 20 feet", 1.0),
    "40": ("Container 40 feet", 1.7),
    "20L": ("Container lạnh 20 feet", 1.4),
}
BOXES |= {"40L": ("Container lạnh 40 feet", 2.3)}
TERMS = (
    (date(2022, 1, 1), date(2023, 12, 31), 1.0, "Nghị quyết mô phỏng 01/2021"),
    (date(2024, 1, 1), date(2025, 6, 30), 1.06, "Nghị quyết mô phỏng 07/2023"),
    (date(2025, 7, 1), None, 1.11, "Nghị quyết mô phỏng 03/2025"),
)


def tariffs(_city: City) -> Iterator[Row]:
    for fee, (name, amount) in FEES.items():
        for box, (applies_to, factor) in BOXES.items():
            for number, (start, end, rise, text) in enumerate(TERMS, start=1):
                price = round(amount * factor * rise / 1_000) * 1_000
                yield (f"{fee}-{box}-{number}", name, applies_to, price, start, end, text)


# --- D14 --------------------------------------------------------------------------------------------

CHANNELS: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "Lạch Huyện": (14.0, ((106.93, 20.7), (106.915, 20.745), (106.905, 20.785))),
    "Nam Triệu": (8.2, ((106.87, 20.72), (106.85, 20.77), (106.82, 20.81), (106.795, 20.835))),
    "Bạch Đằng": (7.4, ((106.795, 20.835), (106.775, 20.86), (106.755, 20.885))),
    "Sông Cấm": (7.0, ((106.755, 20.85), (106.715, 20.868), (106.67, 20.875))),
    "Phà Rừng": (6.9, ((106.755, 20.885), (106.745, 20.925), (106.73, 20.955))),
}


def notices(city: City) -> Iterator[Row]:
    draw = city.draw("D14")
    numbers: dict[int, int] = {}
    for monday in mondays(date(2024, 1, 1), city.as_of - timedelta(days=6)):
        for channel, after in zip(draw.sample(list(CHANNELS), 2), (1, 3), strict=True):
            day = monday + timedelta(days=after)
            numbers[day.year] = numbers.get(day.year, 0) + 1
            usual, line = CHANNELS[channel]
            depth = min(15.0, max(6.0, round(usual + 0.35 * draw.normal(), 1)))
            buoy = draw.between(1, 20)
            shown = f"{depth:.1f}".replace(".", ",")
            where = f"Luồng {channel}, từ phao số {buoy} đến phao số {buoy + 2}"
            text = f"{where}: độ sâu {shown} m tính theo số 0 hải đồ."
            yield (f"TBHH-{day.year}-{numbers[day.year]:03d}", channel, depth, day, text, line)
