"""What `opendata doctor` tells of keys: whether the peppers open what was issued, and when one can go."""

from collections.abc import Iterator, Mapping

from opendata.base.kit.errors import N_
from opendata.base.kit.secrets import Peppers
from opendata.base.runtime import SYSTEM, Platform
from opendata.doors.cli.findings import KEYS, Finding
from opendata.services.access import keys, pepper_use
from opendata.services.access.oauth.signing import SigningKeys

HELD: Mapping[str, str] = {
    "api_key": N_("pepper %(kid)s: %(number)s khóa API, chuyển khi được dùng."),
    "client_secret": N_("pepper %(kid)s: %(number)s bí mật của ứng dụng khách, chuyển khi được dùng."),
    "registration": N_("pepper %(kid)s: %(number)s mã quản lý ứng dụng khách, chuyển khi được dùng."),
    "refresh_token": N_("pepper %(kid)s: %(number)s mã làm mới, hết sau tối đa 30 ngày."),
    "initial_access_token": N_("pepper %(kid)s: %(number)s mã đăng ký ban đầu, hết sau tối đa một ngày."),
    "device_code": N_("pepper %(kid)s: %(number)s mã thiết bị, hết sau mười phút."),
    "spare_code": N_("pepper %(kid)s: %(number)s mã dự phòng cũ, hết khi bật lại xác thực hai bước."),
    "second_factor": N_("pepper %(kid)s: %(number)s xác thực hai bước, worker niêm phong lại mỗi giờ."),
    "webhook": N_("pepper %(kid)s: %(number)s bí mật webhook, worker niêm phong lại mỗi giờ."),
    "old_webhook": N_("pepper %(kid)s: %(number)s bí mật webhook cũ, worker niêm phong lại mỗi giờ."),
    "signing_key": N_("pepper %(kid)s: %(number)s khóa ký, worker niêm phong lại mỗi giờ."),
    "mail": N_("pepper %(kid)s: %(number)s liên kết trong thư chờ gửi, hết sau tối đa 14 ngày."),
}
"""By what lies under a pepper: how it is told, and what becomes of it."""
UNKNOWN = "?"


def key_state(platform: Platform) -> Iterator[Finding]:
    """Peppers that were lost, or left behind by a move, make every key and signature worthless."""
    with platform.read(SYSTEM) as work:
        issued = keys.by_pepper(work)
        used = pepper_use.counted(work)
    peppers = platform.part(Peppers)
    lost = [(what, kid, n) for what, kid, n in _lines(used) if kid is not None and kid not in peppers.keys]
    for what, kid, number in lost:
        yield _lost(HELD[what], kid, number)
    if not lost and not platform.part(SigningKeys).opens():
        yield _lost(HELD["signing_key"], UNKNOWN, 1)
    elif not lost:
        former = sum(number for kid, number in issued.items() if kid != peppers.current)
        yield Finding(
            name=KEYS,
            state="ok",
            detail=N_("%(keys)s khóa API, %(old)s còn dưới pepper cũ."),
            params={"keys": sum(issued.values()), "old": former},
        )
    for old in list(peppers.keys)[1:]:
        yield from _leaving(old, used)


def _leaving(old: str, used: pepper_use.Use) -> Iterator[Finding]:
    """What keeps a former pepper; what nobody knows the pepper of may be under it."""
    held = [(what, kid, number) for what, kid, number in _lines(used) if kid in {old, None}]
    for what, kid, number in held:
        params = {"kid": kid or UNKNOWN, "number": number}
        yield Finding(name=KEYS, state="ok", detail=HELD[what], params=params)
    yield Finding(
        name=KEYS,
        state="ok",
        detail=(
            N_("Chưa được bỏ pepper %(kid)s khỏi key_peppers.")
            if held
            else N_("Không còn gì dưới pepper %(kid)s: bỏ được nó khỏi key_peppers.")
        ),
        params={"kid": old},
    )


def _lost(detail: str, kid: str, number: int) -> Finding:
    return Finding(
        name=KEYS,
        state="fail",
        detail=detail,
        remedy=N_("key_peppers không mở được phần này. Đưa lại key_peppers cũ; thiếu chúng, nó hỏng hẳn."),
        params={"kid": kid, "number": number},
    )


def _lines(used: pepper_use.Use) -> Iterator[tuple[str, str | None, int]]:
    for what, found in used.items():
        for kid, number in found.items():
            yield what, kid, number
