"""D31 visitors; the registers on the map: D32 lodging, D33 monuments, D36 health, D37 schools."""

from collections.abc import Iterator, Mapping

from opendata.demo.draw import Draw, by_month, split, year_months, yearly
from opendata.demo.making.city import City, switched
from opendata.demo.places import Ward, point_in, wards
from opendata.demo.writing.columns import Row

# --- D31 --------------------------------------------------------------------------------------------

VISITOR_YEARS = {2022: 7_012_000, 2023: 7_934_000, 2024: 9_150_000, 2025: 10_780_000, 2026: 12_240_000}
SEASON = (4, 5, 5, 7, 10, 15, 17, 15, 8, 5, 5, 4)
KINDS = {"QUOC_TE": (0.105, 2.4), "NOI_DIA": (0.535, 1.7), "TRONG_NGAY": (0.36, 1.0)}


def visitors(city: City) -> Iterator[Row]:
    """The months of 2024 follow the season to the unit, other years with noise."""
    draw = city.draw("D31")
    for year in range(2022, city.as_of.year + 1):
        total = yearly(VISITOR_YEARS, year)
        noisy = by_month(draw, year, total, SEASON)
        exact = dict(zip(year_months(year), split(total, SEASON), strict=True))
        for month, visits in (exact if year == 2024 else noisy).items():
            parts = split(visits, [share * draw.noise() for share, _ in KINDS.values()])
            for (kind, (_, days)), part in zip(KINDS.items(), parts, strict=True):
                length = round(part * days * draw.noise(0.02)) if days > 1 else part
                if month <= city.last_month:
                    yield (month, kind, part, length, switched(month))


# --- registers --------------------------------------------------------------------------------------

BEACHES = ("11914", "11455", "11737")
"""Cát Hải, Đồ Sơn, Nam Đồ Sơn."""
LODGING = {
    "KHACH_SAN": (48, "Khách sạn"),
    "NHA_NGHI": (32, "Nhà nghỉ"),
    "CAN_HO": (8, "Căn hộ du lịch"),
    "HOMESTAY": (12, "Homestay"),
}


def lodging(city: City) -> Iterator[Row]:
    draw = city.draw("D32")
    beaches = [ward for ward in wards() if ward.code in BEACHES]
    inland = [ward for ward in wards() if ward.kind == "Phường" and ward.code not in BEACHES]
    for number in range(1, 601):
        ward = draw.pick(beaches if draw.chance(0.62) else inland)
        kind = draw.weighted({kind: share for kind, (share, _) in LODGING.items()})
        stars = draw.weighted({1: 34, 2: 33, 3: 20, 4: 9, 5: 4}) if kind == "KHACH_SAN" else None
        rooms = round((14 + 38 * (stars or 0) ** 1.2) * draw.noise(0.3)) if stars else draw.between(4, 26)
        name = f"{LODGING[kind][1]} MÔ PHỎNG {number:03d}"
        yield (f"LT{number:04d}", name, kind, stars, rooms, ward.code, point_in(ward, draw))


MONUMENTS = ("Đình", "Chùa", "Đền", "Miếu", "Nhà thờ họ", "Di tích khảo cổ", "Danh thắng", "Bảo tàng")
LISTINGS = {"DAC_BIET": 2, "QUOC_GIA": 26, "THANH_PHO": 72}


def monuments(city: City) -> Iterator[Row]:
    draw = city.draw("D33")
    for number in range(1, 401):
        ward = draw.pick(wards())
        name = f"{draw.pick(MONUMENTS)} MÔ PHỎNG {number:03d}"
        year = draw.between(1986, 2025)
        yield (f"DT{number:04d}", name, draw.weighted(LISTINGS), year, ward.code, point_in(ward, draw))


SPECIALITIES = (
    "Đa khoa",
    "Nội",
    "Ngoại",
    "Sản",
    "Nhi",
    "Mắt",
    "Răng hàm mặt",
    "Y học cổ truyền",
    "Phục hồi chức năng",
)
CLINICS = 274


def health_facilities(city: City) -> Iterator[Row]:
    """A health station in each ward, then hospitals, centres and clinics where people live."""
    draw = city.draw("D36")
    towns = _by_weight({"Phường": 3, "Xã": 1, "Đặc khu": 1})
    places = [("TRAM_Y_TE", ward) for ward in wards()]
    for kind, count in (("BENH_VIEN", 38), ("TTYT", 24), ("PHONG_KHAM", CLINICS)):
        places += [(kind, draw.pick(towns)) for _ in range(count)]
    for number, (kind, ward) in enumerate(places, start=1):
        name, beds, speciality = _facility(kind, ward, number, draw)
        yield (f"YT{number:04d}", name, kind, beds, speciality, ward.code, point_in(ward, draw))


def _facility(kind: str, ward: Ward, number: int, draw: Draw) -> tuple[str, int, str]:
    if kind == "TRAM_Y_TE":
        return f"Trạm y tế {ward.kind} {ward.name}", draw.between(3, 8), "Đa khoa"
    if kind == "TTYT":
        return f"Trung tâm y tế MÔ PHỎNG {number:03d}", draw.between(60, 260), "Đa khoa"
    speciality = draw.pick(SPECIALITIES)
    if kind == "BENH_VIEN":
        return f"Bệnh viện {speciality} MÔ PHỎNG {number:03d}", draw.between(80, 1_200), speciality
    return f"Phòng khám {speciality} MÔ PHỎNG {number:03d}", 0, speciality


SCHOOLS: Mapping[str, tuple[int, str, tuple[int, int], int]] = {
    "MAM_NON": (560, "Trường Mầm non", (6, 20), 27),
    "TIEU_HOC": (480, "Trường Tiểu học", (10, 36), 36),
    "THCS": (350, "Trường Trung học cơ sở", (8, 30), 40),
    "THPT": (110, "Trường Trung học phổ thông", (18, 45), 43),
}
"""Level: how many, name, classes from and to, pupils in a class."""


def schools(city: City) -> Iterator[Row]:
    draw = city.draw("D37")
    towns = _by_weight({"Phường": 3, "Xã": 2, "Đặc khu": 1})
    number = 0
    for level, (count, name, classes, size) in SCHOOLS.items():
        for order in range(1, count + 1):
            number += 1
            ward, rooms = draw.pick(towns), draw.between(*classes)
            pupils = round(rooms * size * draw.noise(0.08))
            yield (
                f"TH{number:04d}",
                f"{name} số {order}",
                level,
                rooms,
                pupils,
                ward.code,
                point_in(ward, draw),
            )


def _by_weight(times: Mapping[str, int]) -> list[Ward]:
    return [ward for ward in wards() for _ in range(times[ward.kind])]
