"""Products with what is shown beside them, for any number of them in a few questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from opendata.base.models import Organization, PlanVersion, Product
from opendata.base.runtime import Work
from opendata.services.plans import deciding, plans


@dataclass(frozen=True, slots=True)
class Shown:
    product: Product
    owner: Organization | None
    version: PlanVersion | None
    """Of its plan, as it counts now."""
    took: timedelta | None
    """How long decisions took lately, where there is something to decide."""


def shown(work: Work, items: Sequence[Product]) -> list[Shown]:
    """In the order of `items`."""
    owners = select(Organization).where(Organization.id.in_({item.organization_id for item in items}))
    by_id = {owner.id: owner for owner in work.session.scalars(owners)}
    versions = plans.current_of(work, {item.plan_slug for item in items})
    took = deciding.median_decisions(work, [item for item in items if item.approval == "manual"])
    return [
        Shown(item, by_id.get(item.organization_id or ""), versions.get(item.plan_slug), took.get(item.id))
        for item in items
    ]
