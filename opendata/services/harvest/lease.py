"""One worker a source: a lease with a fence that rises each time it is taken.

Whoever lost the lease finds its fence outdated in the very transaction it wants to write, so a worker that
slept through its lease writes nothing.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import or_, select, update

from opendata.base.kit.errors import N_, Conflict
from opendata.base.kit.ids import new_id
from opendata.base.models import HarvestSource
from opendata.base.runtime import SYSTEM, Platform, Work

log = structlog.get_logger(__name__)
DURATION = timedelta(seconds=60)
HEARTBEAT = 10.0


class LeaseLost(Conflict):
    code = "lease_lost"
    message = N_("Nguồn đang được một tiến trình khác thu thập.")


def owner_name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{new_id()[:8]}"


def take(work: Work, source_id: str, owner: str) -> int:
    """The new fence. Commit before working under it. Raises `LeaseLost` while another holds the source."""
    taken = work.session.execute(
        update(HarvestSource)
        .where(HarvestSource.id == source_id)
        .where(or_(HarvestSource.lease_until.is_(None), HarvestSource.lease_until < work.now))
        .values(lease_owner=owner, lease_until=work.now + DURATION, fence=HarvestSource.fence + 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost
    return work.session.scalars(select(HarvestSource.fence).where(HarvestSource.id == source_id)).one()


def hold(work: Work, source_id: str, fence: int) -> None:
    """Prolong the lease in the transaction of a write. Raises `LeaseLost` if the fence has risen."""
    held = work.session.execute(
        update(HarvestSource)
        .where(HarvestSource.id == source_id, HarvestSource.fence == fence)
        .where(HarvestSource.lease_owner.is_not(None))
        .values(lease_until=work.now + DURATION)
        .execution_options(synchronize_session=False)
    )
    if held.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost


def give_back(work: Work, source_id: str, fence: int) -> None:
    work.session.execute(
        update(HarvestSource)
        .where(HarvestSource.id == source_id, HarvestSource.fence == fence)
        .values(lease_owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


@contextmanager
def heartbeat(platform: Platform, source_id: str, fence: int) -> Iterator[None]:
    """Prolongs the lease from a thread of its own, so that a slow peer cannot cost it."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            try:
                with platform.work(SYSTEM) as work:
                    hold(work, source_id, fence)
            except Exception as error:  # noqa: BLE001  # the writing transactions tell the loss themselves
                log.warning("harvest.heartbeat", source=source_id, error=repr(error))

    thread = threading.Thread(target=beat, name=f"lease:{source_id[:8]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
