"""What the ledger tells those who count by themselves."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from opendata.base.runtime import SYSTEM, Platform
from opendata.services.plans import ledger, rules
from opendata.services.plans.rules import Rule

NOW = datetime(2026, 3, 4, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OWNER = "user:00000000-0000-4000-8000-00000000000a"
MONTH, DAY, MINUTE = rules.parse("500/calmonth; 70 rows/calday; 9/minute")


def test_a_counter_finds_its_cell_of_the_ledger(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        ledger.add(work, OWNER, MONTH.name, "2026-03", amount=7, limit=500)
        ledger.add(work, OWNER, DAY.name, "2026-03-04", amount=60, limit=70)
        ledger.add(work, OWNER, DAY.name, "2026-03-03", amount=1, limit=70)
    told = [ledger.used(platform, rule.cell(OWNER, NOW, ZONE)) for rule in (MONTH, DAY)]
    assert told == [7, 60]
    assert ledger.used(platform, MONTH.cell("user:b", NOW, ZONE)) is None


@pytest.mark.parametrize(
    ("rule", "subject"),
    [(MONTH, "ip:10.0.0.0/24"), (MONTH, "ip:2001:db8::/56"), (MINUTE, OWNER)],
    ids=["network", "network of IPv6", "no period"],
)
def test_of_networks_and_of_rates_it_keeps_nothing(rule: Rule, subject: str) -> None:
    assert rules.in_ledger(rule.cell(subject, NOW, ZONE)) is None
