"""The day on which a quota will be used up if things go on as they did."""

from datetime import UTC, datetime, timedelta

import pytest

from opendata.base.models import QuotaLedger
from opendata.services.plans.reports import exhausted_on

BEGINS = datetime(2026, 11, 1, tzinfo=UTC)
ENDS = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "limit", "day"),
    [
        (500, 1000, 21),
        (1000, 1000, 11),
        (334, 1000, 30),
        (333, 1000, None),
        (0, 1000, None),
        (1, 5_000_000, None),
        (1, 2**53, None),
    ],
)
def test_a_quota_lasts_or_has_its_day(used: int, limit: int, day: int | None) -> None:
    found = exhausted_on(QuotaLedger(used=used, limit=limit), BEGINS + timedelta(days=10), BEGINS, ENDS)
    assert (found.day if found else None) == day
