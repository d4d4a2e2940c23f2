"""What `opendata doctor` tells of one part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from opendata.base.kit.errors import N_

State = Literal["ok", "warn", "fail"]

SETTINGS = N_("Thiết lập")
STATIC_FILES = N_("Tệp giao diện")
DATABASE = N_("Cơ sở dữ liệu")
INDEX = N_("Chỉ mục tìm kiếm")
FILES = N_("Kho tệp")
COUNTERS = N_("Bộ đếm hạn mức")
OUTBOX = N_("Hàng chờ tác động")
JOBS = N_("Việc nền")
KEYS = N_("Khóa và chữ ký")
TIMETABLE = N_("Việc định kỳ")
LIMITS = N_("Hạn mức")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`name`, `detail` and `remedy` are message ids."""

    name: str
    state: State
    detail: str
    remedy: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
