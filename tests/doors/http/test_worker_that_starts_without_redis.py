"""A worker that starts while the shared counters are away knows from the ledger what was used."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from opendata.base.kit.clock import utc_now
from opendata.base.runtime import SYSTEM
from opendata.services.plans import ledger
from opendata.testing.web import City, build_city, close_city

URL = "/api/v1/datasets"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Nothing listens where its counters are said to be."""
    made = build_city(tmp_path, engines={"counters_url": "redis://127.0.0.1:1/0"})
    middle = (utc_now().replace(day=1) + timedelta(days=32)).replace(day=15)
    made.platform.clock = lambda: middle
    made.limit("basic", "1000000/second", "20/calmonth")
    yield made
    close_city(made, tmp_path)


def test_a_quota_that_is_used_up_is_passed_by_a_tenth_at_most(city: City) -> None:
    key = {"X-Api-Key": city.key_of("member")}
    with city.platform.work(SYSTEM) as work:
        month = work.now.strftime("%Y-%m")
        ledger.add(work, f"user:{city.users['member']}", "calmonth", month, amount=20, limit=20)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "quota_ledger" in statement:
            asked.append(statement)

    event.listen(city.platform.engine, "before_cursor_execute", note)
    client = city.client()
    assert [client.get(URL, headers=key).status_code for _ in range(4)] == [200, 200, 429, 429]
    assert len(asked) == 1
