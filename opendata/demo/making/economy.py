"""D01 targets, D02 regional product, D03 revenue, D05 exports, D06 digital share, D08 CPI, D09 IIP."""

from collections.abc import Iterator, Sequence
from datetime import date

from opendata.demo.draw import Draw, by_month, half_up, split, trade_season, year_months, yearly, zipf
from opendata.demo.making.city import City, restated, switched
from opendata.demo.writing.columns import Row

# --- D02 --------------------------------------------------------------------------------------------

GROWTH = {
    2015: 10.24,
    2016: 11.0,
    2017: 14.01,
    2018: 16.27,
    2019: 16.68,
    2020: 11.22,
    2021: 12.38,
    2022: 12.32,
    2023: 10.34,
    2024: 11.0,
    2025: 11.81,
    2026: 12.1,
}
SECTOR_GROWTH_2025 = {"NLTS": 4.33, "CNXD": 13.61, "DV": 10.21, "TSP": 8.9}
SECTOR_SHARES = {"NLTS": 0.045, "CNXD": 0.53, "DV": 0.365, "TSP": 0.06}
SECTOR_PACE = {"NLTS": 0.3, "CNXD": 1.2, "DV": 0.9, "TSP": 0.8}
PRODUCT_2024, PRODUCT_2025 = 446_320, 734_420
QUARTERS_FROM = 2022
QUARTER_SEASON = (0.222, 0.247, 0.259, 0.272)
PRICES = 1.025


def regional_product(city: City) -> Iterator[Row]:
    draw = city.draw("D02")
    whole_quarters = city.last_month.month // 3
    for year in range(2015, city.as_of.year + 1):
        complete = year < city.as_of.year or city.last_month == date(year, 12, 1)
        values = dict(
            zip(
                SECTOR_SHARES,
                split(_product(year), [share * draw.noise() for share in SECTOR_SHARES.values()]),
                strict=True,
            )
        )
        growth = _sector_growth(draw, year)
        by_quarter = {
            sector: split(value, [weight * draw.noise(0.01) for weight in QUARTER_SEASON])
            for sector, value in values.items()
        }
        quarterly_growth = [
            {sector: round(rate * draw.noise(), 2) for sector, rate in growth.items()} for _ in range(4)
        ]
        if complete:
            yield from _sectors(year, 0, values, growth)
        for quarter in range(1, (4 if complete else whole_quarters) + 1 if year >= QUARTERS_FROM else 1):
            parts = {sector: quarters[quarter - 1] for sector, quarters in by_quarter.items()}
            yield from _sectors(year, quarter, parts, quarterly_growth[quarter - 1])


def _sectors(year: int, quarter: int, parts: dict[str, int], growth: dict[str, float]) -> Iterator[Row]:
    for sector, value in {"TONG": sum(parts.values()), **parts}.items():
        yield (year, quarter, sector, float(value), growth[sector], restated(year))


def _product(year: int) -> int:
    """At current prices, in billion dong; a chain of growth and prices on either side of the merger."""
    value, at = (PRODUCT_2025, 2025) if year >= 2025 else (PRODUCT_2024, 2024)
    scale = 1.0
    while at > year:
        scale /= (1 + GROWTH[at] / 100) * PRICES
        at -= 1
    while at < year:
        at += 1
        scale *= (1 + GROWTH.get(at, 12.0) / 100) * PRICES
    return round(value * scale)


def _sector_growth(draw: Draw, year: int) -> dict[str, float]:
    total = GROWTH.get(year, 12.0)
    made = {sector: round(total * pace * draw.noise(), 2) for sector, pace in SECTOR_PACE.items()}
    return {"TONG": total, **(SECTOR_GROWTH_2025 if year == 2025 else made)}


# --- D03 --------------------------------------------------------------------------------------------

DOMESTIC = {
    "ND.DNNN": 0.045,
    "ND.FDI": 0.21,
    "ND.NQD": 0.2,
    "ND.TNCN": 0.11,
    "ND.DAT": 0.29,
    "ND.PHI": 0.085,
    "ND.KHAC": 0.06,
}
FOREIGN = {"XNK": 0.975, "KHAC": 0.025}
DOMESTIC_YEARS = {2022: 415_320, 2023: 422_080, 2024: 482_550, 2025: 1_038_790, 2026: 1_152_300}
FOREIGN_YEARS = {2022: 643_910, 2023: 561_740, 2024: 611_326, 2025: 865_000, 2026: 921_400}
"""Collected, in tenths of a billion dong."""
PLAN_YEARS = {2024: (471_696, 595_500)}
"""Planned domestic and other revenue, in tenths of a billion dong."""


def revenue(city: City) -> Iterator[Row]:
    draw = city.draw("D03")
    for year in range(2022, city.as_of.year + 1):
        domestic, foreign = yearly(DOMESTIC_YEARS, year), yearly(FOREIGN_YEARS, year, 1.03)
        plans = PLAN_YEARS.get(year) or (round(domestic / 1.021), round(foreign / 1.013))
        collected = _items(draw, year, domestic, DOMESTIC) | _items(draw, year, foreign, FOREIGN)
        planned = _items(draw, year, plans[0], DOMESTIC) | _items(draw, year, plans[1], FOREIGN)
        for month in year_months(year):
            if month <= city.last_month:
                for item in (*DOMESTIC, *FOREIGN):
                    plan, sum_ = planned[month, item], collected[month, item]
                    yield (month, item, plan / 10, sum_ / 10, restated(year))


def _items(draw: Draw, year: int, total: int, shares: dict[str, float]) -> dict[tuple[date, str], int]:
    season = [1.35 if month in (1, 4, 7, 10) else 1.0 for month in range(1, 13)]
    found: dict[tuple[date, str], int] = {}
    for month, amount in by_month(draw, year, total, season).items():
        parts = split(amount, [share * draw.noise() for share in shares.values()])
        found |= {(month, item): part for item, part in zip(shares, parts, strict=True)}
    return found


# --- D05 --------------------------------------------------------------------------------------------

EXPORT_YEARS = {2022: 2_508_000, 2023: 2_861_000, 2024: 3_325_000, 2025: 4_310_000, 2026: 4_985_000}
"""In hundredths of a million US dollars."""
CHAPTERS = (
    *("85", "84", "64", "61", "62", "94", "39", "90", "73", "40", "87", "42"),
    *("72", "63", "48", "03", "76", "95", "83", "70", "20", "96", "28", "09"),
)
MARKETS = (
    *("US", "KR", "JP", "CN", "DE", "NL", "IN", "GB", "TW", "HK", "TH", "FR", "SG"),
    *("MY", "AU", "CA", "IT", "ES", "MX", "ID", "BE", "PL", "AE", "BR", "PH"),
)
PIECES = {"64": ("đôi", 11.0), "61": ("cái", 5.2), "62": ("cái", 7.4), "42": ("cái", 9.5)}
NO_QUANTITY = frozenset({"84", "85", "90", "94", "95", "87"})
PAIRS = 164
ABSENT = 0.035


def exports(city: City) -> Iterator[Row]:
    draw = city.draw("D05")
    pairs = _trade_pairs()
    for year in range(2022, city.as_of.year + 1):
        season = [trade_season(month) for month in year_months(year)]
        for month, value in by_month(draw, year, yearly(EXPORT_YEARS, year, 1.1), season).items():
            weights = [
                0.0 if i > 40 and draw.chance(ABSENT) else weight * draw.noise()
                for i, (_, _, weight) in enumerate(pairs)
            ]
            lines = zip(pairs, split(value, weights), strict=True)
            if month > city.last_month:
                continue
            for (chapter, market, _), part in sorted(lines):
                if part:
                    yield (
                        month,
                        chapter,
                        market,
                        part / 100,
                        *_quantity(chapter, part, draw),
                        switched(month),
                    )


def _trade_pairs() -> list[tuple[str, str, float]]:
    """The commonest pairs of chapter and market with their weight, by rank in both."""
    weighted = [
        (chapter, market, chapter_weight * market_weight)
        for chapter, chapter_weight in zip(CHAPTERS, zipf(len(CHAPTERS), 0.9), strict=True)
        for market, market_weight in zip(MARKETS, zipf(len(MARKETS), 0.7), strict=True)
    ]
    return sorted(weighted, key=lambda pair: (-pair[2], pair[0], pair[1]))[:PAIRS]


def _quantity(chapter: str, hundredths: int, draw: Draw) -> tuple[float | None, str | None]:
    if chapter in NO_QUANTITY:
        return None, None
    unit, price = PIECES.get(chapter, ("tấn", 1_850.0))
    return float(round(hundredths * 10_000 / (price * draw.noise(0.1)))), unit


# --- D06, D08, D09 ----------------------------------------------------------------------------------


def digital_share(_city: City) -> Iterator[Row]:
    known = {
        2020: (13.6, 9, 63),
        2021: (16.9, 8, 63),
        2022: (23.1, 6, 63),
        2023: (29.7, 4, 63),
        2024: (31.2, 4, 63),
        2025: (30.4, 5, 34),
    }
    for year, (share, rank, provinces) in known.items():
        yield (year, share, rank, provinces, restated(year))


CPI_GROUPS = ("TONG", *(f"N{number:02d}" for number in range(1, 12)))


def consumer_prices(city: City) -> Iterator[Row]:
    draw = city.draw("D08")
    yearly_index = {group: draw.real(101.0, 103.5) for group in CPI_GROUPS}
    for month in city.months():
        for group in CPI_GROUPS:
            lean = 0.4 if month.month in (1, 2) else 0.0
            monthly = _within(100.2 + lean + 0.35 * draw.normal(), 98.0, 104.0)
            pull = 0.08 * (102.5 - yearly_index[group])
            yearly_index[group] = _within(yearly_index[group] + pull + 0.25 * draw.normal(), 98.0, 104.0)
            yield (month, group, round(monthly, 2), round(yearly_index[group], 2), switched(month))


INDUSTRIES = tuple(f"{division}" for division in range(10, 34))
FIVE_MONTHS_2025 = 57_255
"""Five times the mean index of January to May 2025, in hundredths of a per cent."""


def industrial_production(city: City) -> Iterator[Row]:
    draw = city.draw("D09")
    paces = {division: draw.real(104.0, 121.0) for division in INDUSTRIES}
    fixed = split(FIVE_MONTHS_2025, [draw.noise(0.012) for _ in range(5)])
    for month in city.months():
        overall = round(113.6 * draw.noise(0.012), 2)
        if month.year == 2025 and month.month <= len(fixed):
            overall = fixed[month.month - 1] / 100
        yield (month, "TONG", overall, switched(month))
        for division in INDUSTRIES:
            yield (month, division, round(paces[division] * draw.noise(0.035), 2), switched(month))


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


# --- D01 --------------------------------------------------------------------------------------------

TIED: Sequence[tuple[str, str, str, int, float]] = (
    ("CT01", "Tốc độ tăng trưởng GRDP", "%", 2, 10.5),
    ("CT02", "Thu ngân sách nhà nước trên địa bàn", "tỷ đồng", 1, 106_719.6),
    ("CT03", "Thu hút vốn đầu tư trực tiếp nước ngoài", "triệu USD", 1, 2_500.0),
    ("CT04", "Kim ngạch xuất khẩu", "triệu USD", 2, 32_000.0),
    ("CT05", "Sản lượng hàng hóa qua cảng", "tấn", 0, 185_000_000.0),
    ("CT06", "Lượt khách du lịch", "lượt", 0, 9_100_000.0),
)
"""Code, name, unit, decimals, plan of 2024. The results come from other datasets."""

FREE: Sequence[tuple[str, str, str, int, float, float, bool]] = (
    ("CT07", "Tổng vốn đầu tư toàn xã hội", "tỷ đồng", 0, 200_000, 212_480, True),
    ("CT08", "GRDP bình quân đầu người", "USD", 0, 8_650, 8_790, False),
    ("CT09", "Tổng mức bán lẻ hàng hóa và dịch vụ", "tỷ đồng", 0, 225_000, 229_400, True),
    ("CT10", "Số hộ nghèo giảm trong năm", "hộ", 0, 600, 655, True),
    ("CT11", "Số lao động được giải quyết việc làm", "lượt", 0, 56_000, 57_350, True),
    ("CT12", "Tỷ lệ lao động qua đào tạo", "%", 1, 88.0, 88.2, False),
    ("CT13", "Tỷ lệ xã đạt chuẩn nông thôn mới kiểu mẫu", "%", 1, 30.0, 31.4, False),
    ("CT14", "Tỷ lệ tham gia bảo hiểm y tế", "%", 1, 95.5, 95.6, False),
    ("CT15", "Tỷ lệ chất thải rắn đô thị được thu gom", "%", 1, 99.0, 99.2, False),
    ("CT16", "Tỷ lệ hộ dân dùng nước sạch", "%", 1, 98.0, 98.4, False),
    ("CT17", "Số doanh nghiệp thành lập mới", "doanh nghiệp", 0, 3_600, 3_432, True),
    ("CT18", "Tỷ lệ giải ngân vốn đầu tư công", "%", 1, 100.0, 95.7, False),
    ("CT19", "Số căn nhà ở xã hội hoàn thành", "căn", 0, 3_000, 3_120, True),
)
"""Code, name, unit, decimals, plan and result of 2024, whether it grows month by month. Two were missed."""


def targets(city: City) -> Iterator[Row]:
    draw = city.draw("D01")
    sources = _monthly_sources(city)
    for year in range(2022, city.as_of.year + 1):
        plans = _plans(draw, year)
        results = _free_results(draw, year)
        growth = _growth_by_month(city, draw, year)
        complete = date(year, 12, 1) <= city.last_month
        for month in [month for month in year_months(year) if month <= city.last_month]:
            tied = [growth[month.month - 1], *(_cumulated(source, month) for source in sources)]
            free = [
                _so_far(result, month.month, flows=one[6]) for one, result in zip(FREE, results, strict=True)
            ]
            rows = list(_target_rows(plans, [*tied, *free], year))
            yield from ((f"{month:%Y-%m}", *row) for row in rows)
            if complete and month.month == 12:
                yield from ((str(year), *row) for row in rows)


def _target_rows(plans: Sequence[float], results: Sequence[float], year: int) -> Iterator[Row]:
    names = [one[:4] for one in TIED] + [one[:4] for one in FREE]
    for (code, name, unit, decimals), plan, result in zip(names, plans, results, strict=True):
        shown = round(result, decimals)
        yield (code, name, unit, plan, shown, half_up(shown / plan * 100, 2), restated(year))


def _plans(draw: Draw, year: int) -> list[float]:
    tied = [(unit, decimals, plan) for _, _, unit, decimals, plan in TIED[1:]]
    free = [(unit, decimals, plan) for _, _, unit, decimals, plan, _, _ in FREE]
    found = [TIED[0][4]]
    for unit, decimals, plan in (*tied, *free):
        pace = 1.0 if unit == "%" or year == 2024 else 1.07 ** (year - 2024) * draw.noise(0.01)
        found.append(float(round(plan * pace, decimals)))
    return found


def _free_results(draw: Draw, year: int) -> list[float]:
    results = []
    for _, _, unit, decimals, _, result, _ in FREE:
        pace = (
            1.0
            if year == 2024
            else draw.noise(0.004)
            if unit == "%"
            else 1.07 ** (year - 2024) * draw.noise(0.02)
        )
        grown = result * pace
        results.append(float(round(min(grown, 100.0) if unit == "%" else grown, decimals)))
    return results


def _so_far(result: float, month: int, *, flows: bool) -> float:
    return result * month / 12 if flows else result


def _growth_by_month(city: City, draw: Draw, year: int) -> list[float]:
    """Growth since January as estimated in each month; in December that of the year."""
    whole = next((row[4] for row in city.rows("D02") if row[:3] == (year, 0, "TONG")), GROWTH.get(year, 12.0))
    return [*(round(whole * draw.noise(0.02), 2) for _ in range(11)), whole]


def _monthly_sources(city: City) -> list[dict[date, float]]:
    """Results by month of revenue, investment, exports, cargo and visitors."""
    columns = {"D03": (0, 3), "D04": (6, 5), "D05": (0, 3), "D10": (0, 4), "D31": (0, 2)}
    found = []
    for dataset, (day, value) in columns.items():
        totals: dict[date, float] = {}
        for row in city.rows(dataset):
            month = row[day].replace(day=1)
            totals[month] = totals.get(month, 0) + row[value]
        found.append(totals)
    return found


def _cumulated(source: dict[date, float], until: date) -> float:
    return sum(source.get(month, 0) for month in year_months(until.year) if month <= until)
