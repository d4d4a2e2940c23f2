"""A remap: translate again what is stored, without asking the source."""

from sqlalchemy import delete, false, func, literal, select

from opendata.base.models import HarvestRecord, HarvestSpool
from opendata.base.runtime.database import insert_into
from opendata.services.harvest.execution import Execution


def respool(execution: Execution) -> None:
    """A remap lists what is known: the stored raw records of all that was not deleted."""
    ordinal = func.row_number().over(order_by=HarvestRecord.guid) - 1
    known = select(
        literal(execution.spool, HarvestSpool.run_id.type),
        ordinal,
        HarvestRecord.guid,
        HarvestRecord.raw_hash,
        HarvestRecord.modified,
        HarvestRecord.etag,
        HarvestRecord.size,
        HarvestRecord.url,
        false(),
    ).where(
        HarvestRecord.source_id == execution.source.id,
        HarvestRecord.state.in_(("current", "quarantined")),
        HarvestRecord.raw_hash.is_not(None),
    )
    names = ["run_id", "ordinal", "guid", "raw_hash", "modified", "etag", "size", "url", "deleted"]
    with execution.step() as work:
        work.session.execute(delete(HarvestSpool).where(HarvestSpool.run_id == execution.spool))
        work.session.execute(insert_into(work.session, HarvestSpool).from_select(names, known))
