"""What a process has leased follows the rules as they are now."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from opendata.base.kit.clock import utc_now
from opendata.base.kit.errors import RateLimited
from opendata.engines.counters.memory import MemoryCounters
from opendata.services.plans.book import Terms
from opendata.services.plans.gate import Context, PlanGate
from opendata.services.plans.rules import parse


@pytest.fixture
def gate() -> Iterator[PlanGate]:
    settings = SimpleNamespace(time_zone="Asia/Ho_Chi_Minh", workers=1)
    made = PlanGate(cast("Any", SimpleNamespace(settings=settings, clock=utc_now)), MemoryCounters())
    yield made
    made.close()


def context(rules: str) -> Context:
    """Of the same version of the same plan, as it is read for this caller."""
    terms = Terms(plan="partner", number=1, rules=parse(rules), page_max=1)
    return Context(terms, "192.0.2.1", "user:1")


def passed(gate: PlanGate, asking: Context, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            gate.check(asking)
        except RateLimited:
            continue
        count += 1
    return count


def test_an_agreement_about_a_rule_counts_at_once_and_what_was_used_stays_used(gate: PlanGate) -> None:
    assert passed(gate, context("3/day"), 5) == 3
    assert passed(gate, context("5/day"), 5) == 2
    assert passed(gate, context("4/day"), 5) == 0


def test_as_many_times_the_plan_for_who_counts_as_many() -> None:
    terms = Terms(plan="x", number=1, rules=parse("3/second burst 5; 9/day; 2 concurrent"), page_max=1)
    assert terms.times(1) is terms
    assert terms.times(20) is terms.times(20)
    assert [(rule.amount, rule.burst) for rule in terms.times(20).rules] == [(60, 100), (180, 0), (40, 0)]


def test_no_factor_makes_a_limit_that_is_none(gate: PlanGate) -> None:
    asking = Context(context("2/day").terms.times(3), "192.0.2.1", "user:9")
    assert passed(gate, asking, 20) == 6
