"""The checks of `opendata doctor`, one function a part."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError

from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.models import migrations
from opendata.base.runtime import Platform, jobs, outbox
from opendata.base.runtime.database import describe as describe_database
from opendata.doors.web.static_files import STATIC
from opendata.engines.counters import Counters
from opendata.engines.files import FileStore
from opendata.engines.jobs import open_queue
from opendata.engines.search import SearchIndex
from opendata.services.catalog import indexing
from opendata.settings import Settings

LEAST_FREE_MB = 500
JOBS_DEFAULT = "sqlite:///{data}/jobs.db"
BACKLOG_WARNING = 1000
PROBE = b"opendata doctor\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`name`, `detail` and `remedy` are message ids."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


SETTINGS = N_("Thiết lập")
DATABASE = N_("Cơ sở dữ liệu")
INDEX = N_("Chỉ mục tìm kiếm")
FILES = N_("Kho tệp")
OUTBOX = N_("Hàng chờ tác động")
JOBS = N_("Việc nền")
COUNTERS = N_("Bộ đếm hạn mức")
STATIC_FILES = N_("Tệp giao diện")


def settings(settings: Settings) -> Iterator[Finding]:
    if settings.mode != "production":
        yield Finding(
            name=SETTINGS,
            state="ok",
            detail=N_("Chế độ %(mode)s."),
            params={"mode": settings.mode},
        )
        return
    problems = list(_production_problems(settings))
    yield from problems
    if not problems:
        yield Finding(name=SETTINGS, state="ok", detail=N_("Chế độ %(mode)s."), params={"mode": "production"})


def _production_problems(settings: Settings) -> Iterator[Finding]:
    if not settings.base_url.startswith("https://"):
        yield Finding(
            name=SETTINGS,
            state="warn",
            detail=N_("base_url là %(url)s."),
            remedy=N_("Đặt base_url bằng địa chỉ https công khai của cổng."),
            params={"url": settings.base_url},
        )
    if settings.contact_email.endswith(".example"):
        yield Finding(
            name=SETTINGS,
            state="warn",
            detail=N_("contact_email vẫn là địa chỉ mẫu."),
            remedy=N_("Đặt contact_email bằng thư của đơn vị phụ trách cổng."),
        )


def static_files() -> Iterator[Finding]:
    if (STATIC / "manifest.json").is_file():
        yield Finding(name=STATIC_FILES, state="ok", detail=N_("Đã dựng."))
        return
    yield Finding(
        name=STATIC_FILES,
        state="warn",
        detail=N_("Chưa dựng; trang vẫn chạy nhưng không có kiểu dáng."),
        remedy=N_("Chạy `make assets`, hoặc cài bản wheel."),
    )


def database(platform: Platform) -> Finding:
    try:
        current, head = migrations.current(platform.engine), migrations.head()
    except SQLAlchemyError as error:
        return Finding(
            name=DATABASE,
            state="fail",
            detail=N_("Không mở được: %(error)s"),
            remedy=N_("Kiểm tra database_url và quyền ghi vào data_dir."),
            params={"error": type(error).__name__},
        )
    if current != head:
        return Finding(
            name=DATABASE,
            state="fail",
            detail=N_("Phiên bản %(current)s, chương trình cần %(head)s."),
            remedy=N_("Chạy `opendata migrate`."),
            params={"current": current, "head": head},
        )
    return Finding(name=DATABASE, state="ok", detail=N_("Phiên bản %(head)s."), params={"head": head})


def servers(platform: Platform) -> Iterator[Finding]:
    """What each engine runs on; one that does not answer hides none of the others."""
    asked: dict[str, Callable[[], str]] = {DATABASE: lambda: describe_database(platform.engine)}
    asked[JOBS] = lambda: _describe_queue(platform.settings)
    for name, port in ((INDEX, SearchIndex), (FILES, FileStore), (COUNTERS, Counters)):
        part: Any = platform.part(port)
        if hasattr(part, "describe"):
            asked[name] = part.describe
    for name, describe in asked.items():
        try:
            told = describe()
        except (OpenDataError, SQLAlchemyError) as error:
            yield broken(name, error)
        else:
            yield Finding(name=name, state="ok", detail=N_("Chạy trên %(told)s."), params={"told": told})


def _describe_queue(settings: Settings) -> str:
    """Of the workers' queue: a command runs its own jobs at once and has another."""
    queue = open_queue(settings.url("jobs_url", JOBS_DEFAULT))
    return queue.describe()


def index(platform: Platform) -> Iterator[Finding]:
    info = platform.part(SearchIndex).info()
    found = indexing.drift(platform)
    params = {"documents": info.documents, "generation": info.generation, "drift": len(found.ids)}
    if found.ids:
        yield Finding(
            name=INDEX,
            state="fail",
            detail=N_("%(documents)s bộ dữ liệu; %(drift)s bộ lệch với cơ sở dữ liệu."),
            remedy=N_("Chạy `opendata search check --repair`."),
            params=params,
        )
        return
    yield Finding(
        name=INDEX,
        state="ok",
        detail=N_("%(documents)s bộ dữ liệu, thế hệ %(generation)s."),
        params=params,
    )


def files(platform: Platform) -> Iterator[Finding]:
    store = platform.part(FileStore)
    stored = store.put(BytesIO(PROBE))
    store.remove(stored.sha256)
    free = shutil.disk_usage(platform.settings.data).free // 1024**2
    low = free < LEAST_FREE_MB
    yield Finding(
        name=FILES,
        state="warn" if low else "ok",
        detail=N_("Ghi được; còn trống %(free)s MB."),
        remedy=N_("Giải phóng dung lượng đĩa."),
        params={"free": free},
    )


def outbox_state(platform: Platform) -> Iterator[Finding]:
    waiting, given_up = outbox.backlog(platform)
    state: Literal["ok", "warn", "fail"] = "ok"
    remedy = ""
    if waiting > BACKLOG_WARNING:
        state, remedy = "warn", N_("Chạy `opendata worker` hoặc `opendata serve`.")
    if given_up:
        state, remedy = (
            "fail",
            N_("Xem cột problem của bảng outbox, sửa rồi `opendata search check --repair`."),
        )
    yield Finding(
        name=OUTBOX,
        state=state,
        detail=N_("%(waiting)s đang chờ, %(given_up)s đã bỏ cuộc."),
        remedy=remedy,
        params={"waiting": waiting, "given_up": given_up},
    )


def job_state(platform: Platform) -> Iterator[Finding]:
    states = jobs.counts(platform)
    failed = states.get("failed", 0)
    yield Finding(
        name=JOBS,
        state="warn" if failed else "ok",
        detail=N_("%(queued)s đang chờ, %(running)s đang chạy, %(failed)s hỏng."),
        remedy=N_("Xem cột problem của bảng job."),
        params={
            "queued": states.get("queued", 0),
            "running": states.get("running", 0),
            "failed": failed,
        },
    )


def broken(part: str, error: Exception) -> Finding:
    """A part whose check itself failed."""
    return Finding(
        name=part,
        state="fail",
        detail=N_("Không dùng được: %(error)s"),
        remedy=N_("Kiểm tra thiết lập của phần này và quyền ghi vào data_dir."),
        params={"error": f"{type(error).__name__}: {error}"},
    )
