"""D34 air quality, D35 water level and rain, D39 wholesale prices."""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from opendata.demo.draw import mondays
from opendata.demo.making.city import City
from opendata.demo.writing.columns import ICT, Row

START = datetime(2024, 1, 1, tzinfo=ICT)


def _hours(city: City) -> Iterator[datetime]:
    end = datetime(city.as_of.year, city.as_of.month, city.as_of.day, 23, tzinfo=ICT)
    moment = START
    while moment <= end:
        yield moment
        moment += timedelta(hours=1)


def _winter(moment: datetime) -> float:
    """1 in mid-January, -1 in mid-July."""
    return math.cos(2 * math.pi * (moment.timetuple().tm_yday - 15) / 365.25)


# --- D34 --------------------------------------------------------------------------------------------

STATIONS = {
    f"KK{number:02d}": level for number, level in enumerate((1.25, 1.1, 1.0, 0.95, 1.15, 0.85, 0.8, 1.05), 1)
}
GAP_BEGINS, GAP_LENGTH = 0.0103, (1, 5)
AQI_STEPS = (
    (0.0, 0),
    (25.0, 50),
    (50.0, 100),
    (80.0, 150),
    (150.0, 200),
    (250.0, 300),
    (350.0, 400),
    (500.0, 500),
)


def air_quality(city: City) -> Iterator[Row]:
    draw = city.draw("D34")
    mood = dict.fromkeys(STATIONS, 0.0)
    gap = dict.fromkeys(STATIONS, 0)
    for moment in _hours(city):
        base = 36.0 + 16.0 * _winter(moment)
        rush = 1.0 + 0.22 * math.sin((moment.hour - 3) * math.pi / 6)
        sun = max(0.0, math.sin((moment.hour - 6) * math.pi / 12))
        for station, level in STATIONS.items():
            mood[station] = 0.96 * mood[station] + 0.09 * draw.normal()
            if gap[station] == 0 and draw.chance(GAP_BEGINS):
                gap[station] = draw.between(*GAP_LENGTH)
            if gap[station]:
                gap[station] -= 1
                yield (moment, station, None, None, None, None, None, None, False)
                continue
            fine = max(2.0, base * rush * level * math.exp(mood[station]))
            wobble = draw.unit()
            yield (
                moment,
                station,
                round(fine, 1),
                round(fine * (1.45 + 0.3 * wobble)),
                round(14 * level * rush * (0.8 + 0.4 * wobble)),
                round(9 * level * (0.7 + 0.6 * wobble)),
                round(28 + 45 * sun * (1.1 - 0.4 * wobble)),
                aqi(fine),
                True,
            )


def aqi(fine: float) -> int:
    """The index of an hour by its fine dust alone, linear between the national steps."""
    for (low, from_), (high, to) in pairwise(AQI_STEPS):
        if fine <= high:
            return round(from_ + (to - from_) * (fine - low) / (high - low))
    return AQI_STEPS[-1][1]


# --- D35 --------------------------------------------------------------------------------------------

GAUGES = {"HON_DAU": (195.0, 1.0, 0.0), "CUA_CAM": (188.0, 0.93, 0.6), "DO_NGHI": (182.0, 0.88, 1.1)}
GAUGES |= {"CAT_BA": (198.0, 1.04, -0.2)}
"""Mean level in cm, tidal range against the first gauge, delay in hours."""
K1, O1 = (92.0, 23.9345), (78.0, 25.8193)
"""Amplitude in cm and period in hours of the two diurnal constituents."""
STORM = datetime(2024, 9, 7, 14, tzinfo=ICT)
SURGE, SURGE_HOURS = 118.0, 9.0


def water_level(city: City) -> Iterator[Row]:
    draw = city.draw("D35")
    drift = dict.fromkeys(GAUGES, 0.0)
    wet = 0.0
    for moment in _hours(city):
        hour = (moment - START).total_seconds() / 3600
        distance = abs((moment - STORM).total_seconds() / 3600) / SURGE_HOURS
        storm = math.exp(-(distance**2))
        wet = (
            0.0
            if not draw.chance(0.05 - 0.035 * _winter(moment)) and wet < 0.2
            else 0.7 * (wet or draw.real(1, 14))
        )
        for gauge, (mean, size, delay) in GAUGES.items():
            predicted = mean + size * sum(
                height * math.cos(2 * math.pi * (hour - delay) / period) for height, period in (K1, O1)
            )
            drift[gauge] = 0.9 * drift[gauge] + 2.2 * draw.normal()
            rain = wet * draw.real(0.5, 1.4) + (34 * storm * draw.real(0.6, 1.2) if storm > 0.05 else 0.0)
            level = predicted + drift[gauge] + SURGE * size * storm
            yield (moment, gauge, round(level, 1), round(predicted, 1), round(rain, 1))


# --- D39 --------------------------------------------------------------------------------------------

MARKETS = tuple(f"Chợ đầu mối MÔ PHỎNG {number}" for number in range(1, 7))
ITEMS = {
    "Gạo tẻ": 17_500,
    "Gạo nếp": 26_000,
    "Ngô hạt": 9_200,
    "Khoai lang": 14_000,
    "Khoai tây": 16_500,
    "Cà rốt": 15_000,
    "Bắp cải": 10_500,
    "Su hào": 11_000,
    "Cải xanh": 12_500,
    "Rau muống": 11_500,
    "Cà chua": 19_000,
    "Dưa chuột": 14_500,
    "Bí xanh": 13_000,
    "Hành lá": 24_000,
    "Hành củ": 32_000,
    "Tỏi": 58_000,
    "Ớt": 42_000,
    "Vải thiều": 34_000,
    "Chuối": 13_500,
    "Cam": 28_000,
    "Ổi": 18_000,
    "Na": 46_000,
    "Dưa hấu": 12_000,
    "Thịt lợn hơi": 62_000,
    "Gà ta": 105_000,
    "Vịt": 52_000,
    "Trứng gà": 34_000,
    "Cá chép": 62_000,
    "Cá rô phi": 38_000,
    "Cá vược": 118_000,
    "Cá thu": 215_000,
    "Cá nục": 48_000,
    "Cá song": 245_000,
    "Tôm thẻ": 165_000,
    "Tôm sú": 268_000,
    "Cua biển": 325_000,
    "Ghẹ": 285_000,
    "Mực ống": 205_000,
    "Ngao": 24_000,
    "Hàu": 28_000,
}
"""Item: usual price in dong a kilogram."""


def wholesale_prices(city: City) -> Iterator[Row]:
    draw = city.draw("D39")
    peaks = {item: draw.unit() for item in ITEMS}
    trend = dict.fromkeys(ITEMS, 0.0)
    for monday in mondays(date(2024, 1, 1), city.as_of):
        season = monday.timetuple().tm_yday / 365.25
        for item, usual in ITEMS.items():
            trend[item] = 0.92 * trend[item] + 0.03 * draw.normal()
            swing = 1 + 0.16 * math.cos(2 * math.pi * (season - peaks[item]))
            for market in MARKETS:
                price = usual * swing * math.exp(trend[item]) * draw.noise(0.02)
                yield (monday, market, item, max(500, round(price / 100) * 100))
