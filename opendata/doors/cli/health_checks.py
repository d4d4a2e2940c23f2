"""The checks of `opendata doctor`, one function a part."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Protocol, runtime_checkable

from sqlalchemy.exc import SQLAlchemyError

from opendata.base.kit.errors import N_
from opendata.base.models import migrations
from opendata.base.runtime import Platform, jobs, outbox
from opendata.base.runtime.timetable import Timetable
from opendata.doors.cli.findings import (
    DATABASE,
    FILES,
    INDEX,
    JOBS,
    OUTBOX,
    SETTINGS,
    STATIC_FILES,
    TIMETABLE,
    Finding,
    State,
)
from opendata.doors.web.static_files import STATIC
from opendata.engines.files import FileStore
from opendata.engines.search import IndexInfo, SearchIndex
from opendata.services.catalog import indexing
from opendata.settings import Settings

LEAST_FREE_MB = 500
BACKLOG_WARNING = 1000
PROBE = b"opendata doctor\n"
LATE = timedelta(minutes=15)


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
            remedy=N_(
                "Khởi động máy chủ cơ sở dữ liệu; kiểm tra database_url, mật khẩu và quyền ghi vào data_dir."
            ),
            params={"error": type(error).__name__},
        )
    if current is not None and not migrations.knows(current):
        return Finding(
            name=DATABASE,
            state="fail",
            detail=N_("Phiên bản %(current)s mới hơn chương trình (%(head)s)."),
            remedy=N_("Cài bản chương trình mới hơn; đừng hạ cơ sở dữ liệu."),
            params={"current": current, "head": head},
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


def index(platform: Platform) -> Iterator[Finding]:
    part = platform.part(SearchIndex)
    if isinstance(part, Rebuilt):
        yield from _rebuilding(part.rebuilding())
    if indexing.is_lost(platform):
        yield _lost()
        return
    info = part.info()
    yield _drift(platform, info)
    if info.outdated:
        yield Finding(
            name=INDEX,
            state="warn",
            detail=N_("Được dựng bởi một bản chương trình khác (lược đồ %(schema)s)."),
            remedy=N_("Chạy `opendata search rebuild`; tìm kiếm vẫn chạy trong lúc dựng."),
            params={"schema": info.schema},
        )
    copies = part.copies() if isinstance(part, Copied) else "all"
    if copies != "all":
        yield _fewer_copies(copies)


@runtime_checkable
class Copied(Protocol):
    """An index that the cluster keeps in copies."""

    def copies(self) -> str: ...


@runtime_checkable
class Rebuilt(Protocol):
    """An index beside which another may be left unfinished."""

    def rebuilding(self) -> str: ...


def _rebuilding(state: str) -> Iterator[Finding]:
    if state == "yes":
        yield Finding(name=INDEX, state="ok", detail=N_("Đang được dựng lại."))
    if state == "left":
        yield Finding(
            name=INDEX,
            state="warn",
            detail=N_("Một lần dựng lại bị ngắt còn để lại chỉ mục dở dang; mỗi thay đổi phải ghi hai nơi."),
            remedy=N_("Worker tự dọn trong vài giây; nếu không có worker, chạy `opendata search rebuild`."),
        )


def _lost() -> Finding:
    return Finding(
        name=INDEX,
        state="fail",
        detail=N_("Đã mất. Cổng tìm ở mức rút gọn cho tới khi chỉ mục được dựng lại."),
        remedy=N_("Worker tự dựng lại ngay; nếu không có worker, chạy `opendata search rebuild`."),
    )


def _drift(platform: Platform, info: IndexInfo) -> Finding:
    found = indexing.drift(platform)
    params = {"documents": info.documents, "generation": info.generation, **found.figures()}
    if not found.ids:
        return Finding(
            name=INDEX,
            state="ok",
            detail=N_("%(documents)s bộ dữ liệu, thế hệ %(generation)s, không lệch với cơ sở dữ liệu."),
            params=params,
        )
    return Finding(
        name=INDEX,
        state="fail",
        detail=N_(
            "%(documents)s bộ dữ liệu, thế hệ %(generation)s; lệch với cơ sở dữ liệu: "
            "thiếu %(missing)s, cũ %(stale)s, thừa %(extra)s."
        ),
        remedy=N_("Chạy `opendata search check --repair`; worker cũng tự sửa sau tối đa năm phút."),
        params=params,
    )


def _fewer_copies(copies: str) -> Finding:
    if copies == "some":
        return Finding(
            name=INDEX,
            state="warn",
            detail=N_("Đủ dữ liệu nhưng thiếu bản sao: mất thêm một nút là mất tìm kiếm."),
            remedy=N_("Khởi động lại nút Elasticsearch còn thiếu, hoặc giảm replicas trong search_url."),
        )
    return Finding(
        name=INDEX,
        state="fail",
        detail=N_("Một phần chỉ mục đang mất."),
        remedy=N_(
            "Khởi động lại nút Elasticsearch giữ phần đó; nếu mất hẳn, chạy `opendata search rebuild`."
        ),
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
    state: State = "ok"
    remedy = ""
    if waiting > BACKLOG_WARNING:
        state, remedy = "warn", N_("Chạy `opendata worker` hoặc `opendata serve`.")
    if given_up:
        state, remedy = (
            "fail",
            N_("Xem `opendata job list`; sửa nguyên nhân, rồi `opendata job retry`."),
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
        remedy=N_("Xem `opendata job list`; sửa rồi `opendata job retry`, hoặc `opendata job discard`."),
        params={
            "queued": states.get("queued", 0),
            "running": states.get("running", 0),
            "failed": failed,
        },
    )


def timetable_state(platform: Platform) -> Iterator[Finding]:
    """What workers do again and again; who sees it late knows that none runs."""
    standings = platform.part(Timetable).standings()
    late = max((standing.late for standing in standings), default=timedelta())
    if not standings or late > LATE:
        yield Finding(
            name=TIMETABLE,
            state="warn",
            detail=N_("Không có worker nào làm việc định kỳ."),
            remedy=N_("Chạy `opendata worker`, hoặc `opendata serve` với worker_in_web."),
        )
    else:
        yield Finding(
            name=TIMETABLE,
            state="ok",
            detail=N_("%(tasks)s việc, đều đúng giờ."),
            params={"tasks": len(standings)},
        )
    for standing in standings:
        if standing.problem:
            yield Finding(
                name=TIMETABLE,
                state="warn",
                detail=N_("%(task)s hỏng lần gần nhất: %(problem)s"),
                remedy=N_("Việc được thử lại tự động; nếu còn hỏng, xem nhật ký của worker."),
                params={"task": standing.name, "problem": standing.problem},
            )
