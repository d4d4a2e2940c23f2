"""Nothing that does not compile is saved, and nothing that is saved lets everything through."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.kit.errors import Invalid
from opendata.base.models import PlanVersion
from opendata.base.runtime import SYSTEM, Platform
from opendata.engines.counters.memory import MemoryCounters
from opendata.services.plans import defaults, plans, rules
from opendata.services.plans.book import Terms
from opendata.services.plans.rules import RuleInvalid, compile_rules, parse

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)

words = st.sampled_from(
    [*rules.UNITS, *rules.WINDOWS, *rules.MODES, *rules.ALGORITHMS, *rules.PARTITIONS, "", "unlimited", "*"]
)
junk = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**14), st.floats(), st.text(max_size=8), words)
objects = st.dictionaries(
    st.sampled_from(["name", "unit", "amount", "window", "count", "burst", "partition", "algorithm", "mode"]),
    junk,
)
texts = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}{}{}{}".format,
        st.integers(-1, 10**13),
        st.sampled_from(["", " rows", " bytes", " requests", " concurrent", " x"]),
        st.sampled_from(["", "/second", "/3 minute", "/calmonth", "/week", "/0 hour", "/"]),
        st.sampled_from(["", " burst 5", " burst 0", " soft", " hard", " burst 5 soft"]),
    ),
)


@given(st.lists(st.one_of(texts, objects, junk), max_size=5))
def test_whatever_compiles_bounds_every_caller_or_says_that_it_does_not(given_rules: list[Any]) -> None:
    try:
        compiled = compile_rules(given_rules)
    except RuleInvalid:
        return
    counters = MemoryCounters(clock=NOW.timestamp)
    assert any(rule.unit == "requests" for rule in compiled)
    for rule in compiled:
        assert rule.amount >= 1
        assert rule.mode in {"hard", "soft"}
        if rule.unit == "concurrent":
            continue
        cell = rule.cell("user:1", NOW, ZONE)
        assert re.fullmatch(r"q:\{user:1\}:[\w:-]+", cell.key)
        assert cell.limit >= 1
        assert cell.span > 0
        if rule.hard:
            most = counters.take([cell], 1, 10**15).granted
            assert 1 <= most <= max(rule.amount, rule.burst)
            assert counters.take([cell], 1, 1).granted == 0


@given(st.lists(st.one_of(texts, objects), max_size=4))
def test_what_compiles_compiles_again_from_what_is_stored(given_rules: list[Any]) -> None:
    try:
        compiled = compile_rules(given_rules)
    except RuleInvalid:
        return
    assert compile_rules([rule.as_object() for rule in compiled]) == compiled


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [""],
        ["unlimited"],
        ["0/minute"],
        ["-1/minute"],
        ["10"],
        ["10/week"],
        ["10 rows/day"],
        ["10/minute", "20/minute"],
        ["10/minute", {"name": "other", "amount": 5, "window": "minute"}],
        [{"amount": True, "window": "minute"}],
        [{"amount": 5.0, "window": "minute"}],
        [{"amount": 5, "window": "minute", "mode": "off"}],
        [{"amount": 5, "window": "minute", "partition": ""}],
        [{"amount": 5, "window": "minute", "limit": 9}],
        [{"amount": 5, "window": "calmonth", "algorithm": "gcra"}],
        [{"name": "Tháng", "amount": 5, "window": "minute"}],
        "10/minute",
        [None],
        ["1/minute"] * 13,
    ],
    ids=repr,
)
def test_a_wrong_plan_is_not_saved(platform: Platform, wrong: Any) -> None:
    with pytest.raises(Invalid), platform.work(SYSTEM) as work:
        plans.write(work, "mine", wrong)
    with platform.read(SYSTEM) as work:
        assert plans.current(work, "mine") is None


@pytest.mark.parametrize("slug", sorted(defaults.DEFAULTS))
def test_texts_of_the_default_plans_read_as_they_are_written(slug: str) -> None:
    plan = defaults.DEFAULTS[slug]
    compiled = compile_rules(plan.rules, partition=plan.partition)
    assert parse(rules.shown(compiled), partition=plan.partition) == compiled


def test_seeding_twice_writes_once_and_keeps_what_was_changed(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        assert defaults.seed(work) == len(defaults.DEFAULTS)
        plans.write(work, "basic", ["7/minute"])
    with platform.work(SYSTEM) as work:
        assert defaults.seed(work) == 0
        assert [version.number for version in plans.versions(work, "basic")] == [2, 1]
        current = plans.current(work, "basic")
        assert current is not None
        assert rules.shown(compile_rules(current.rules)) == "7/minute"


def test_a_version_never_changes(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        first = plans.write(work, "basic", ["7/minute"])
        kept = list(first.rules)
    with platform.work(SYSTEM) as work:
        plans.write(work, "basic", ["9/minute"])
        assert work.session.get_one(PlanVersion, ("basic", 1)).rules == kept


@pytest.mark.parametrize(
    ("year", "month", "days"), [(2026, 2, 28), (2028, 2, 29), (2026, 4, 30), (2026, 12, 31)]
)
def test_months_turn_at_midnight_in_the_city(year: int, month: int, days: int) -> None:
    """17:00 UTC of the day before, from both sides."""
    rule = parse("10/calmonth")[0]
    begins = datetime(year, month, 1, tzinfo=ZONE).astimezone(UTC)
    assert begins.hour == 17
    clock = {"now": begins - timedelta(microseconds=1)}
    counters = MemoryCounters(clock=lambda: clock["now"].timestamp())  # noqa: PLW0108  # it moves

    def used_up() -> int:
        return counters.take([rule.cell("user:1", clock["now"], ZONE)], 1, 100).granted

    assert used_up() == 10
    assert used_up() == 0
    clock["now"] = begins
    assert rule.span_at(begins, ZONE) == days * 86_400
    assert used_up() == 10
    clock["now"] = begins + timedelta(days=days) - timedelta(seconds=1)
    assert used_up() == 0
    clock["now"] = begins + timedelta(days=days)
    assert used_up() == 10


def test_another_plan_keeps_what_was_used() -> None:
    counters = MemoryCounters(clock=NOW.timestamp)
    for text, left in (("10/calmonth", 6), ("100/calmonth", 92), ("5/calmonth", 0), ("100/calmonth", 84)):
        cell = parse(text)[0].cell("user:1", NOW, ZONE)
        counters.spend([(cell, 4)])
        assert counters.peek([cell]).readings[0].remaining == left


@pytest.mark.parametrize("turned", [False, True])
def test_even_rules_of_one_plan_count_each_for_itself(turned: bool) -> None:
    """At once as much as the smaller burst, then as fast as the slower of them."""
    ten = {"name": "ten", "amount": 100, "window": "second", "count": 10, "burst": 100}
    both = ["20/second burst 60", ten]
    compiled = compile_rules(both[::-1] if turned else both)
    assert {rule.algorithm for rule in compiled} == {"gcra"}
    now = NOW.timestamp()
    counters = MemoryCounters(clock=lambda: now)
    cells = [rule.cell("user:1", NOW, ZONE) for rule in compiled]
    assert sum(counters.take(cells).granted for _ in range(200)) == 60
    now += 2  # 40 of the one are back; 40 of the other were left, and 20 are back
    assert sum(counters.take(cells).granted for _ in range(200)) == 40
    now += 30
    counters.take(cells, 1, 60)
    passed = 0
    for _ in range(600):
        now += 0.1
        passed += counters.take(cells, 1, 3).granted
    assert passed == pytest.approx(60 * 10, abs=41)  # what was left of the bursts beside the rate


def test_terms_know_what_they_count_by() -> None:
    terms = Terms(plan="x", number=1, rules=parse("5 concurrent; 9 rows/day; 3/minute"), page_max=1)
    assert [rule.unit for rule in terms.counted] == ["requests", "rows"]
    assert terms.partitions == ("owner",)
