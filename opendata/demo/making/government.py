"""D21 procedures, D22 cases, D23 rankings, D26 bodies, D27 publication plan, D28 citizen reports."""

from collections.abc import Iterator
from datetime import date

from opendata.demo.catalogue import bodies, datasets, predecessors
from opendata.demo.draw import mondays
from opendata.demo.making.city import City, restated, switched
from opendata.demo.places import wards
from opendata.demo.writing import calendar
from opendata.demo.writing.columns import Row

# --- D26 --------------------------------------------------------------------------------------------


def register(_city: City) -> Iterator[Row]:
    """Predecessors first, then the bodies of today."""
    level = {body.code: body.level for body in bodies()}
    for old in predecessors():
        yield (
            old.code,
            old.name["vi"],
            None,
            level[old.into[0]],
            _replaced(old.code),
            date.fromisoformat(old.valid_from),
            date.fromisoformat(old.valid_to),
        )
    for body in bodies():
        start = date.fromisoformat(body.valid_from)
        yield (body.code, body.name["vi"], body.abbreviation, body.level, _replaced(body.code), start, None)


def _replaced(code: str) -> str | None:
    return ";".join(old.code for old in predecessors() if code in old.into) or None


def _in_force(city: City, day: date) -> list[str]:
    """Codes of the city's bodies on a day; those of the former neighbour are left out."""
    return [
        code
        for code, name, _, _, _, start, end in city.rows("D26")
        if start <= day and (end is None or day <= end) and "Hải Dương" not in name
    ]


# --- D21 --------------------------------------------------------------------------------------------

PROCEDURES, ON_NATIONAL_PORTAL = 1_937, 1_579
STATE_OF = date(2024, 11, 28)
FIELDS = (
    *("Đất đai", "Đăng ký kinh doanh", "Hộ tịch", "Chứng thực", "Xây dựng", "Đường bộ", "Đường thủy nội địa"),
    *("Khám bệnh, chữa bệnh", "Giáo dục và Đào tạo", "Bảo trợ xã hội", "Lao động, việc làm", "Môi trường"),
    *("Thủy sản", "Văn hóa cơ sở", "Lữ hành", "Bưu chính, viễn thông", "Khoáng sản", "Thi đua, khen thưởng"),
)
ACTIONS = ("Cấp", "Cấp lại", "Điều chỉnh", "Gia hạn", "Thu hồi", "Xác nhận", "Đăng ký", "Thông báo")
LEVELS = {"TINH": 74, "HUYEN": 17, "XA": 9}
FEE_STEPS = (0, 0, 0, 15_000, 50_000, 100_000, 200_000, 500_000)
TERMS = (1, 3, 5, 5, 7, 10, 10, 15, 20, 30)


def procedures(city: City) -> Iterator[Row]:
    draw = city.draw("D21")
    valid = _in_force(city, STATE_OF)
    online = set(draw.sample(range(PROCEDURES), ON_NATIONAL_PORTAL))
    for number in range(PROCEDURES):
        field, action = draw.pick(FIELDS), draw.pick(ACTIONS)
        on_portal = number in online
        degree = ("TOAN_TRINH" if draw.chance(0.72) else "MOT_PHAN") if on_portal else "THONG_TIN"
        yield (
            f"MP.{number + 1:06d}",
            f"{action} giấy tờ lĩnh vực {field} (mô phỏng {number + 1:04d})",
            field,
            draw.pick(valid),
            draw.weighted(LEVELS),
            degree,
            on_portal,
            draw.pick(FEE_STEPS),
            draw.pick(TERMS),
        )


# --- D22 --------------------------------------------------------------------------------------------

FIELDS_A_BODY = 13
ONLINE_SHARE = {2022: 0.58, 2023: 0.79, 2024: 0.935, 2025: 0.951, 2026: 0.964}


def cases(city: City) -> Iterator[Row]:
    draw = city.draw("D22")
    fields = {code: draw.sample(FIELDS, FIELDS_A_BODY) for code in city.codes("D26")}
    size = {code: draw.real(40, 420) for code in city.codes("D26")}
    waiting: dict[tuple[str, str], int] = {}
    for month in city.months():
        share = ONLINE_SHARE.get(month.year, 0.97)
        for code in _in_force(city, month):
            for field in fields[code]:
                received = round(size[code] * draw.noise(0.35)) + 3
                online = round(received * min(1.0, share * draw.noise(0.012)))
                open_cases = waiting.get((code, field), 0) + received
                closed = round(open_cases * draw.real(0.88, 1.0))
                late = round(closed * draw.real(0.0, 0.025))
                waiting[code, field] = open_cases - closed
                yield (month, code, field, received, online, closed - late, late, switched(month))


# --- D23 --------------------------------------------------------------------------------------------

RANKS = {
    "PCI": {2020: 7, 2021: 2, 2022: 3, 2023: 3, 2024: 2, 2025: 3},
    "PAR": {2020: 2, 2021: 1, 2022: 2, 2023: 2, 2024: 1, 2025: 2},
    "SIPAS": {2020: 12, 2021: 9, 2022: 6, 2023: 5, 2024: 4, 2025: 4},
    "PII": {2023: 3, 2024: 3, 2025: 3},
    "DTI": {2020: 21, 2021: 14, 2022: 8, 2023: 6, 2024: 3, 2025: 4},
}
TOP_SCORE = {"PCI": 74.0, "PAR": 92.0, "SIPAS": 90.5, "PII": 62.0, "DTI": 0.78}
SOURCE = "https://nguon.haiphong.example"


def rankings(_city: City) -> Iterator[Row]:
    for year in range(2020, 2026):
        provinces = 63 if restated(year) == "cu" else 34
        for index, ranks in RANKS.items():
            if year in ranks:
                score = round(TOP_SCORE[index] * (1 - 0.004 * ranks[year]), 4 if index == "DTI" else 2)
                link = f"{SOURCE}/{index.lower()}/{year}"
                yield (year, index, ranks[year], score, provinces, link, restated(year))


# --- D27 --------------------------------------------------------------------------------------------


def publication_plan(city: City) -> Iterator[Row]:
    for dataset in datasets().values():
        due = calendar.next_due(dataset, city.as_of)
        late = due is not None and due < city.as_of
        yield (
            dataset.id,
            dataset.title["vi"],
            dataset.body,
            dataset.frequency,
            ", ".join(dataset.formats),
            due,
            "TRE_HAN" if late else "DA_CONG_BO",
        )


# --- D28 --------------------------------------------------------------------------------------------

REPORT_FIELDS = {"HA_TANG": 9, "MOI_TRUONG": 11, "TRAT_TU": 8, "GIAO_THONG": 7, "DIEN_NUOC": 5, "KHAC": 3}
SMALLEST = 5


def reports(city: City) -> Iterator[Row]:
    draw = city.draw("D28")
    weight = {ward.code: _urban(ward.kind) * draw.noise(0.3) for ward in wards()}
    for monday in mondays(date(2025, 7, 7), city.as_of):
        for field, usual in REPORT_FIELDS.items():
            for ward in wards():
                count = round(usual * weight[ward.code] * draw.noise(0.4))
                on_time = round(count * draw.real(0.86, 1.0))
                yield (
                    monday,
                    field,
                    ward.code,
                    _suppressed(count),
                    _suppressed(on_time) if count >= SMALLEST else None,
                )


def _suppressed(count: int) -> int | None:
    return count if count >= SMALLEST else None


def _urban(kind: str) -> float:
    return 1.5 if kind == "Phường" else 0.75
