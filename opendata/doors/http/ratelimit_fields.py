"""What an answer says about limits: the one place that writes these fields.

`RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers-10 and are structured fields
(RFC 9651); `X-RateLimit-*` say the same for the window a client should pace itself by.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

from werkzeug.datastructures import Headers

from opendata.services.plans.gate import Line
from opendata.services.plans.rules import Rule

READABLE = (
    "RateLimit",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Mode",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Cost",
)
_QUOTA_UNITS = {"requests": "", "bytes": ';qu="content-bytes"'}
"""Units the draft knows; rows are none and stand in the cost alone."""


def write(headers: Headers, lines: Sequence[Line], now: datetime, zone: ZoneInfo, *, degraded: bool) -> None:
    """Set the fields of one answer."""
    shown = [line for line in lines if line.rule.unit in _QUOTA_UNITS]
    if not shown:
        return
    local = now.astimezone(zone)
    headers["RateLimit-Policy"] = policy(tuple(line.rule for line in shown), local.year, local.month, zone)
    headers["RateLimit"] = ", ".join(
        f'"{line.rule.name}";r={line.remaining};t={seconds(line)}' for line in shown
    )
    pace = tightest(shown)
    headers["X-RateLimit-Limit"] = str(pace.rule.limit)
    headers["X-RateLimit-Remaining"] = str(pace.remaining)
    headers["X-RateLimit-Reset"] = str(int(now.timestamp()) + seconds(pace))
    if degraded:
        headers["X-RateLimit-Mode"] = "degraded"


def seconds(line: Line) -> int:
    """Until the rule lets more through: of a full one when the refused call fits, else when all is back."""
    return ceil(line.wait + 0.001) if line.violated else ceil(line.reset)


def tightest(lines: Sequence[Line]) -> Line:
    """The window a client should pace itself by: full ones first, the one-second ones last."""
    return min(
        lines,
        key=lambda line: (
            not line.violated,
            line.rule.seconds < 60,
            line.remaining / line.rule.limit,
        ),
    )


@lru_cache(maxsize=1024)
def policy(rules: tuple[Rule, ...], year: int, month: int, zone: ZoneInfo) -> str:
    """The rules as a list; windows of calendar months are as long as this one."""
    there = datetime(year, month, 15, tzinfo=zone)
    return ", ".join(_policy(rule, there, zone) for rule in rules)


def _policy(rule: Rule, there: datetime, zone: ZoneInfo) -> str:
    told = f'"{rule.name}";q={rule.limit};w={rule.span_at(there, zone)}{_QUOTA_UNITS[rule.unit]}'
    if rule.algorithm == "calendar":
        told += f';opendata-calendar="{rule.window.removeprefix("cal")}"'
    return told
