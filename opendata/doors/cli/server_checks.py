"""Which server answers for each part, in which version; and what to do where none does."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from opendata.assembly import JOBS_URL
from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.runtime import Platform
from opendata.base.runtime.database import describe as describe_database
from opendata.doors.cli.findings import (
    COUNTERS,
    DATABASE,
    FILES,
    INDEX,
    JOBS,
    KEYS,
    LIMITS,
    OUTBOX,
    TIMETABLE,
    Finding,
)
from opendata.engines.counters import Counters
from opendata.engines.files import FileStore
from opendata.engines.jobs import open_queue
from opendata.engines.search import SearchIndex
from opendata.settings import Settings

_DATABASE_REMEDY = N_(
    "Khởi động máy chủ cơ sở dữ liệu; kiểm tra database_url, mật khẩu và đường mạng tới nó."
)
REMEDIES = {
    DATABASE: _DATABASE_REMEDY,
    OUTBOX: _DATABASE_REMEDY,
    KEYS: _DATABASE_REMEDY,
    LIMITS: _DATABASE_REMEDY,
    TIMETABLE: _DATABASE_REMEDY,
    INDEX: N_(
        "Khởi động Elasticsearch; kiểm tra search_url, tài khoản và đường mạng. Cổng vẫn tìm ở mức rút gọn."
    ),
    FILES: N_("Khởi động kho S3 hoặc gắn lại ổ đĩa; kiểm tra files_url, khóa truy cập và quyền ghi."),
    JOBS: N_("Khởi động máy chủ hàng đợi; kiểm tra jobs_url. Việc nền vẫn nằm chờ trong cơ sở dữ liệu."),
    COUNTERS: N_("Khởi động Redis; kiểm tra counters_url. Mỗi tiến trình tự đếm phần hạn mức của mình."),
}


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
        except (OpenDataError, OSError, SQLAlchemyError) as error:
            yield away(name, error)
        else:
            yield Finding(name=name, state="ok", detail=N_("Chạy trên %(told)s."), params={"told": told})


def away(name: str, error: Exception) -> Finding:
    """A part that cannot be used. Of errors of the database the type alone: their text holds statements."""
    text = "" if isinstance(error, SQLAlchemyError) else f": {error}"
    cause = error.__cause__
    reason = f" ({type(cause).__name__})" if cause is not None else ""
    return Finding(
        name=name,
        state="fail",
        detail=N_("Không dùng được: %(error)s"),
        remedy=REMEDIES[name],
        params={"error": f"{type(error).__name__}{text}{reason}"},
    )


def _describe_queue(settings: Settings) -> str:
    """Of the workers' queue: a command runs its own jobs at once and has another."""
    queue = open_queue(settings.url("jobs_url", JOBS_URL))
    try:
        return queue.describe()
    finally:
        if callable(close := getattr(queue, "close", None)):
            close()
