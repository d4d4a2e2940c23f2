"""Steps of one subscription at the same moment, on each database: one is taken, the other sees it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.assembly import assemble
from opendata.base.models import Base, Product, Subscription, User
from opendata.base.runtime import SYSTEM, Caller, Platform, Work
from opendata.services.access import applications, people
from opendata.services.plans import defaults, products, subscriptions
from opendata.settings import Settings
from opendata.testing.meeting import while_it_is_open

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def platform(database_url: str, tmp_path) -> Iterator[Platform]:
    made = assemble(
        Settings(
            data_dir=str(tmp_path),
            mode="test",
            search_url="memory://",
            database_url=database_url,
            log_level="ERROR",
        )
    )
    Base.metadata.create_all(made.engine)
    made.clock = lambda: NOW
    with made.work(SYSTEM) as work:
        defaults.seed(work)
        work.session.add(
            User(email="a@b.example", email_key="a@b.example", name="A", created=NOW, confirmed_at=NOW)
        )
        products.offer(
            work, "bus", organization_id=None, plan="basic", apis=["*"], approval="manual", terms_revision=1
        )
    with made.work(subscriber(made)) as work:
        asked = subscriptions.subscribe(work, applications.create(work, "A"), the(work, Product), terms=1)
        assert asked.state == "pending"
    yield made
    made.close()


def subscriber(platform: Platform) -> Caller:
    with platform.read() as work:
        return people.caller_of(work, people.get(work, "a@b.example"))


def the(work: Work, model: type) -> Any:
    return work.session.scalars(select(model)).one()


def test_of_two_decisions_at_once_one_is_refused(platform: Platform) -> None:
    with platform.read() as work:
        found = the(work, Subscription).id
    answer = while_it_is_open(
        platform,
        lambda work: subscriptions.take_step(work, found, "approve"),
        lambda work: subscriptions.take_step(work, found, "reject", reason="không"),
    )
    assert answer is subscriptions.StepNotPossible
    with platform.read() as work:
        assert the(work, Subscription).state == "active"


def test_who_accepts_the_terms_at_the_last_moment_is_not_paused(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        found = the(work, Subscription).id
        subscriptions.take_step(work, found, "approve")
        products.offer(work, "bus", organization_id=None, plan="basic", terms_revision=2)
    platform.clock = lambda: NOW + timedelta(days=31)
    answer = while_it_is_open(
        platform,
        lambda work: subscriptions.accept_terms(work, found, 2),
        lambda work: subscriptions.pause_without_terms(work, the(work, Product)),
        caller=subscriber(platform),
    )
    assert answer == 0
    with platform.read() as work:
        assert the(work, Subscription).state == "active"
