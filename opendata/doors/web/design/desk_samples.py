"""Made-up content of the operator's and the departments' pages."""

from collections.abc import Callable
from typing import Any

from opendata.base.runtime.caller import Caller
from opendata.doors.web.design import list_samples, samples
from opendata.doors.web.design.samples import two

OFFICER = Caller(kind="user", user_id="u1", name="Nguyễn Văn Mẫu", operator=True, roles={"cang-vu": "admin"})
MEMBERSHIPS = [{"slug": samples.CVHH["slug"], "name": samples.CVHH["name"], "role": "admin"}]
COUNTS = {"new": 12, "changed": 5, "unchanged": 214, "missing": 2, "conflict": 1, "quarantined": 3}
PROBLEMS = [
    {"code": "column_unit", "path": "resources.0.columns.tan", "message": "Cột số cần có đơn vị tính."},
]

RUN: dict[str, Any] = {
    "id": "0b7c6f0e-0001-4000-8000-000000000001",
    "kind": "scheduled",
    "state": "done_with_errors",
    "phase": "finish",
    "queued_at": "2026-07-05T02:00:00Z",
    "started_at": "2026-07-05T02:00:03Z",
    "ended_at": "2026-07-05T02:01:10Z",
    "counts": COUNTS,
    "error": None,
    "complete": True,
    "proof": {"reasons": []},
}
SOURCE: dict[str, Any] = {
    "id": "cang-vu-thu-muc",
    "title": "Thư mục của Cảng vụ Hàng hải",
    "type": "folder",
    "url": "/srv/nop-du-lieu/cang-vu-hang-hai",
    "state": "accepted",
    "organization": samples.CVHH,
    "next_due": "2026-07-06T02:00:00Z",
    "schedule": "Hằng ngày, 09:00",
    "quarantined": 3,
    "datasets": 4,
    "last_run": RUN,
    "last_complete_at": "2026-07-05T02:01:10Z",
}
SOURCES = [
    SOURCE,
    {
        **SOURCE,
        "id": "so-xay-dung",
        "title": "Cổng CKAN cũ của Sở Xây dựng",
        "type": "ckan",
        "organization": samples.SXD,
        "state": "paused",
        "quarantined": 0,
        "next_due": None,
        "last_run": {**RUN, "state": "failed"},
    },
    {
        **SOURCE,
        "id": "thong-ke",
        "title": "data.json của Thống kê thành phố",
        "type": "datajson",
        "organization": samples.TK,
        "state": "draft",
        "quarantined": 0,
        "last_run": None,
    },
]
CHANGES = samples.EVENTS[0]["changes"]
RESULT: dict[str, Any] = {
    "counts": COUNTS,
    "samples": {
        "new": [{"guid": "san-luong/2026-06.csv", "title": "Sản lượng tháng 6/2026", "url": None}],
        "changed": [
            {"guid": "bieu-phi.xlsx", "title": "Biểu phí hạ tầng cảng biển", "url": "#", "changes": CHANGES}
        ],
        "missing": [{"guid": "ben-cang-2023.csv", "title": "Danh mục bến cảng 2023", "url": None}],
        "conflict": [
            {
                "guid": "luot-tau.json",
                "title": "Lượt tàu vào, rời cảng",
                "url": None,
                "changes": [
                    {
                        "label": "Mô tả",
                        "before": "Sửa tay ngày 03/07/2026",
                        "after": "Bản của nguồn ngày 05/07/2026",
                    }
                ],
            }
        ],
        "quarantined": [{"guid": "thue-ben.csv", "title": "Thuê bến", "url": None, "errors": PROBLEMS}],
    },
    "proof": {"complete": False, "reasons": ["Thư mục con “luu-tru” không đọc được."]},
    "unknown_licences": ["Cho phép dùng nội bộ"],
    "unknown_formats": [],
    "seconds_estimate": 4.2,
}
PHASES = [
    {"name": name, "state": "done", "seconds": seconds, "count": count}
    for name, seconds, count in (
        ("extract", 31.2, 237),
        ("compare", 1.1, 237),
        ("map", 4.0, 17),
        ("validate", 0.8, 17),
        ("apply", 29.5, 14),
    )
]
RUN_EVENTS = [
    {"at": RUN["started_at"], "severity": "info", "code": "run.started", "message": "Bắt đầu đọc nguồn."},
    {"at": RUN["ended_at"], "severity": "error", "guid": "thue-ben.csv", **PROBLEMS[0]},
]

TYPES = [
    (
        "folder",
        two("Thư mục", "Folder"),
        two("Tệp CSV, Excel, JSON, GeoJSON để trong một thư mục.", "Files."),
    ),
    ("ckan", two("Cổng CKAN", "CKAN portal"), two("Qua API của cổng.", "By its API.")),
    ("datajson", two("Tệp data.json", "data.json file"), two("Danh mục theo POD 1.1.", "POD 1.1 catalogue.")),
]
BODIES = [(body["id"], body["name"]) for body in (samples.CVHH, samples.SNNMT, samples.SXD)]
VALUES = {
    "type": "folder",
    "title": SOURCE["title"],
    "url": SOURCE["url"],
    "organization": samples.CVHH["id"],
    "schedule": "",
}
RECORD = {
    **samples.DATASET,
    "description": two("Bảng ghi khối lượng hàng hóa.", "Cargo."),
    "language": ["VIE"],
    "topics": ["cang-bien"],
}
EDIT_ERRORS = {
    "description.vi": "Mô tả tiếng Việt cần ít nhất 50 ký tự.",
    "legal_basis": "Cần nêu căn cứ pháp lý.",
}
FINDINGS = [
    {"field": "description.vi", "message": "Mô tả tiếng Việt cần ít nhất 50 ký tự.", "severity": "block"},
    {"field": "title.en", "message": "Chưa có bản tiếng Anh.", "severity": "warn"},
]
DRAFT = {
    **samples.DATASET,
    "state": "returned",
    "note": "Vui lòng viết rõ hàng trung chuyển được tính thế nào.",
}
DESK_ITEM = {
    "id": samples.DATASET["id"],
    "slug": samples.DATASET["slug"],
    "title": samples.DATASET["title"],
    "modified": samples.DATASET["modified"],
}


def _new_source(step: int) -> Callable[[], dict[str, Any]]:
    return lambda: {
        "step": step,
        "values": VALUES,
        "errors": {"url": "Không mở được thư mục này."} if step == 1 else {},
        "types": TYPES,
        "organizations": BODIES,
        "schedules": [("daily", two("Hằng ngày", "Daily"))],
        "fields": [],
    }


def _console() -> dict[str, Any]:
    return {
        "organization": samples.CVHH,
        "organizations": [(samples.CVHH["slug"], samples.CVHH["name"])],
        "due": [{**DESK_ITEM, "frequency": "MONTHLY", "next_due": "2026-07-20", "state": "due"}],
        "waiting": [
            {
                **DESK_ITEM,
                "state": "submitted",
                "by": "Trần Thị Soạn",
                "at": "2026-07-04T03:10:00Z",
                "note": None,
            }
        ],
        "failed": [],
        "states": [
            {"state": "draft", "count": 1, "datasets": [DESK_ITEM]},
            {"state": "published", "count": 4, "datasets": [DESK_ITEM]},
        ],
        "can_create": True,
    }


PAGES: dict[str, Callable[[], dict[str, Any]]] = {
    "operator/sources": lambda: {"sources": SOURCES, "can_add": True},
    "operator/source": lambda: {
        "source": SOURCE,
        "runs": [RUN, {**RUN, "kind": "preview", "state": "done"}],
        "health": {"kind": "due", "sentence": "Đang chạy tốt; ba bản ghi bị cách ly từ ngày 05/07/2026."},
        "actions": ["preview", "run", "pause"],
    },
    "operator/source_new": _new_source(1),
    "operator/source_new_4": _new_source(4),
    "operator/preview": lambda: {
        "source": SOURCE,
        "run": RUN,
        "result": RESULT,
        "can_apply": True,
        "stale": "",
    },
    "operator/run": lambda: {
        "source": SOURCE,
        "run": RUN,
        "phases": PHASES,
        "events": RUN_EVENTS,
        "total_events": 2,
        "actions": [],
    },
    "operator/quarantine": lambda: {
        "source": SOURCE,
        "records": [
            {
                "guid": "thue-ben.csv",
                "title": "Thuê bến",
                "url": None,
                "last_seen": RUN["ended_at"],
                "dataset": DESK_ITEM,
                "problem": PROBLEMS,
            }
        ],
        "total": 3,
        "next": "",
        "can_retry": True,
    },
    "department/console": _console,
    "department/edit": lambda: {
        "dataset": DRAFT,
        "record": RECORD,
        "errors": EDIT_ERRORS,
        "publishers": BODIES,
        "topics": [(topic["slug"], topic["title"]) for topic in list_samples.TOPICS],
    },
    "department/files": lambda: {"dataset": DRAFT, "errors": {}, "values": {}, "max_size": 200_000_000},
    "department/file": lambda: {"dataset": DRAFT, "resource": samples.RESOURCES[0], "errors": {}},
    "department/workflow": lambda: {
        "dataset": DRAFT,
        "findings": FINDINGS,
        "steps": ["submit", "publish"],
        "events": samples.EVENTS,
        "error": "",
    },
}
