"""What is told because time passes: keys that end soon, requests nobody decided, terms nobody accepted."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, literal, select

from opendata.base.models import ApiKey, Notice, Product, Subscription
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.access import events
from opendata.services.plans import deciding, subscriptions

EXPIRY_STEPS = (1, 7, 30)
"""Days before a key ends at which its owner is told."""
EXPIRING, OVERDUE = "key.expiring", "subscription.overdue"
BATCH = 500


def remind(platform: Platform) -> int:
    """All of it. Everything is told once, however often this is called; the number of things told of."""
    keys = sum(
        tell_of_ends(platform, step, above)
        for above, step in zip((0, *EXPIRY_STEPS), EXPIRY_STEPS, strict=False)
    )
    return keys + tell_of_waiting(platform) + pause_for_terms(platform)


def tell_of_ends(platform: Platform, step: int, above: int) -> int:
    """Keys that end within `step` days and not within `above`; one that was replaced ends on purpose."""
    with platform.work(SYSTEM) as work:
        told = exists().where(
            Notice.kind == EXPIRING,
            Notice.subject == literal("key:") + ApiKey.id,
            Notice.period.startswith(f"{step}:"),
        )
        query = (
            select(ApiKey)
            .where(ApiKey.revoked_at.is_(None), ApiKey.replaced_by.is_(None), ~told)
            .where(ApiKey.expires_at > work.now + timedelta(days=above))
            .where(ApiKey.expires_at <= work.now + timedelta(days=step))
            .order_by(ApiKey.expires_at, ApiKey.id)
            .limit(BATCH)
        )
        found = work.session.scalars(query).all()
        for key in found:
            until = key.expires_at.isoformat(timespec="seconds")
            events.of_key(work, key, EXPIRING, period=f"{step}:{until[:10]}", until=until, days=step)
    return len(found)


def tell_of_waiting(platform: Platform) -> int:
    """Remind a department of a request once the day it promised to decide by has passed."""
    zone, number = ZoneInfo(platform.settings.time_zone), 0
    with platform.work(SYSTEM) as work:
        query = (
            select(Subscription, Product)
            .join(Product, Product.id == Subscription.product_id)
            .where(Subscription.state == "pending")
            .order_by(Subscription.requested_at, Subscription.id)
            .limit(BATCH)
        )
        for found, wanted in work.session.execute(query).all():
            if deciding.decide_by(found, wanted, zone) <= work.now:
                number += subscriptions.remind(work, found, wanted)
    return number


def pause_for_terms(platform: Platform) -> int:
    """Thirty days after terms were raised, who has not accepted them is paused."""
    with platform.work(SYSTEM) as work:
        raised = select(Product).where(
            Product.terms_raised_at.is_not(None),
            Product.terms_raised_at <= work.now - subscriptions.TERMS_GRACE,
        )
        products = work.session.scalars(raised.order_by(Product.id)).all()
        return sum(subscriptions.pause_without_terms(work, wanted) for wanted in products)
