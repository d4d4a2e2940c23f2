"""What `opendata doctor` looks at of limits: whether they failed."""

from collections.abc import Iterator
from datetime import timedelta

from opendata.base.kit.errors import N_
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.cli.findings import LIMITS, Finding
from opendata.services.access import audit
from opendata.services.plans import faults

LOOKED_BACK = timedelta(days=1)


def limit_state(platform: Platform) -> Iterator[Finding]:
    """By what processes wrote into the trail."""
    with platform.read(SYSTEM) as work:
        newest = audit.trail(work, faults.KIND, faults.ONE, limit=1)
        if not newest or newest[0].at <= work.now - LOOKED_BACK:
            yield Finding(name=LIMITS, state="ok", detail=N_("Không có lỗi trong 24 giờ qua."))
            return
        yield Finding(
            name=LIMITS,
            state="warn",
            detail=N_("Có lỗi (%(error)s) lúc %(at)s: có yêu cầu không bị tính vào gói."),
            remedy=N_("Xem các dòng limits.failed trong nhật ký của máy chủ; kiểm tra các gói vừa sửa."),
            params={"error": newest[0].data["error"], "at": newest[0].at.isoformat(timespec="seconds")},
        )
