"""Made-up lists: rows, figures, themes, bodies, topics, facets. No figure here is real."""

from typing import Any

from opendata.doors.web.design.samples import CVHH, DATASET, SNNMT, SUMMARY, SXD, TK, L, two


def row(title: L, publisher: dict[str, Any], state: str, updated: str, **rest: Any) -> dict[str, Any]:
    slug = rest.pop("slug", "bo-du-lieu")
    base = {
        "id": slug,
        "slug": slug,
        "title": title,
        "description": {},
        "publisher": publisher,
        "freshness": state,
        "last_update": updated,
        "formats": ["CSV"],
        "rows": None,
        "access_level": "public",
        "synthetic": True,
        "marked": None,
    }
    return {**base, **rest}


LIST_ROWS = [
    row(
        DATASET["title"],
        CVHH,
        "on_time",
        "2026-07-05",
        slug=DATASET["slug"],
        description=SUMMARY,
        formats=["CSV", "XLSX", "API"],
        rows=21840,
    ),
    row(
        two("Biểu phí hạ tầng cảng biển và giá dịch vụ cảng", "Seaport infrastructure fees and port tariffs"),
        SXD,
        "irregular",
        "2026-03-01",
        slug="bieu-phi-ha-tang-cang-bien",
        description={"vi": "Mức phí theo loại container và đối tượng, kèm ngày hiệu lực và số văn bản."},
        formats=["CSV", "PDF"],
        rows=318,
    ),
    row(
        two("Kế hoạch và lượt tàu biển vào, rời cảng", "Vessel calls and berth plan"),
        CVHH,
        "due",
        "2026-07-06",
        slug="ke-hoach-va-luot-tau-bien",
        description=two(
            "Từng lượt tàu với bến, giờ dự kiến và giờ thực tế.",
            "Each call with berth, planned and actual time.",
        ),
        formats=["JSON", "CSV", "API"],
        rows=81211,
    ),
    row(
        two("Mực nước, thủy triều và lượng mưa", "Water level, tide and rainfall"),
        SNNMT,
        "late",
        "2026-05-30",
        slug="muc-nuoc-thuy-trieu",
        description=two(
            "Số đo từng giờ tại bốn trạm, kèm mực nước dự báo.",
            "Hourly readings of four stations with the forecast level.",
        ),
        formats=["CSV", "PARQUET"],
        rows=157824,
        access_level="conditional",
    ),
]

TIDE = [
    62.0, 60.5, 58.2, 61.0, 63.4, 66.0, 64.2, 67.8, 70.1, 69.0, 72.5, 74.0,
    71.0, 65.0, 72.0, 75.5, 78.0, 77.0, 92.0, 94.5, 93.0, 96.0, 98.5, 101.0,
]  # fmt: skip


def figure(
    slug: str, name: L, value: float, unit: L, *, period: L, change: float, **rest: Any
) -> dict[str, Any]:
    base = {
        "slug": slug,
        "name": name,
        "value": value,
        "decimals": None,
        "unit": unit,
        "period": period,
        "source": two("Thống kê thành phố", "City Statistics Office"),
        "change": {
            "value": change,
            "decimals": 1,
            "unit": "%",
            "than": two("so với năm trước", "on the year"),
        },
        "series": TIDE,
        "break_at": None,
    }
    return {**base, **rest}


FIGURES = [
    figure(
        "san-luong",
        two("Hàng hóa qua cảng", "Port cargo"),
        16.4,
        two("triệu tấn", "million tonnes"),
        period=two("Tháng 6/2026", "June 2026"),
        change=7.9,
        break_at=18,
    ),
    figure(
        "xuat-khau",
        two("Kim ngạch xuất khẩu", "Exports"),
        3.12,
        two("tỷ USD", "billion USD"),
        period=two("Tháng 6/2026", "June 2026"),
        change=12.4,
        series=TIDE[::-1][6:] + TIDE[:6],
    ),
    figure(
        "thu-ngan-sach",
        two("Thu ngân sách", "Budget revenue"),
        14902,
        two("tỷ đồng", "billion VND"),
        period=two("Tháng 6/2026", "June 2026"),
        change=-3.1,
        series=[*TIDE[4:18], 60, 58],
    ),
    figure(
        "khach-du-lich",
        two("Lượt khách du lịch", "Visitors"),
        1.48,
        two("triệu lượt", "million"),
        period=two("Tháng 6/2026", "June 2026"),
        change=18.2,
        series=[4, 5, 5, 7, 10, 15, 17, 15, 8, 5, 5, 4, 5, 6, 6, 8, 12, 17],
    ),
    figure(
        "doanh-nghiep",
        two("Doanh nghiệp thành lập mới", "New enterprises"),
        1429,
        two("doanh nghiệp", "enterprises"),
        period=two("Tháng 6/2026", "June 2026"),
        change=5.6,
        series=TIDE[8:],
    ),
    figure(
        "khong-khi",
        two("Bụi mịn PM2.5", "Fine dust PM2.5"),
        21,
        two("µg/m³, trung bình", "µg/m³, mean"),
        period=two("Tuần 27/2026", "Week 27 of 2026"),
        change=-11.0,
        series=[38, 41, 44, 40, 35, 30, 26, 22, 19, 18, 20, 21],
    ),
]

THEMES: list[dict[str, Any]] = [
    {"code": code, "label": label, "count": count}
    for code, label, count in (
        ("ECON", two("Kinh tế, tài chính", "Economy and finance"), 14),
        ("TRAN", two("Giao thông, cảng biển", "Transport and ports"), 8),
        ("GOVE", two("Chính quyền, hành chính công", "Government and public sector"), 6),
        ("REGI", two("Đô thị, địa phương", "Regions and cities"), 4),
        ("ENVI", two("Môi trường", "Environment"), 3),
        ("EDUC", two("Giáo dục, văn hóa, thể thao", "Education, culture and sport"), 3),
        ("HEAL", two("Y tế", "Health"), 2),
        ("AGRI", two("Nông nghiệp, thủy sản", "Agriculture and fisheries"), 2),
        ("SOCI", two("Dân số, xã hội", "Population and society"), 1),
    )
]


def promise(
    organization: dict[str, Any], on_time: int, due: int, late: int, irregular: int
) -> dict[str, Any]:
    return {
        **organization,
        "count": on_time + due + late + irregular,
        "on_time": on_time,
        "due": due,
        "late": late,
        "irregular": irregular,
        "level": "city",
        "former_names": [two("Sở Giao thông vận tải", "Department of Transport")]
        if organization is SXD
        else [],
        "description": {},
        "homepage": "https://example.vn",
        "contact": DATASET["contact"][0],
        "valid_to": None,
    }


ORGANIZATIONS: list[dict[str, Any]] = [
    promise(CVHH, 2, 1, 0, 1),
    promise(TK, 6, 0, 0, 0),
    promise(SNNMT, 3, 0, 1, 0),
    promise(SXD, 2, 0, 0, 1),
]


def facet(name: str, label: str, options: list[tuple[str, L, int]], chosen: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "open": name in ("organization", "theme"),
        "options": [
            {
                "value": value,
                "label": text,
                "count": count,
                "selected": value == chosen,
                "href": f"?{name}={value}",
            }
            for value, text, count in options
        ],
    }


TOPICS = [
    {
        "slug": "cang-bien",
        "title": two("Cảng biển và logistics", "Ports and logistics"),
        "description": two(
            "Tàu, hàng, bến, kho và chi phí từ phao số 0 đến cổng kho.",
            "Ships, cargo, berths, warehouses and cost from the fairway buoy to the gate.",
        ),
        "count": 9,
    },
    {
        "slug": "sap-nhap",
        "title": two("Địa giới mới", "New boundaries"),
        "description": {"vi": "Mã cũ, mã mới và số liệu tính lại sau ngày 01/07/2025."},
        "count": 4,
    },
]
LICENCES = [
    ("cc-by-4.0", two("Creative Commons Ghi công 4.0", "Creative Commons Attribution 4.0"), "#", 36),
    ("vn-gov-open", two("Dữ liệu mở cơ quan nhà nước", "Government open data"), None, 4),
]
