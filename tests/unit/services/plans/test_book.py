"""Which plan counts for a call: as days pass, and where the database does not tell."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Product, User
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.access import applications, people
from opendata.services.access.changes import Changes
from opendata.services.plans import defaults, plans, products, subscriptions
from opendata.services.plans.book import AGAIN_SECONDS, PlanBook, Terms

NOON = datetime(2026, 3, 4, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 4, 17, tzinfo=UTC)
"""In the city: after its fourth of March."""
SECOND = timedelta(seconds=1)


@contextmanager
def away(*_):
    raise Unavailable
    yield


def test_while_the_database_is_away_each_call_goes_by_the_same_terms(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing that was leased by them would be used again."""
    book = PlanBook(platform, Changes(platform))
    monkeypatch.setattr(platform, "read", away)
    assert book.anonymous().serial == book.anonymous().serial
    assert book.anonymous(5).serial == book.anonymous(5).serial != book.anonymous().serial
    assert book.of("user:a").serial == book.of("user:a").serial


def subscribed(platform: Platform, until: str | None) -> str:
    """An application with an agreement about its calls a day; its id."""
    with platform.work(SYSTEM) as work:
        defaults.seed(work)
        plans.write(work, "bus", ["10/calday"], partition="subscription")
        work.session.add(
            User(email="a@b.example", email_key="a@b.example", name="A", created=NOON, confirmed_at=NOON)
        )
        products.offer(work, "bus", organization_id=None, plan="bus", apis=["*"], approval="auto")
        caller = people.caller_of(work, people.get(work, "a@b.example"))
    with platform.work(caller) as work:
        app = applications.create(work, "A")
        asked = subscriptions.subscribe(work, app, work.session.scalars(select(Product)).one())
        app_id, asked_id = app.id, asked.id
    with platform.work(SYSTEM) as work:
        subscriptions.agree(work, asked_id, "calday", 500, until=until)
    return app_id


def amount(terms: Terms) -> int:
    return terms.rules[0].amount


@pytest.mark.parametrize("asked_before", [NOON, MIDNIGHT - SECOND, NOON - timedelta(days=3)])
def test_an_agreement_ends_with_its_last_day_in_the_city(platform: Platform, asked_before: datetime) -> None:
    platform.clock = lambda: NOON - timedelta(days=7)
    app = subscribed(platform, "2026-03-04")
    book = PlanBook(platform, Changes(platform))
    for now, agreed in [(asked_before, 500), (MIDNIGHT - SECOND, 500), (MIDNIGHT, 10)]:
        platform.clock = lambda now=now: now
        assert amount(book.of("user:a", app)) == agreed


@pytest.mark.parametrize("until", ["2026-03-04", None])
def test_the_database_is_asked_once_while_the_day_lasts(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, until: str | None
) -> None:
    platform.clock = lambda: NOON
    app = subscribed(platform, until)
    book = PlanBook(platform, Changes(platform))
    first = book.of("user:a", app)
    monkeypatch.setattr(platform, "read", away)
    platform.clock = lambda: MIDNIGHT - SECOND
    assert book.of("user:a", app) is first


def test_what_is_over_counts_on_while_the_database_is_away_and_is_asked_for_now_and_then(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock = lambda: NOON
    app = subscribed(platform, "2026-03-04")
    book = PlanBook(platform, Changes(platform))
    assert amount(book.of("user:a", app)) == 500
    platform.clock = lambda: MIDNIGHT
    with monkeypatch.context() as outage:
        outage.setattr(platform, "read", away)
        kept = book.of("user:a", app)
        assert amount(kept) == 500
        assert book.of("user:a", app) is kept
    platform.clock = lambda: MIDNIGHT + timedelta(seconds=AGAIN_SECONDS)
    assert amount(book.of("user:a", app)) == 10


def test_a_version_written_for_later_counts_from_its_time_on(platform: Platform) -> None:
    platform.clock = lambda: NOON
    with platform.work(SYSTEM) as work:
        defaults.seed(work)
        plans.write(work, "anonymous", ["7/minute"])
        plans.write(work, "anonymous", ["9/minute"], valid_from=NOON + timedelta(hours=1))
    book = PlanBook(platform, Changes(platform))
    assert amount(book.anonymous()) == 7
    platform.clock = lambda: NOON + timedelta(hours=1) - SECOND
    assert amount(book.anonymous()) == 7
    platform.clock = lambda: NOON + timedelta(hours=1)
    assert amount(book.anonymous()) == 9
    assert amount(book.anonymous(2)) == 18


def test_one_reads_anew_and_the_others_go_on_by_what_was_known(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that hangs holds up one call and not every one."""
    platform.clock = lambda: NOON
    app = subscribed(platform, "2026-03-04")
    book = PlanBook(platform, Changes(platform))
    assert amount(book.of("user:a", app)) == 500
    platform.clock = lambda: MIDNIGHT + SECOND
    read, within = platform.read, []

    def slow(*arguments):
        within.append(amount(book.of("user:a", app)))
        return read(*arguments)

    monkeypatch.setattr(platform, "read", slow)
    assert amount(book.of("user:a", app)) == 10
    assert within == [500]
