"""The gate of the data plane: one call, all rules of the plan, all or nothing.

A call is charged one request before it is served, by a lease held in this process; what it cost in rows and
bytes is charged afterwards, as it was. Nothing is charged for what the gate refuses.
"""

import threading
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from opendata.base.kit.errors import N_, RateLimited
from opendata.base.runtime import Platform
from opendata.engines.counters import Cell, Counters, CountersUnavailable
from opendata.engines.counters.leases import Asked, Lease, Leases
from opendata.services.plans.book import Terms
from opendata.services.plans.rules import SHORT, Rule

log = structlog.get_logger(__name__)
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"
MOMENT = 60.0
"""Seconds for which the cells of a subject are kept at least, calendar turns aside."""


class TooFast(RateLimited):
    """A window of an hour or less is full."""

    code = "rate_limited"


class QuotaExceeded(RateLimited):
    code = "quota_exceeded"
    message = N_("Đã dùng hết hạn mức của gói. Hạn mức được tính lại sau %(retry_after)s giây.")


class ConcurrencyExceeded(RateLimited):
    code = "concurrency_exceeded"
    message = N_("Quá nhiều yêu cầu cùng lúc. Vui lòng đợi yêu cầu trước kết thúc.")


@dataclass(slots=True)
class Context:
    """Who calls, as the rules count: values of the partitions and the plan."""

    terms: Terms
    ip: str
    owner: str = ""
    app: str = ""
    key: str = ""
    identity: Hashable = field(init=False, repr=False)
    """Whose lease it is: of these rules as they were read, and of what they count by."""

    def __post_init__(self) -> None:
        self.identity = (self.terms.serial, *map(self.subject, self.terms.partitions))

    def subject(self, partition: str) -> str:
        """What a rule with this partition counts by; callers without one count by their network."""
        if partition == "subscription":
            return f"sub:{self.terms.draws_on}" if self.terms.draws_on else self.owner or self._network
        if partition == "owner":
            return self.owner or self._network
        if partition == "app" and self.app:
            return f"app:{self.app}"
        if partition == "key" and self.key:
            return f"key:{self.key}"
        return self._network

    @property
    def _network(self) -> str:
        return f"ip:{self.ip}"


class Line(NamedTuple):
    """One rule for one caller at this moment; `violated` where it refused the call."""

    rule: Rule
    remaining: int
    reset: float
    wait: float
    violated: bool


@dataclass(slots=True)
class Admission:
    """A call that was let in. `taken` is what to give back where it is not charged after all."""

    context: Context
    lease: Lease
    rules: tuple[Rule, ...]
    taken: int

    def lines(self, now: float) -> list[Line]:
        """As the counters said, without what the lease holds."""
        passed = max(0.0, now - self.lease.at)
        return [
            Line(rule, reading.remaining, max(0.0, reading.reset - passed), 0.0, violated=False)
            for rule, reading in zip(self.rules, self.lease.readings, strict=True)
        ]


class PlanGate:
    """One per process. `tick` returns leases that were not used."""

    def __init__(self, platform: Platform, counters: Counters) -> None:
        settings = platform.settings
        self.zone = ZoneInfo(settings.time_zone)
        self.counters = counters
        self._platform = platform
        self._leases = Leases(counters, workers=settings.workers, clock=self.now)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def now(self) -> float:
        return self._platform.clock().timestamp()

    @property
    def degraded(self) -> bool:
        """Whether each worker counts for itself because the shared counters are away."""
        return bool(getattr(self.counters, "degraded", False))

    def check(self, context: Context, requests: int = 1, *, at: float | None = None) -> Admission:
        """Let a call in and charge it; `at` is now (epoch). Raises `TooFast`, `QuotaExceeded`."""
        now = self.now() if at is None else at
        good, lease = self._leases.take(context.identity, lambda: self._asked(context), requests, now=now)
        rules = context.terms.counted
        if good:
            return Admission(context, lease, rules, requests)
        raise refusal(self._lines(rules, lease), self._platform.clock())

    def uncharge(self, admission: Admission) -> None:
        """The call turned out to cost nothing: not modified, or a fault of ours."""
        if admission.taken:
            self._leases.give_back(admission.lease, admission.taken)
            admission.taken = 0

    def charge(self, context: Context, cost: dict[str, int]) -> None:
        """Add what a call did cost beside itself: rows, bytes."""
        now = self._platform.clock()
        charges = [
            (rule.cell(context.subject(rule.partition), now, self.zone), cost[rule.unit])
            for rule in context.terms.rules
            if cost.get(rule.unit)
        ]
        if charges:
            self.counters.spend(charges)

    def reserve(self, context: Context, cost: dict[str, int]) -> None:
        """Charge the estimate of a large piece of work before it begins, all units or none.

        Raises `QuotaExceeded` with `needed` and `remaining`.
        """
        now = self._platform.clock()
        rules = tuple(rule for rule in context.terms.rules if cost.get(rule.unit))
        cells = [
            rule.cell(context.subject(rule.partition), now, self.zone, weight=cost[rule.unit])
            for rule in rules
        ]
        if not cells:
            return
        taken = self.counters.take(cells, 1, 1)
        if not taken.granted:
            lines = [
                Line(rule, r.remaining, r.reset, r.wait, violated=rule.hard and r.remaining < cost[rule.unit])
                for rule, r in zip(rules, taken.readings, strict=True)
            ]
            raise refusal(lines, now, needed=cost)

    def enter(self, context: Context, holder: str, seconds: float) -> bool:
        """Hold a place among the calls that run at once, for `seconds` at most. False where the plan does
        not limit them. Raises `ConcurrencyExceeded`."""
        rule = _concurrent(context.terms)
        if rule is None:
            return False
        if self.counters.enter(_slots(rule, context), rule.amount, holder, seconds) is None:
            raise ConcurrencyExceeded(
                retry_after=1,
                type=QUOTA_TYPE,
                members={"violated-policies": [rule.name], "remaining": 0},
            )
        return True

    def leave(self, context: Context, holder: str) -> None:
        """Free the place. While the counters are away it frees itself by its end."""
        rule = _concurrent(context.terms)
        if rule is not None:
            with suppress(CountersUnavailable):
                self.counters.leave(_slots(rule, context), holder)

    def standing(self, context: Context) -> list[Line]:
        """Every countable rule as it stands, without charging anything."""
        rules = context.terms.counted
        cells = self._cells(context, rules)
        held = self._leases.held(context.identity)
        return [
            Line(rule, r.remaining + held * cell.weight, r.reset, r.wait, violated=False)
            for rule, cell, r in zip(rules, cells, self.counters.peek(cells).readings, strict=True)
        ]

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._sweep, name="opendata-leases", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._leases.close()

    def _sweep(self) -> None:
        while not self._stopping.wait(0.25):
            try:
                self._leases.sweep()
            except Exception as error:  # noqa: BLE001  # the next round tries again
                log.warning("leases.sweep", error=repr(error))

    def _asked(self, context: Context) -> Asked:
        rules = context.terms.counted
        cells = self._cells(context, rules)
        ends = [cell.span for cell in cells if cell.algorithm == "calendar"]
        rate = min((rule.rate for rule in rules if _is_rate(rule)), default=1.0)
        return Asked(cells, rate, min(ends, default=self.now() + MOMENT))

    def _cells(self, context: Context, rules: tuple[Rule, ...]) -> list[Cell]:
        now = self._platform.clock()
        return [
            rule.cell(context.subject(rule.partition), now, self.zone, weight=int(rule.unit == "requests"))
            for rule in rules
        ]

    def _lines(self, rules: tuple[Rule, ...], lease: Lease) -> list[Line]:
        return [
            Line(rule, r.remaining, r.reset, r.wait, violated=rule.hard and r.wait > 0)
            for rule, r in zip(rules, lease.readings, strict=True)
        ]


def refusal(lines: list[Line], now: datetime, *, needed: dict[str, int] | None = None) -> RateLimited:
    """The error that tells what is full, for how long, and what is left of it."""
    full = [line for line in lines if line.violated]
    wait = max((line.wait for line in full), default=1.0)
    quota = any(line.rule.seconds > SHORT for line in full)
    told: dict[str, Any] = {
        "retry_after": max(1, ceil(wait + 0.001)),
        "lines": lines,
        "type": QUOTA_TYPE,
        "members": {
            "violated-policies": [line.rule.name for line in full],
            "remaining": min((line.remaining for line in full), default=0),
            "resets_at": (now + timedelta(seconds=wait)).isoformat(timespec="seconds"),
        },
    }
    if needed is not None:
        told["members"]["needed"] = needed
    return QuotaExceeded(**told) if quota else TooFast(**told)


def _is_rate(rule: Rule) -> bool:
    return rule.unit == "requests" and 0 < rule.seconds <= SHORT


def _concurrent(terms: Terms) -> Rule | None:
    return next((rule for rule in terms.rules if rule.unit == "concurrent"), None)


def _slots(rule: Rule, context: Context) -> str:
    return f"s:{{{context.subject(rule.partition)}}}"
