"""What is known of a source's records, for people who look after it."""

from collections.abc import Sequence

from sqlalchemy import func, select

from opendata.base.models import HarvestRecord, HarvestSource
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action

STATES = ("current", "quarantined", "archived", "deleted")


def records(
    work: Work, source: HarvestSource, *, state: str | None = None, after: str = "", limit: int = 50
) -> tuple[Sequence[HarvestRecord], int]:
    """Records in guid order from after the guid `after`, and how many there are in all.

    Raises `NotAllowed`.
    """
    policy.require(work.caller, Action.HARVEST_VIEW, source.organization_id)
    query = select(HarvestRecord).where(HarvestRecord.source_id == source.id)
    if state is not None:
        query = query.where(HarvestRecord.state == state)
    total = work.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    page = query.where(HarvestRecord.guid > after).order_by(HarvestRecord.guid).limit(limit)
    return work.session.scalars(page).all(), total
