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
