"""Made-up content for /docs/design and for looking at pages without a database. No figure here is real."""

from typing import Any

L = dict[str, str]


def two(vi: str, en: str) -> L:
    return {"vi": vi, "en": en}


PORTAL: dict[str, Any] = {
    "name": two("Dữ liệu mở Hải Phòng", "Hai Phong Open Data"),
    "operator": two("Thành phố Hải Phòng", "City of Hai Phong"),
    "contact_email": "dulieumo@example.vn",
    "synthetic": True,
}

CVHH = {
    "id": "8f14e45f-0001-4000-8000-000000000001",
    "slug": "cang-vu-hang-hai",
    "name": two("Cảng vụ Hàng hải Hải Phòng", "Maritime Administration of Hai Phong"),
    "abbreviation": "CVHH",
}
SNNMT = {
    "id": "8f14e45f-0002-4000-8000-000000000002",
    "slug": "so-nong-nghiep-va-moi-truong",
    "name": two("Sở Nông nghiệp và Môi trường", "Department of Agriculture and Environment"),
    "abbreviation": "SNNMT",
}
SXD = {
    "id": "8f14e45f-0003-4000-8000-000000000003",
    "slug": "so-xay-dung",
    "name": two("Sở Xây dựng", "Department of Construction"),
    "abbreviation": "SXD",
}
TK = {
    "id": "8f14e45f-0004-4000-8000-000000000004",
    "slug": "thong-ke-thanh-pho",
    "name": two("Thống kê thành phố Hải Phòng", "Hai Phong City Statistics Office"),
    "abbreviation": "TK",
}

COLUMNS: list[dict[str, Any]] = [
    {
        "name": "thang",
        "label": two("Tháng", "Month"),
        "type": "date",
        "key": True,
        "note": two("Ngày đầu tháng", "First day of the month"),
    },
    {
        "name": "ma_ben",
        "label": two("Mã bến cảng", "Berth code"),
        "type": "text",
        "key": True,
        "codes": "Danh mục bến cảng",
        "note": {},
    },
    {"name": "loai_hang", "label": two("Loại hàng", "Cargo type"), "type": "text", "key": True, "note": {}},
    {
        "name": "chieu",
        "label": two("Chiều", "Direction"),
        "type": "text",
        "key": True,
        "note": two("XUAT, NHAP hoặc NOI_DIA", "XUAT, NHAP or NOI_DIA"),
    },
    {
        "name": "tan",
        "label": two("Sản lượng", "Throughput"),
        "type": "integer",
        "unit": "tấn",
        "note": {},
        "histogram": [2, 5, 9, 14, 11, 7, 4, 3, 1, 1],
    },
    {
        "name": "teu",
        "label": two("Số container quy đổi", "Containers"),
        "type": "integer",
        "unit": "TEU",
        "note": two("Trống nếu không phải hàng container", "Empty for other than container cargo"),
        "histogram": [8, 6, 5, 4, 3, 3, 2, 1, 1, 0],
    },
]
ROWS: list[list[Any]] = [
    ["2026-06-01", "LH-01", "CONTAINER", "NHAP", 1284310, 98412],
    ["2026-06-01", "LH-01", "CONTAINER", "XUAT", 1106204, 91077],
    ["2026-06-01", "LH-02", "CONTAINER", "NHAP", 986531, 74120],
    ["2026-06-01", "DV-07", "HANG_ROI", "NHAP", 412908, None],
    ["2026-06-01", "DV-07", "HANG_ROI", "XUAT", 87340, None],
    ["2026-06-01", "DV-11", "HANG_LONG", "NHAP", 203115, None],
    ["2026-05-01", "LH-01", "CONTAINER", "NHAP", 1251876, 95960],
    ["2026-05-01", "LH-01", "CONTAINER", "XUAT", 1090412, 88735],
]

RESOURCES: list[dict[str, Any]] = [
    {
        "id": "5b1c2d3e-0001-4000-8000-0000000000a1",
        "title": two("Sản lượng theo tháng (CSV)", "Throughput by month (CSV)"),
        "description": {},
        "kind": "file",
        "format": "CSV",
        "media_type": "text/csv",
        "file_name": "san-luong-cang.mophong.csv",
        "byte_size": 1284310,
        "rows": 21840,
        "encoding": "UTF-8",
        "modified": "2026-07-05",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "href": "#",
        "columns": COLUMNS,
        "access_level": None,
        "license": None,
    },
    {
        "id": "5b1c2d3e-0002-4000-8000-0000000000a2",
        "title": two("Sản lượng theo tháng (Excel)", "Throughput by month (Excel)"),
        "description": two("Cùng nội dung, kèm trang từ điển cột.", "The same, with a sheet of the columns."),
        "kind": "file",
        "format": "XLSX",
        "media_type": None,
        "byte_size": 2310450,
        "rows": 21840,
        "modified": "2026-07-05",
        "href": "#",
        "columns": [],
        "access_level": None,
        "license": None,
    },
    {
        "id": "5b1c2d3e-0003-4000-8000-0000000000a3",
        "title": two("Dịch vụ tra cứu sản lượng", "Throughput service"),
        "description": {},
        "kind": "api",
        "format": "API",
        "media_type": None,
        "byte_size": None,
        "rows": None,
        "modified": "2026-07-05",
        "href": "#",
        "columns": [],
        "access_level": "conditional",
        "license": None,
    },
]

DATASET: dict[str, Any] = {
    "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "slug": "san-luong-hang-hoa-thong-qua-cang-bien",
    "title": two("Sản lượng hàng hóa thông qua cảng biển", "Cargo throughput of seaports"),
    "description": {},
    "state": "published",
    "version": 7,
    "synthetic": True,
    "synthetic_columns": [],
    "publisher": CVHH,
    "license": "cc-by-4.0",
    "access_level": "public",
    "access_reason": {},
    "frequency": "MONTHLY",
    "freshness": {"state": "on_time", "last_update": "2026-07-05", "next_due": "2026-08-20"},
    "pham_vi": {
        "mode": "switch",
        "note": two(
            "Đến 06/2025: thành phố cũ; từ 07/2025: thành phố sau hợp nhất.",
            "To June 2025 the former city, from July 2025 the merged one.",
        ),
    },
    "contact": [
        {
            "name": two("Phòng Pháp chế", "Legal office"),
            "email": "cangvu@example.vn",
            "phone": "0225 000 0000",
        }
    ],
    "themes": ["TRAN", "ECON"],
    "topics": [{"slug": "cang-bien", "title": two("Cảng biển và logistics", "Ports and logistics")}],
    "keywords": {"vi": ["cảng", "container", "TEU"], "en": ["port", "container", "TEU"]},
    "temporal": {"start": "2022-01", "end": "2026-06"},
    "data_until": "2026-06",
    "legal_basis": [
        {"code": "Quyết định 0000/QĐ-UBND", "article": "Điều 2", "title": {}, "url": None},
    ],
    "provenance": two(
        "Tổng hợp từ báo cáo tháng của các doanh nghiệp cảng.", "Compiled from monthly reports of ports."
    ),
    "sources": [],
    "documentation": [],
    "version_note": {},
    "first_published": "2025-11-21",
    "issued": "2025-11-21",
    "modified": "2026-07-05T02:14:00Z",
    "created": "2025-11-20T03:00:00Z",
    "resources": RESOURCES,
}
SUMMARY = two(
    "Khối lượng hàng hóa qua từng bến cảng theo tháng, loại hàng và chiều vận chuyển.",
    "Tonnes of cargo through each berth by month, cargo type and direction.",
)
ABOUT_HTML = two(
    "<p>Bảng ghi khối lượng hàng hóa thông qua từng bến cảng trên địa bàn, mỗi dòng là một tháng, một bến, "
    "một loại hàng và một chiều. Cảng vụ tổng hợp trước ngày 20 hằng tháng.</p><p>Hàng trung chuyển được "
    "tính hai lần, lúc vào và lúc ra, theo cách tính chung của ngành.</p>",
    "<p>Cargo through each berth of the city: one row is a month, a berth, a cargo type and a direction. "
    "Compiled before the 20th of each month.</p><p>Transhipped cargo counts twice, inward and outward, as is "
    "the rule of the trade.</p>",
)


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

CALL = """curl -s 'https://dulieumo.example.vn/api/v1/datasets?q=cang%20bien&limit=1'"""
ANSWER = """{
  "data": [
    {
      "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
      "slug": "san-luong-hang-hoa-thong-qua-cang-bien",
      "title": {"vi": "Sản lượng hàng hóa thông qua cảng biển", "en": "Cargo throughput of seaports"}
    }
  ],
  "meta": {"total": 3},
  "links": {"self": "…", "next": "…"}
}"""
CALLS = [
    ("curl", "curl -s 'https://dulieumo.example.vn/api/v1/datasets/san-luong-hang-hoa-thong-qua-cang-bien'"),
    (
        "Python",
        (
            "import requests\n\nurl = 'https://dulieumo.example.vn/api/v1/datasets/san-luong-hang-hoa'\n"
            "dataset = requests.get(url, timeout=10).json()['data']\nprint(dataset['title']['vi'])"
        ),
    ),
    (
        "JavaScript",
        (
            "const url = 'https://dulieumo.example.vn/api/v1/datasets/san-luong-hang-hoa';\n"
            "const { data } = await (await fetch(url)).json();\nconsole.log(data.title.vi);"
        ),
    ),
]
EVENTS: list[dict[str, Any]] = [
    {
        "at": "2026-07-05T02:14:00Z",
        "by": "Thu thập tự động",
        "action": "Cập nhật tệp",
        "note": None,
        "changes": [
            {"label": "Số liệu đến", "before": "2026-05", "after": "2026-06"},
            {"label": "Sản lượng theo tháng (CSV), số dòng", "before": "21.434", "after": "21.840"},
        ],
    },
    {
        "at": "2026-03-12T08:31:00Z",
        "by": "Nguyễn Văn Mẫu",
        "action": "Sửa mô tả",
        "note": two("Thêm lưu ý về hàng trung chuyển.", "Added a note on transhipment."),
        "changes": [{"label": "Từ khóa", "before": None, "after": "TEU"}],
    },
    {"at": "2025-11-21T01:00:00Z", "by": "Trần Thị Duyệt", "action": "Công bố", "note": None, "changes": []},
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
