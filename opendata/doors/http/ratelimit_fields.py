"""What an answer says about limits: the one place that writes these fields.

`RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers-10 and are structured fields
(RFC 9651); `X-RateLimit-*` say the same for the window a client should pace itself by.
"""

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import cast
from zoneinfo import ZoneInfo

from opendata.services.plans.book import Terms
from opendata.services.plans.gate import Line
from opendata.services.plans.rules import Rule, period

READABLE = (
    "RateLimit",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Mode",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Cost",
)
Field = tuple[str, str]
_QUOTA_UNITS = {"requests": "", "bytes": ';qu="content-bytes"'}
"""Units the draft knows; rows are none and stand in the cost alone."""


class Told:
    """The fields for one caller as of a second (epoch); what is left is filled in answer by answer."""

    __slots__ = ("_amounts", "_before", "_pace", "_rest", "_text", "second")

    def __init__(self, terms: Terms, lines: Sequence[Line], at: float, zone: ZoneInfo, mode: str) -> None:
        self.second = int(at)
        shown = [line for line in lines if line.rule.unit in _QUOTA_UNITS]
        pace = tightest(shown)
        self._pace = pace.remaining
        self._amounts = [(line.remaining, int(line.rule.unit == "requests")) for line in shown]
        self._text = ", ".join([f'"{line.rule.name}";r=%d;t={seconds(line)}' for line in shown])
        self._before = ("RateLimit-Policy", policy(terms, at, zone))
        self._rest = [
            ("X-RateLimit-Limit", str(pace.rule.limit)),
            ("X-RateLimit-Reset", str(self.second + seconds(pace))),
            *([("X-RateLimit-Mode", mode)] if mode else ()),
        ]

    def fields(self, held: int) -> list[Field]:
        """With `held` requests more than the counters say, because this process holds them."""
        amounts = tuple([left + held * weight for left, weight in self._amounts])
        return [
            self._before,
            ("RateLimit", self._text % amounts),
            ("X-RateLimit-Remaining", str(self._pace + held)),
            *self._rest,
        ]


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


def policy(terms: Terms, at: float, zone: ZoneInfo) -> str:
    """The rules as a list; windows of calendar months are as long as this one."""
    told, until = terms.memory.get("policy", ("", 0.0))
    if at >= until:
        here = datetime.fromtimestamp(at, zone)
        rules = [rule for rule in terms.counted if rule.unit in _QUOTA_UNITS]
        told = ", ".join(_policy(rule, here, zone) for rule in rules)
        terms.memory["policy"] = told, period("calmonth", here, zone)[1].timestamp()
    return cast("str", told)


def _policy(rule: Rule, there: datetime, zone: ZoneInfo) -> str:
    told = f'"{rule.name}";q={rule.limit};w={rule.span_at(there, zone)}{_QUOTA_UNITS[rule.unit]}'
    if rule.algorithm == "calendar":
        told += f';opendata-calendar="{rule.window.removeprefix("cal")}"'
    return told
