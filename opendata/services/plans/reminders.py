"""What is told because time passes: keys that end soon, requests nobody decided, terms nobody accepted.

Everything is done in batches, each in a transaction of its own, that go on behind the last of the one before:
what cannot be told keeps nothing behind it waiting.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, exists, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.models import ApiKey, Notice, Product, Subscription
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access import events
from opendata.services.plans import deciding, subscriptions

EXPIRY_STEPS = (1, 7, 30)
"""Days before a key ends at which its owner is told."""
EXPIRING, OVERDUE = "key.expiring", "subscription.overdue"
BATCH = 500
Rows = Sequence[Row[*tuple[Any, ...]]]


def remind(platform: Platform) -> int:
    """All of it. Everything is told once, however often this is called; the number of things told of."""
    keys = sum(
        tell_of_ends(platform, step, above)
        for above, step in zip((0, *EXPIRY_STEPS), EXPIRY_STEPS, strict=False)
    )
    return keys + tell_of_waiting(platform) + pause_for_terms(platform)


def tell_of_ends(platform: Platform, step: int, above: int) -> int:
    """Keys that end within `step` days and not within `above`; one that was replaced ends on purpose."""
    now = platform.clock()
    told = exists().where(
        Notice.kind == EXPIRING,
        Notice.subject == literal("key:") + ApiKey.id,
        Notice.period.startswith(f"{step}:"),
    )
    query = (
        select(ApiKey)
        .where(ApiKey.revoked_at.is_(None), ApiKey.replaced_by.is_(None), ~told)
        .where(ApiKey.expires_at > now + timedelta(days=above))
        .where(ApiKey.expires_at <= now + timedelta(days=step))
    )

    def tell(work: Work, rows: Rows) -> int:
        for (key,) in rows:
            until = key.expires_at.isoformat(timespec="seconds")
            events.of_key(work, key, EXPIRING, period=f"{step}:{until[:10]}", until=until, days=step)
        return len(rows)

    return _in_batches(platform, query, ApiKey.id, tell)


def tell_of_waiting(platform: Platform) -> int:
    """Remind a department of a request once the day it promised to decide by has passed."""
    query = (
        select(Subscription, Product)
        .join(Product, Product.id == Subscription.product_id)
        .where(Subscription.state == "pending")
    )

    def tell(work: Work, rows: Rows) -> int:
        known = {subject for subject, _ in _told(work, OVERDUE, (row[0] for row in rows))}
        return sum(
            subscriptions.remind(work, found, wanted)
            for found, wanted in rows
            if subscriptions.subject(found) not in known
            and deciding.decide_by(work, found, wanted) <= work.now
        )

    return _in_batches(platform, query, Subscription.id, tell)


def pause_for_terms(platform: Platform) -> int:
    """Thirty days after terms were raised, who has not accepted them is paused."""
    with platform.work(SYSTEM) as work:
        raised = select(Product).where(
            Product.terms_raised_at.is_not(None),
            Product.terms_raised_at <= work.now - subscriptions.TERMS_GRACE,
        )
        products = work.session.scalars(raised.order_by(Product.id)).all()
        return sum(subscriptions.pause_without_terms(work, wanted) for wanted in products)


def _in_batches(
    platform: Platform,
    query: Select[*tuple[Any, ...]],
    key: InstrumentedAttribute[str],
    tell: Callable[[Work, Rows], int],
) -> int:
    """What `tell` counts of all rows, which are those of the object that `key` names."""
    number, last = 0, None
    while True:
        with platform.work(SYSTEM) as work:
            following = query if last is None else query.where(key > last)
            rows = work.session.execute(following.order_by(key).limit(BATCH)).all()
            number += tell(work, rows)
            last = rows[-1][0].id if rows else None
        if len(rows) < BATCH:
            return number


def _told(work: Work, kind: str, about: Iterable[Subscription]) -> set[tuple[str, str]]:
    """Subject and period of what was told of these. Ids are written otherwise in the database than in
    subjects, so this is no part of the query."""
    subjects = [subscriptions.subject(found) for found in about]
    query = select(Notice.subject, Notice.period).where(Notice.kind == kind, Notice.subject.in_(subjects))
    return {(row.subject, row.period) for row in work.session.execute(query)}
