"""Anchors that are sentences, and expressions over rows, written as functions.

Each answers None when it holds, else what is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Protocol

from opendata.demo.catalogue import bodies, predecessors
from opendata.demo.draw import LUNAR_NEW_YEAR, half_up
from opendata.demo.making.business import mst
from opendata.demo.making.ports import imo
from opendata.demo.reading import Record


class Tables(Protocol):
    def __call__(self, dataset: str, table: str | None = None) -> Sequence[Record]: ...


Rule = Callable[[Tables], str | None]


def _first(wrong: Iterable[Any]) -> str | None:
    """The first offender in words, None where there is none."""
    found = next(iter(wrong), None)
    return None if found is None else str(found)


def _each(dataset: str, holds: Callable[[Record], bool]) -> Rule:
    return lambda tables: _first(row for row in tables(dataset) if not holds(row))


def mst_valid(code: str) -> bool:
    return len(code) == 10 and code.isdigit() and mst(int(code[:9])) == code


def imo_valid(code: str) -> bool:
    return len(code) == 7 and code.isdigit() and imo(int(code[:6])) == code


def _by_month(rows: Iterable[Record], column: str) -> dict[date, float]:
    totals: dict[date, float] = defaultdict(float)
    for row in rows:
        totals[row["thang"]] += row[column]
    return dict(totals)


def _full_years(totals: dict[date, float]) -> dict[int, dict[date, float]]:
    years: dict[int, dict[date, float]] = defaultdict(dict)
    for month, total in totals.items():
        years[month.year][month] = total
    return {year: months for year, months in years.items() if len(months) == 12}


def product_adds_up(tables: Tables) -> str | None:
    values = {(row["nam"], row["quy"], row["khu_vuc"]): row["gia_hien_hanh"] for row in tables("D02")}
    sectors = ("NLTS", "CNXD", "DV", "TSP")
    for (year, quarter, sector), value in values.items():
        if sector == "TONG" and round(value - sum(values[year, quarter, one] for one in sectors), 1):
            return f"{year} Q{quarter}: TONG"
        parts = [values.get((year, one, sector)) for one in (1, 2, 3, 4)]
        if quarter == 0 and None not in parts and round(value - sum(one or 0 for one in parts), 1):
            return f"{year} {sector}"
    return None


def exports_fall_in_order(tables: Tables) -> str | None:
    totals: Counter[str] = Counter()
    for row in tables("D05"):
        if row["thang"].year == 2024:
            totals[row["ma_hs2"]] += row["tri_gia"]
    order = [chapter for chapter, _ in totals.most_common(4)]
    return None if order == ["85", "84", "64", "61"] else str(order)


def lunar_new_year_is_lowest(tables: Tables) -> str | None:
    totals = _by_month(tables("D10"), "tan")
    for holiday in sorted(LUNAR_NEW_YEAR & set(totals)):
        lowest = min((month for month in totals if month.year == holiday.year), key=totals.__getitem__)
        if lowest != holiday:
            return f"{lowest} < {holiday}"
    return None


def tariffs_do_not_overlap(tables: Tables) -> str | None:
    terms = defaultdict(list)
    for row in tables("D13"):
        if row["muc"] <= 0:
            return str(row["ma_phi"])
        terms[row["ten"], row["doi_tuong"]].append((row["tu_ngay"], row["den_ngay"] or date.max))
    return _first(
        key
        for key, periods in terms.items()
        for before, after in pairwise(sorted(periods))
        if after[0] <= before[1]
    )


def two_notices_a_week(tables: Tables) -> str | None:
    weeks = Counter(row["ngay"] - timedelta(days=row["ngay"].weekday()) for row in tables("D14"))
    week = min(weeks)
    while week <= max(weeks):
        if weeks[week] != 2:
            return f"{week}: {weeks[week]}"
        week += timedelta(days=7)
    return None


def network_is_sound(tables: Tables) -> str | None:
    keys = {
        name: {row[key] for row in tables("D16", name)}
        for name, key in (("agency", "agency_id"), ("stops", "stop_id"), ("routes", "route_id"))
    }
    services = {row["service_id"]: any(row[day] for day in _DAYS) for row in tables("D16", "calendar")}
    trips = {row["trip_id"]: row for row in tables("D16", "trips")}
    if not all(services.values()):
        return "service without a day"
    if any(row["agency_id"] not in keys["agency"] for row in tables("D16", "routes")):
        return "route without an agency"
    if any(r["route_id"] not in keys["routes"] or r["service_id"] not in services for r in trips.values()):
        return "trip without a route or service"
    return _times_rise(tables("D16", "stop_times"), keys["stops"], set(trips))


def _times_rise(times: Iterable[Record], stops: set[str], trips: set[str]) -> str | None:
    last: dict[str, tuple[int, str]] = {}
    for row in times:
        trip, order = row["trip_id"], row["stop_sequence"]
        if trip not in trips or row["stop_id"] not in stops:
            return f"{trip} {order}"
        before = last.get(trip, (0, "00:00:00"))
        if not (order > before[0] and before[1] <= row["arrival_time"] <= row["departure_time"]):
            return f"{trip} {order}"
        last[trip] = (order, row["departure_time"])
    return None if set(last) == trips else "trip without times"


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def closed_never_exceed_received(tables: Tables) -> str | None:
    """Summed to date per body and field, and so in every total of them."""
    waiting: dict[tuple[str, str], int] = defaultdict(int)
    for row in sorted(tables("D22"), key=lambda row: row["thang"]):
        key = (row["co_quan"], row["linh_vuc"])
        waiting[key] += row["tiep_nhan"] - row["dung_han"] - row["tre_han"]
        if waiting[key] < 0:
            return f"{row['thang']} {key}"
    return None


def old_units_are_whole_or_split(tables: Tables) -> str | None:
    parts = Counter(Counter(row["ma_cu"] for row in tables("D25")).values())
    return None if parts == {1: 303, 2: 65, 3: 7} else str(dict(parts))


def all_new_units_are_hit(tables: Tables) -> str | None:
    new, known = ({row[key] for row in tables(name)} for name, key in (("D25", "ma_moi"), ("D24", "ma_xa")))
    return None if new == known and len(known) == 114 else str(sorted(new ^ known)[:3])


def bodies_and_predecessors_are_there(tables: Tables) -> str | None:
    rows = {row["ma_co_quan"]: row for row in tables("D26")}
    names = {row["ten"] for row in rows.values()}
    missing = [one.code for one in bodies() if rows.get(one.code, {}).get("ten") != one.name["vi"]]
    missing += [name for one in bodies() for name in one.former_names if name not in names]
    missing += [old.code for old in predecessors() if not rows.get(old.code, {}).get("den_ngay")]
    replaced = [code for row in rows.values() for code in (row["thay_the_cho"] or "").split(";") if code]
    return _first([*missing, *(code for code in replaced if code not in rows)])


def land_prices_fall(tables: Tables) -> str | None:
    prices: dict[tuple[Any, ...], dict[int, int]] = defaultdict(dict)
    for row in tables("D30"):
        key = (row["nam"], row["ma_xa"], row["tuyen"], row["loai_dat"])
        prices[key][row["vi_tri"]] = row["gia"]
    return _first(
        key
        for key, by in prices.items()
        if sorted(by) != [1, 2, 3, 4] or not by[1] > by[2] > by[3] > by[4] > 0
    )


def summer_is_highest(tables: Tables) -> str | None:
    for year, months in _full_years(_by_month(tables("D31"), "luot")).items():
        highest = sorted(months, key=months.__getitem__)[-3:]
        if {month.month for month in highest} != {6, 7, 8}:
            return f"{year}: {sorted(month.month for month in highest)}"
    return None


def half_by_the_sea(tables: Tables) -> str | None:
    rows = tables("D32")
    near = sum(row["ma_xa"] in ("11914", "11455", "11737") for row in rows)
    return None if 2 * near >= len(rows) else f"{near}/{len(rows)}"


_MEASURES = ("pm2_5", "pm10", "no2", "so2", "o3", "vn_aqi")


def gaps_are_three_per_cent(tables: Tables) -> str | None:
    rows = tables("D34")
    gaps = 0
    for row in rows:
        empty = [row[name] is None for name in _MEASURES]
        if any(empty) == row["hop_le"] or any(empty) != all(empty):
            return f"{row['gio']} {row['tram']}"
        gaps += not row["hop_le"]
    share = gaps / len(rows) * 100
    return None if 2.5 <= share <= 3.5 else f"{share:.2f} %"


def winter_air_is_worse(tables: Tables) -> str | None:
    def mean(months: tuple[int, ...]) -> float:
        values = [row["pm2_5"] for row in tables("D34") if row["hop_le"] and row["gio"].month in months]
        return float(sum(values) / len(values))

    winter, summer = mean((12, 1, 2)), mean((6, 7, 8))
    return None if winter > summer else f"{winter:.1f} <= {summer:.1f}"


def tide_is_diurnal(tables: Tables) -> str | None:
    """Most days of each gauge have one high water; the largest surge lies in September 2024."""
    by_gauge: dict[str, list[Record]] = defaultdict(list)
    for row in tables("D35"):
        by_gauge[row["tram"]].append(row)
    for gauge, rows in by_gauge.items():
        highs = Counter(
            here["gio"].date()
            for (before, here), (_, after) in pairwise(pairwise(rows))
            if before["du_bao"] < here["du_bao"] >= after["du_bao"]
        )
        days = len({row["gio"].date() for row in rows})
        if sum(count == 1 for count in highs.values()) * 2 <= days:
            return f"{gauge}: {Counter(highs.values())}"
    highest = max(tables("D35"), key=lambda row: row["muc_nuoc"] - row["du_bao"])
    return None if f"{highest['gio']:%Y-%m}" == "2024-09" else str(highest)


def prices_are_complete_and_seasonal(tables: Tables) -> str | None:
    rows = tables("D39")
    weeks = Counter(row["tuan"] for row in rows)
    if any(count != 240 for count in weeks.values()) or any(row["gia"] <= 0 for row in rows):
        return "week without 240 prices"
    by_month: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in rows:
        by_month[row["mat_hang"], row["tuan"].month].append(row["gia"])
    means: dict[str, list[float]] = defaultdict(list)
    for (item, _), prices in by_month.items():
        means[item].append(sum(prices) / len(prices))
    return _first(item for item, months in means.items() if max(months) < 1.1 * min(months))


RULES: dict[str, Rule] = {
    "D01.11": _each("D01", lambda r: r["ty_le"] == half_up(r["thuc_hien"] / r["ke_hoach"] * 100, 2)),
    "D02.8": product_adds_up,
    "D05.3": exports_fall_in_order,
    "D07.2": _each("D07", lambda r: mst_valid(r["mst"]) and r["mst"].startswith("0299")),
    "D10.3": lunar_new_year_is_lowest,
    "D11.2": _each("D11", lambda r: imo_valid(r["imo"])),
    "D11.3": _each("D11", lambda r: r["ata"] is None or r["ata"] >= r["eta"] - timedelta(hours=6)),
    "D13.1": tariffs_do_not_overlap,
    "D14.1": two_notices_a_week,
    "D16.2": network_is_sound,
    "D18.3": _each("D18", lambda r: r["p90"] >= r["p50"]),
    "D22.2": closed_never_exceed_received,
    "D25.3": old_units_are_whole_or_split,
    "D25.4": all_new_units_are_hit,
    "D26.1": bodies_and_predecessors_are_there,
    "D28.1": _each("D28", lambda r: r["so_pa"] is None or r["so_pa"] >= 5),
    "D30.1": land_prices_fall,
    "D31.2": summer_is_highest,
    "D32.1": half_by_the_sea,
    "D34.2": gaps_are_three_per_cent,
    "D34.3": winter_air_is_worse,
    "D35.1": tide_is_diurnal,
    "D38.2": _each("D38", lambda r: r["nam_gioi"] + r["nu_gioi"] == r["dan_so"]),
    "D39.1": prices_are_complete_and_seasonal,
    "D40.1": _each("D40", lambda r: r["trong"] == round(r["dt_cn"] - r["da_thue"], 1)),
    "D40.2": _each("D40", lambda r: r["lap_day"] == half_up(r["da_thue"] / r["dt_cn"] * 100, 1)),
}
