"""D04 foreign investment, D07 enterprises, D19 e-tax, D20 e-contracts, D40 industrial parks."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from opendata.demo.draw import Draw, half_up, split, yearly
from opendata.demo.making.city import City, restated, switched
from opendata.demo.places import former_city_wards, square, wards
from opendata.demo.writing.columns import Row

# --- D40 --------------------------------------------------------------------------------------------

NAMED = {
    "HP": ("Đình Vũ", "Nam Đình Vũ", "Nam Đình Vũ mở rộng", "Tràng Duệ", "An Dương", "Đồ Sơn", "Cát Hải"),
    "HD": ("Đại An", "Nam Sách", "Phúc Điền", "Tân Trường", "Lai Vu"),
}
PARKS = {"HP": 24, "HD": 16}


def parks(city: City) -> Iterator[Row]:
    draw = city.draw("D40")
    former = {ward.code for ward in former_city_wards()}
    for side, count in PARKS.items():
        sites = [ward for ward in wards() if (ward.code in former) == (side == "HP") and 8 < ward.area < 120]
        for number, ward in enumerate(draw.sample(sites, count), start=1):
            names = NAMED[side]
            name = names[number - 1] if number <= len(names) else f"MÔ PHỎNG {side}{number:02d}"
            area = draw.between(600, 6_500)
            industrial = round(area * draw.real(0.62, 0.74))
            leased = round(industrial * draw.real(0.18, 1.0))
            spot = (ward.centre[0] + draw.real(-0.01, 0.01), ward.centre[1] + draw.real(-0.01, 0.01))
            yield (
                f"{side}-{number:02d}",
                f"Khu công nghiệp {name}",
                area / 10,
                industrial / 10,
                leased / 10,
                (industrial - leased) / 10,
                half_up(leased / industrial * 100, 1),
                square(spot, area / 10),
            )


# --- D04 --------------------------------------------------------------------------------------------

CAPITAL_YEARS = {2022: 26_480, 2023: 32_150, 2024: 35_000, 2025: 41_260, 2026: 46_900}
"""In tenths of a million US dollars."""
EVENT_YEARS = {2022: 104, 2023: 114, 2024: 120, 2025: 128, 2026: 139}
COUNTRIES = {"KR": 22, "JP": 18, "CN": 17, "SG": 12, "TW": 9, "HK": 8, "US": 5, "DE": 3, "NL": 3, "TH": 3}
ACTIVITIES = {"26": 24, "27": 18, "22": 12, "25": 11, "28": 9, "29": 7, "52": 7, "32": 5, "20": 4, "13": 3}
ADJUSTED = 0.3


def investments(city: City) -> Iterator[Row]:
    draw = city.draw("D04")
    parks_cu = [code for code in city.codes("D40") if code.startswith("HP")]
    projects: list[tuple[str, str, str, str]] = []
    adjustments: dict[str, int] = {}
    for year in range(2022, city.as_of.year + 1):
        count = yearly(EVENT_YEARS, year)
        sizes = [math.exp(1.35 * draw.normal()) for _ in range(count)]
        capital = [part + 1 for part in split(yearly(CAPITAL_YEARS, year) - count, sizes)]
        days = sorted(date(year, 1, 1) + timedelta(days=draw.between(0, 364)) for _ in range(count))
        new = 0
        for day, amount in zip(days, capital, strict=True):
            allowed = parks_cu if switched(day) == "cu" else city.codes("D40")
            if projects and draw.chance(ADJUSTED):
                base, activity, country, park = draw.pick(projects)
                adjustments[base] = adjustments.get(base, 0) + 1
                code, kind = f"{base}-DC{adjustments[base]}", "DIEU_CHINH"
            else:
                new += 1
                code, kind = f"DA{year}-{new:03d}", "CAP_MOI"
                activity, country = draw.weighted(ACTIVITIES), draw.weighted(COUNTRIES)
                park = draw.pick(allowed)
                projects.append((code, activity, country, park))
            if day <= city.as_of:
                yield (code, activity, country, park, kind, amount / 10, day, switched(day))


# --- D07 --------------------------------------------------------------------------------------------

NEW_2026_06 = 1_429
FORMS = {
    "TNHH1": (52, "Công ty TNHH Một thành viên"),
    "TNHH2": (24, "Công ty TNHH"),
    "CP": (21, "Công ty Cổ phần"),
    "DNTN": (3, "Doanh nghiệp tư nhân"),
}
RIVERS = ("Sông Cấm", "Lạch Tray", "Bạch Đằng", "Văn Úc", "Sông Giá", "Kinh Thầy", "Sông Luộc", "Đa Độ")
TRADES = {
    "46": 24,
    "47": 13,
    "41": 9,
    "43": 8,
    "49": 9,
    "52": 7,
    "56": 5,
    "55": 3,
    "25": 4,
    "62": 4,
    "68": 5,
    "70": 3,
    "73": 2,
    "10": 2,
    "33": 2,
}
MST_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
CITY_MST = 29_900_000
"""The first nine digits of tax codes 0299…, a range believed never issued."""
OLD_FROM = 55_000


def mst(number: int) -> str | None:
    """The tax code of a nine-digit number, None where the check digit forbids it."""
    digits = f"{number:09d}"
    rest = sum(int(digit) * weight for digit, weight in zip(digits, MST_WEIGHTS, strict=True)) % 11
    return f"{digits}{10 - rest}" if rest else None


def enterprises(city: City) -> Iterator[Row]:
    draw = city.draw("D07")
    new_codes, old_codes = _tax_codes(CITY_MST), _tax_codes(CITY_MST + OLD_FROM)
    places = _weighted_wards()
    numbers: dict[str, int] = {}
    for month in city.months(date(2025, 7, 1)):
        counts = {
            "THANH_LAP_MOI": NEW_2026_06 if month == date(2026, 6, 1) else round(1_230 * draw.noise(0.09)),
            "TAM_NGUNG": round(340 * (2.2 if month.month == 1 else 1.0) * draw.noise(0.08)),
            "GIAI_THE": round(88 * draw.noise(0.1)),
        }
        for status, count in counts.items():
            codes = new_codes if status == "THANH_LAP_MOI" else old_codes
            for _ in range(count):
                form = draw.weighted({form: share for form, (share, _) in FORMS.items()})
                river = draw.pick(RIVERS)
                numbers[river] = numbers.get(river, 0) + 1
                name = f"{FORMS[form][1]} Mô Phỏng {river} {numbers[river]:04d}"
                capital = float(max(1, round(math.exp(3.2 + 1.1 * draw.normal()))) * 100)
                trade, ward = draw.weighted(TRADES), draw.pick(places)
                yield (month, next(codes), name, form, trade, ward, capital, status)


def _tax_codes(first: int) -> Iterator[str]:
    number = first
    while True:
        if code := mst(number):
            yield code
        number += 1


def _weighted_wards() -> Sequence[str]:
    """Ward codes, urban ones more often."""
    times = {"Phường": 4, "Xã": 1, "Đặc khu": 1}
    return [ward.code for ward in wards() for _ in range(times[ward.kind])]


# --- D19, D20 ---------------------------------------------------------------------------------------

PAYERS = {"DNNN": 118, "FDI": 640, "NQD": 17_400, "HTX": 330}
UNPAID_SHARE = {2022: 0.021, 2023: 0.014, 2024: 0.010, 2025: 0.009, 2026: 0.007}


def e_tax(city: City) -> Iterator[Row]:
    draw = city.draw("D19")
    for year in range(2022, city.as_of.year + 1):
        months = [month for month in city.months() if month.year == year]
        keys = [(month, form) for month in months for form in PAYERS]
        payers = [_payers(draw, month, form) for month, form in keys]
        offline = round(sum(payers) * UNPAID_SHARE.get(year, 0.007))
        not_online = split(offline, [count * draw.noise(0.05) for count in payers])
        for (month, form), count, missing in zip(keys, payers, not_online, strict=True):
            yield (month, form, count, count - missing, switched(month))


def _payers(draw: Draw, month: date, form: str) -> int:
    merged = 1.42 if switched(month) == "moi" else 1.0
    return round(PAYERS[form] * merged * 1.06 ** (month.year - 2024) * draw.noise(0.01))


CONTRACT_SHARE = {2022: 0.52, 2023: 0.69, 2024: 0.81, 2025: 0.84}
SIZES = {"SIEU_NHO": (14_200, 0.985), "NHO": (3_950, 1.02), "VUA": (620, 1.1), "LON": (430, 1.17)}


def e_contracts(city: City) -> Iterator[Row]:
    draw = city.draw("D20")
    for year, share in CONTRACT_SHARE.items():
        merged = 1.45 if restated(year) == "moi" else 1.0
        for size, (count, lean) in SIZES.items():
            firms = round(count * merged * 1.05 ** (year - 2024) * draw.noise(0.01))
            yield (year, size, firms, round(firms * min(share * lean, 0.99)), restated(year))
