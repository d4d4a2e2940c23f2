"""D24 wards, D25 crosswalk, D29 5G stations, D30 land prices, D38 population."""

from collections.abc import Iterator, Sequence
from datetime import date

from opendata.demo.draw import Draw, next_month, quarters, split
from opendata.demo.making.city import MERGER, City, switched
from opendata.demo.places import Ward, cells, crosswalk, former_city_wards, wards
from opendata.demo.writing.columns import Row


def units(_city: City) -> Iterator[Row]:
    for ward in wards():
        shape = cells()[ward.code]
        yield (ward.code, ward.name, ward.kind, ward.province, ward.area, MERGER, None, shape)


def old_to_new(_city: City) -> Iterator[Row]:
    yield from crosswalk()


def _wards_of(scope: str) -> Sequence[Ward]:
    return former_city_wards() if scope == "cu" else wards()


# --- D38 --------------------------------------------------------------------------------------------

DENSITY = {"Phường": 4_300, "Xã": 1_050, "Đặc khu": 140}
GROWTH = 1.0086


def population(city: City) -> Iterator[Row]:
    draw = city.draw("D38")
    weights = [ward.area**0.55 * DENSITY[ward.kind] * draw.noise(0.25) for ward in wards()]
    for year in range(2025, city.as_of.year + 1):
        total = round(city.population_2025 * GROWTH ** (year - 2025))
        for ward, people in zip(wards(), split(total, weights), strict=True):
            men = round(people * 0.4935 * draw.noise(0.006))
            yield (year, ward.code, people, men, people - men, round(people / draw.real(3.2, 3.7)))


# --- D29 --------------------------------------------------------------------------------------------

OPERATORS = ("A", "B", "C")
STATIONS = (31, 44, 58, 77, 99, 128, 161, 290, 352, 431, 520, 604)
TARGETS = (40, 55, 80, 115, 159, 180, 210, 350, 420, 510, 600, 700)
"""On air and to be reached, per quarter from the last of 2023."""


def stations(city: City) -> Iterator[Row]:
    draw = city.draw("D29")
    weights = {
        (ward.code, operator): DENSITY[ward.kind] * draw.noise(0.5)
        for ward in wards()
        for operator in OPERATORS
    }
    on_air: dict[tuple[str, str], int] = {}
    begun = quarters(date(2023, 10, 1), city.as_of)
    ended = [quarter for quarter in begun if next_month(next_month(quarter)) <= city.last_month]
    for number, quarter in enumerate(ended):
        scope = switched(quarter)
        cells_ = [(ward.code, operator) for ward in _wards_of(scope) for operator in OPERATORS]
        chances = [weights[cell] for cell in cells_]
        built = split(
            _series(STATIONS, number) - sum(on_air.values()), [c * draw.noise(0.8) for c in chances]
        )
        goals = split(_series(TARGETS, number), chances)
        for cell, new, goal in zip(cells_, built, goals, strict=True):
            on_air[cell] = on_air.get(cell, 0) + new
            yield (quarter, *cell, on_air[cell], goal, scope)


def _series(known: Sequence[int], number: int) -> int:
    return known[number] if number < len(known) else known[-1] + 90 * (number - len(known) + 1)


# --- D30 --------------------------------------------------------------------------------------------

KINDS = {"O": 1.0, "TMDV": 0.72, "SXKD": 0.58}
FALL = (1.0, 0.66, 0.48, 0.36)


def land_prices(city: City) -> Iterator[Row]:
    draw = city.draw("D30")
    streets = {ward.code: _streets(ward, draw) for ward in wards()}
    for year in (2024, 2025, 2026):
        scope = "cu" if year < 2026 else "moi"
        rise = 1.0 + 0.11 * (year - 2024)
        for ward in _wards_of(scope):
            for street, price in streets[ward.code]:
                for position, fall in enumerate(FALL, start=1):
                    for kind, factor in KINDS.items():
                        amount = round(price * rise * fall * factor)
                        yield (year, ward.code, street, position, kind, amount, scope)


def _streets(ward: Ward, draw: Draw) -> list[tuple[str, float]]:
    top = {"Phường": 14_000, "Xã": 3_200, "Đặc khu": 9_000}[ward.kind]
    return [
        (f"Đường MÔ PHỎNG {number:02d}", max(400.0, top * draw.noise(0.55)))
        for number in range(1, draw.between(5, 6) + 1)
    ]
