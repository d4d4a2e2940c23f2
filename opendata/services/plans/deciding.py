"""How long requests wait: until when a department promised to decide, and how long it took lately."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from opendata.base.kit.working_days import working_days_after
from opendata.base.models import AuditEvent, Product, Subscription
from opendata.base.runtime import Work

MEASURED = 100
"""Requests that were decided, at most, that the median of a product is of."""


def decide_by(work: Work, found: Subscription, wanted: Product) -> datetime:
    """The time of day of the request, on the last working day in which the department promised to decide."""
    settings = work.platform.settings
    zone = ZoneInfo(settings.time_zone)
    return working_days_after(found.requested_at, wanted.decide_by_days, zone, settings.holidays)


def median_decisions(work: Work, wanted: Sequence[Product]) -> dict[str, timedelta]:
    """By id, how long the newest decisions took: half of them took no longer. Of those that were decided."""
    asked = {row.id: row for row in work.session.execute(_decided(wanted))} if wanted else {}
    decided = select(AuditEvent.object_id, AuditEvent.at).where(
        AuditEvent.object_type == "subscription",
        AuditEvent.object_id.in_(list(asked)),
        AuditEvent.action.in_(("subscription.approve", "subscription.reject")),
    )
    took = defaultdict[str, list[timedelta]](list)
    for object_id, at in work.session.execute(decided) if asked else ():
        took[asked[object_id].product_id].append(at - asked[object_id].requested_at)
    return {product_id: median_low(times) for product_id, times in took.items()}


def _decided(wanted: Sequence[Product]) -> Select[str, str, datetime]:
    """The newest of each product that somebody decided about."""
    newest = func.row_number().over(
        partition_by=Subscription.product_id, order_by=Subscription.requested_at.desc()
    )
    placed = (
        select(Subscription.id, Subscription.product_id, Subscription.requested_at, newest.label("place"))
        .where(Subscription.product_id.in_([item.id for item in wanted]))
        .where(Subscription.decided_at.is_not(None), Subscription.decided_by_id.is_not(None))
        .subquery()
    )
    columns = (placed.c.id, placed.c.product_id, placed.c.requested_at)
    return select(*columns).where(placed.c.place <= MEASURED)
