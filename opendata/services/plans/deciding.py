"""How long requests wait: until when a department promised to decide, and how long it took lately."""

from datetime import UTC, datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from sqlalchemy import select

from opendata.base.models import AuditEvent, Product, Subscription
from opendata.base.runtime import Work

SATURDAY = 5
MEASURED = 100
"""Decisions the median is of."""


def decide_by(found: Subscription, wanted: Product, zone: ZoneInfo) -> datetime:
    """The end of the last working day in which the department promised to decide."""
    return working_days_after(found.requested_at, wanted.decide_by_days, zone)


def working_days_after(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of the city so many working days later; Saturdays and Sundays are none."""
    local = start.astimezone(zone)
    while days > 0 or local.weekday() >= SATURDAY:
        local += timedelta(days=1)
        days -= local.weekday() < SATURDAY
    return local.astimezone(UTC)


def median_decision(work: Work, wanted: Product) -> timedelta | None:
    """How long the newest decisions took: half of them took no longer. None where nobody decided yet."""
    asked = dict(
        work.session.execute(
            select(Subscription.id, Subscription.requested_at)
            .where(Subscription.product_id == wanted.id, Subscription.decided_at.is_not(None))
            .order_by(Subscription.requested_at.desc())
            .limit(MEASURED)
        ).all()
    )
    decided = select(AuditEvent.object_id, AuditEvent.at).where(
        AuditEvent.object_type == "subscription",
        AuditEvent.object_id.in_(list(asked)),
        AuditEvent.action.in_(("subscription.approve", "subscription.reject")),
    )
    took = [at - asked[object_id] for object_id, at in work.session.execute(decided)]
    return median_low(took) if took else None
