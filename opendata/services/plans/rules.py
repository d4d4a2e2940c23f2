"""Rules of a plan: how much of what in which time, and the cells that count it.

A rule is written as text or as an object of a plan version:

    20/second burst 60        600/minute        500000/calmonth        5000000 rows/calmonth soft
    4 concurrent

Everything is compiled when a plan is saved; what does not compile is not saved. A plan counts requests by at
least one rule: "no limit" is said by `soft`, never by silence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, cast
from zoneinfo import ZoneInfo

from opendata.base.kit.errors import N_, Invalid
from opendata.engines.counters import Cell

UNITS = ("requests", "rows", "bytes", "concurrent")
PARTITIONS = ("ip", "key", "app", "subscription", "owner")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
PERIODS = ("calday", "calmonth")
WINDOWS = (*SECONDS, *PERIODS)
ALGORITHMS = ("gcra", "sliding", "calendar")
MODES = ("hard", "soft")
MOST = 10**12
MOST_RULES = 12
SHORT = 3600
"""Windows up to this many seconds are rates, longer ones quotas."""

_NAME = re.compile(r"[a-z0-9-]{1,32}")
_TEXT = re.compile(
    r"(?P<amount>\d{1,13})(?: (?P<unit>rows|bytes|requests|concurrent))?"
    r"(?:/(?:(?P<count>\d{1,4}) )?(?P<window>[a-z]+))?"
    r"(?: burst (?P<burst>\d{1,13}))?(?: (?P<mode>soft|hard))?"
)
_KEY = re.compile(r"q:\{(?P<subject>[^}]+)\}:[a-z]+:[a-z]+:[a-z]+:(?P<period>[0-9-]+)")
_FIELDS = {"name", "unit", "amount", "window", "count", "burst", "partition", "algorithm", "mode"}


class RuleInvalid(Invalid):
    code = "rule_invalid"
    message = N_("Quy tắc giới hạn chưa đúng: %(rule)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`amount` of `unit` in `count` × `window`. `burst` is what gcra lets through at once."""

    name: str
    unit: str
    amount: int
    window: str = ""
    count: int = 1
    burst: int = 0
    partition: str = "owner"
    algorithm: str = "sliding"
    mode: str = "hard"

    @property
    def hard(self) -> bool:
        return self.mode == "hard"

    @property
    def seconds(self) -> int:
        """Length of the window; of a calendar month the longest."""
        if self.window in SECONDS:
            return SECONDS[self.window] * self.count
        return {"calday": 86_400, "calmonth": 31 * 86_400}.get(self.window, 0)

    @property
    def rate(self) -> float:
        """Units a second, in the long run."""
        return self.amount / self.seconds if self.seconds else float(MOST)

    @property
    def limit(self) -> int:
        """The most at once."""
        return self.burst if self.algorithm == "gcra" else self.amount

    def span_at(self, now: datetime, zone: ZoneInfo) -> int:
        """Seconds of the window that `now` lies in, as told to callers."""
        if self.algorithm == "gcra":
            return ceil(self.burst * self.seconds / self.amount)
        if self.algorithm == "calendar":
            begins, ends = period(self.window, now, zone)
            return round((ends - begins).total_seconds())
        return self.seconds

    def cell(self, subject: str, now: datetime, zone: ZoneInfo, *, weight: int = 1) -> Cell:
        """The counter of this rule for one subject, as it stands at `now`. The amount is no part of its
        key: a plan that is changed keeps what was used."""
        key = f"q:{{{subject}}}:{self.partition}:{self.unit}:{self.window}"
        if self.algorithm == "gcra":
            key = f"{key}:{self.count}:even"
            return Cell(key, "gcra", self.burst, self.seconds / self.amount, weight, self.hard)
        if self.algorithm == "calendar":
            begins, ends = period(self.window, now, zone)
            key = f"{key}:{period_name(self.window, begins)}"
            return Cell(key, "calendar", self.amount, ends.timestamp(), weight, self.hard, self.name)
        return Cell(f"{key}:{self.count}", "sliding", self.amount, float(self.seconds), weight, self.hard)

    def as_object(self) -> dict[str, Any]:
        """As it is stored in a plan version."""
        return {
            "name": self.name,
            "unit": self.unit,
            "amount": self.amount,
            "window": self.window,
            "count": self.count,
            "burst": self.burst,
            "partition": self.partition,
            "algorithm": self.algorithm,
            "mode": self.mode,
        }

    def as_text(self) -> str:
        """As `parse` reads it."""
        unit = "" if self.unit == "requests" else f" {self.unit}"
        window = f"/{f'{self.count} ' if self.count > 1 else ''}{self.window}" if self.window else ""
        burst = f" burst {self.burst}" if self.algorithm == "gcra" else ""
        return f"{self.amount}{unit}{window}{burst}{' soft' if self.mode == 'soft' else ''}"


def in_ledger(cell: Cell) -> tuple[str, str, str] | None:
    """Subject, rule and period under which the ledger keeps what a cell counts; None where it keeps nothing:
    of networks, and of what is no calendar period."""
    found = _KEY.fullmatch(cell.key) if cell.algorithm == "calendar" else None
    if found is None or not cell.name or found["subject"].startswith("ip:"):
        return None
    return found["subject"], cell.name, found["period"]


def period(window: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Begin and end of the calendar day or month of the city that `now` lies in."""
    here = now.astimezone(zone)
    begins = datetime(here.year, here.month, here.day if window == "calday" else 1, tzinfo=zone)
    if window == "calday":
        following = begins.date() + timedelta(days=1)
    else:
        following = (begins.date().replace(day=28) + timedelta(days=4)).replace(day=1)
    return begins, datetime(following.year, following.month, following.day, tzinfo=zone)


def period_name(window: str, begins: datetime) -> str:
    return begins.strftime("%Y-%m-%d" if window == "calday" else "%Y-%m")


def compile_rules(given: Iterable[Any], *, partition: str = "owner") -> tuple[Rule, ...]:
    """Texts, objects or rules as rules, in their order. `partition` is for those that name none.

    Raises `RuleInvalid`; an empty list, a name or a window used twice and a plan that counts no requests are
    errors too.
    """
    if isinstance(given, str | bytes | Mapping):
        raise RuleInvalid(rule=repr(given)[:100])
    rules = tuple(item if isinstance(item, Rule) else _rule(item, partition) for item in given)
    if not rules or len(rules) > MOST_RULES:
        raise RuleInvalid(rule="[]" if not rules else "…")
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names):
        raise RuleInvalid(rule=", ".join(sorted({name for name in names if names.count(name) > 1})))
    counted = [(rule.unit, rule.window, rule.count, rule.algorithm, rule.partition) for rule in rules]
    if len(set(counted)) < len(counted):
        raise RuleInvalid(rule="=")
    if not any(rule.unit == "requests" for rule in rules):
        raise RuleInvalid(rule="requests")
    return rules


def parse(text: str, *, partition: str = "owner") -> tuple[Rule, ...]:
    """`20/second burst 60; 600/minute; 500000/calmonth`. Raises `RuleInvalid`."""
    return compile_rules([part.strip() for part in text.split(";")], partition=partition)


def _rule(given: Any, partition: str) -> Rule:
    if isinstance(given, str):
        return _checked(_from_text(given, partition), given)
    if isinstance(given, Mapping):
        return _checked(_from_object(given, partition), given)
    raise RuleInvalid(rule=repr(given)[:100])


def _from_text(text: str, partition: str) -> dict[str, Any]:
    matched = _TEXT.fullmatch(text)
    if matched is None:
        raise RuleInvalid(rule=text[:100])
    found = {name: value for name, value in matched.groupdict().items() if value is not None}
    for name in ("amount", "count", "burst"):
        if name in found:
            found[name] = int(found[name])
    return _filled({"partition": partition, **found})


def _from_object(given: Mapping[Any, Any], partition: str) -> dict[str, Any]:
    if not set(given) <= _FIELDS:
        raise RuleInvalid(rule=", ".join(sorted(map(str, set(given) - _FIELDS)))[:100])
    return _filled({"partition": partition, **given})


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """With what follows from the rest."""
    unit = values.setdefault("unit", "requests")
    window = values.setdefault("window", "")
    values.setdefault("count", 1)
    values.setdefault("algorithm", _usual_algorithm(window))
    if values["algorithm"] == "gcra":
        values["burst"] = values.get("burst") or values.get("amount")
    usual_name = window if unit == "requests" else unit if unit == "concurrent" else f"{unit}-{window}"
    values.setdefault("name", usual_name)
    return values


def _usual_algorithm(window: Any) -> str:
    if window in PERIODS:
        return "calendar"
    return "gcra" if window == "second" else "sliding"


def _checked(values: dict[str, Any], given: Any) -> Rule:
    words = ("name", "unit", "window", "partition", "algorithm", "mode")
    numbers = ("amount", "count", "burst")
    good = (
        all(isinstance(values.get(name, ""), str) for name in words)
        and all(type(values.get(name, 0)) is int for name in numbers)
        and _NAME.fullmatch(cast("str", values["name"])) is not None
        and values["unit"] in UNITS
        and values["partition"] in PARTITIONS
        and values["algorithm"] in ALGORITHMS
        and values.get("mode", "hard") in MODES
        and 1 <= values.get("amount", 0) <= MOST
        and 1 <= values["count"] <= 1000
        and _window_fits(values)
    )
    if not good:
        raise RuleInvalid(rule=str(given)[:100])
    return Rule(**values)


def _window_fits(values: Mapping[str, Any]) -> bool:
    """Whether algorithm, window, count and burst go together."""
    unit, window, algorithm = values["unit"], values["window"], values["algorithm"]
    burst: int = values.get("burst", 0)
    if unit == "concurrent":
        alone: bool = window == "" and values["count"] == 1 and burst == 0
        return alone and values.get("mode", "hard") == "hard"
    if window in PERIODS:
        whole: bool = algorithm == "calendar" and values["count"] == 1
        return whole and burst == 0
    if window not in SECONDS or algorithm == "calendar":
        return False
    return 1 <= burst <= MOST if algorithm == "gcra" else burst == 0


def shown(rules: Sequence[Rule]) -> str:
    return "; ".join(rule.as_text() for rule in rules)
