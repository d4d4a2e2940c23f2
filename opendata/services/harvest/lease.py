"""One worker a source: a lease with a fence that rises each time it is taken.

Whoever lost the lease finds its fence outdated in the very transaction it wants to write, so a worker that
slept through its lease writes nothing.
"""

import os
import socket
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import or_, select, update

from opendata.base.kit.errors import N_, Conflict
from opendata.base.kit.ids import new_id
from opendata.base.models import HarvestSource
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.base.runtime.heartbeat import beating

DURATION = timedelta(seconds=60)
_PROCESSES = Path("/proc/self").parent


class LeaseLost(Conflict):
    code = "lease_lost"
    message = N_("Nguồn đang được một tiến trình khác thu thập.")


def owner_name() -> str:
    """Host, process and when that process began: enough to tell later whether it still lives."""
    return f"{_host()}:{os.getpid()}:{_began(os.getpid())}:{new_id()[:8]}"


def take(work: Work, source_id: str, owner: str) -> int:
    """The new fence. Commit before working under it. Raises `LeaseLost` while another holds the source."""
    release_dead(work, source_id)
    now = work.shared_now
    taken = work.session.execute(
        update(HarvestSource)
        .where(HarvestSource.id == source_id)
        .where(or_(HarvestSource.lease_until.is_(None), HarvestSource.lease_until < now))
        .values(lease_owner=owner, lease_until=now + DURATION, fence=HarvestSource.fence + 1)
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
        .values(lease_until=work.shared_now + DURATION)
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


def release_dead(work: Work, source_id: str | None = None) -> None:
    """End the leases of processes of this host that are gone, instead of waiting for them to run out."""
    query = select(HarvestSource.id, HarvestSource.lease_owner).where(HarvestSource.lease_owner.is_not(None))
    if source_id is not None:
        query = query.where(HarvestSource.id == source_id)
    for held, owner in work.session.execute(query).all():
        if _is_dead(owner or ""):
            work.session.execute(
                update(HarvestSource)
                .where(HarvestSource.id == held, HarvestSource.lease_owner == owner)
                .values(lease_owner=None, lease_until=None)
                .execution_options(synchronize_session=False)
            )


def _is_dead(owner: str) -> bool:
    """Known only of processes of this host whose table of processes can be read."""
    host, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    began = rest.partition(":")[0]
    return host == _host() and pid.isdigit() and bool(began) and _began(int(pid)) != began


def _host() -> str:
    return socket.gethostname().replace(":", "-")[:40]


def _began(pid: int) -> str:
    """The start time of a process in clock ticks since boot; "gone" when there is none, "" when unknown."""
    if not _PROCESSES.is_dir():
        return ""
    try:
        status = (_PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return "gone"
    return status.rpartition(")")[2].split()[19]


def heartbeat(platform: Platform, source_id: str, fence: int) -> AbstractContextManager[None]:
    """Prolongs the lease meanwhile, so that a slow peer cannot cost it. The writing transactions tell a loss
    themselves."""

    def beat() -> None:
        with platform.work(SYSTEM) as work:
            hold(work, source_id, fence)

    return beating(source_id[:8], beat)
