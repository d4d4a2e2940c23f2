"""Networks nothing is answered to: for the hour when somebody has to be stopped at once.

Every process remembers the list; `Changes` lets it see another within a second. While the database is away
the list as it was last seen goes on to hold.
"""

import ipaddress
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit.errors import N_, Invalid, NotFound, Unavailable
from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import clean
from opendata.base.models import NetworkBlock
from opendata.base.runtime import Platform, Work
from opendata.services.access import audit, policy
from opendata.services.access.changes import Changes, next_version
from opendata.services.access.policy import Action

log = structlog.get_logger(__name__)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
WIDEST = {4: 8, 6: 19}
"""The shortest prefix: a slip of the hand must not shut the portal."""
LONGEST = 24 * 366
"""Hours."""
REMEMBERED = 20_000
FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
Blocked = tuple[Network, datetime]
"""(network, until when)"""


class Blocks:
    """What every request is held against. One per process."""

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self._platform = platform
        self._changes = changes
        self._lock = threading.Lock()
        self._known: tuple[Blocked, ...] | None = None
        self._ends: dict[Address, datetime] = {}
        self._forgotten = 0
        changes.follow(NetworkBlock.id, NetworkBlock.version, self._forget)

    def stop(self, address: Address | None) -> bool:
        """Whether the address lies in a network that is blocked now."""
        self._changes.current()
        known = self._known
        if known is None:
            known = self._read()
        if not known or address is None:
            return False
        ends = self._ends.get(address)
        if ends is None:
            ends = self._note(address, known)
        return ends > self._platform.clock()

    def _read(self) -> tuple[Blocked, ...]:
        """A database that is away blocks nobody whom this process did not know of."""
        with self._lock:
            before = self._forgotten
            try:
                with self._platform.read() as work:
                    rows = work.session.execute(
                        select(NetworkBlock.network, NetworkBlock.until).where(*_holding(work))
                    ).all()
            except (DBAPIError, PoolTimeout, Unavailable) as error:
                log.warning("blocks.unread", error=repr(error))
                return ()
            known = tuple((ipaddress.ip_network(network), until or FOREVER) for network, until in rows)
            if self._forgotten == before:
                self._known, self._ends = known, {}
            return known

    def _note(self, address: Address, known: Sequence[Blocked]) -> datetime:
        """Until when the address is blocked; long ago where it never was."""
        fitting = [
            until for network, until in known if address.version == network.version and address in network
        ]
        if len(self._ends) >= REMEMBERED:
            self._ends = {}
        self._ends[address] = ends = max(fitting, default=NEVER)
        return ends

    def _forget(self, ids: list[str] | None) -> None:
        if ids is None or ids:
            with self._lock:
                self._forgotten += 1
                self._known = None


def block(
    work: Work, network: str, reason: str, *, hours: int | None = None, own: Address | None = None
) -> NetworkBlock:
    """Answer nothing to a network from now on, for some hours or until it is lifted. For operators.

    `own` is where the caller asks from: nobody shuts himself out. Raises `Invalid`, `NotAllowed`.
    """
    policy.require(work.caller, Action.PLATFORM)
    found = _sound(network, own)
    if not clean(reason):
        raise Invalid(fields={"reason": N_("Cần nêu lý do.")})
    if hours is not None and not 1 <= hours <= LONGEST:
        raise Invalid(fields={"hours": N_("Số không nằm trong giới hạn cho phép.")})
    made = NetworkBlock(
        id=new_id(),
        version=next_version(work),
        network=str(found),
        reason=clean(reason)[:500],
        by_id=work.caller.user_id,
        created=work.now,
        until=work.now + timedelta(hours=hours) if hours else None,
    )
    work.session.add(made)
    work.session.flush()
    told = {"network": made.network, "reason": made.reason, "hours": hours}
    audit.record(work, "network.block", "network", made.id, told)
    return made


def lift(work: Work, block_id: str, reason: str) -> NetworkBlock:
    """Answer again. Raises `NotFound`, and `Invalid` without a reason."""
    policy.require(work.caller, Action.PLATFORM)
    if not clean(reason):
        raise Invalid(fields={"reason": N_("Cần nêu lý do.")})
    found = work.session.get(NetworkBlock, _uuid(block_id))
    if found is None or found.lifted_at is not None:
        raise NotFound
    found.lifted_at, found.version = work.now, next_version(work)
    audit.record(
        work, "network.unblock", "network", found.id, {"network": found.network, "reason": reason[:500]}
    )
    return found


def listing(work: Work, *, limit: int = 500) -> Sequence[NetworkBlock]:
    """Those that hold, the newest first."""
    policy.require(work.caller, Action.PLATFORM)
    newest = (
        select(NetworkBlock).where(*_holding(work)).order_by(NetworkBlock.created.desc(), NetworkBlock.id)
    )
    return work.session.scalars(newest.limit(limit)).all()


def _holding(work: Work) -> tuple[ColumnElement[bool], ...]:
    ends = or_(NetworkBlock.until.is_(None), NetworkBlock.until > work.now)
    return NetworkBlock.lifted_at.is_(None), ends


def _sound(text: str, own: Address | None) -> Network:
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise Invalid(fields={"network": N_("Không phải địa chỉ mạng, ví dụ 203.0.113.0/24.")}) from error
    if found.prefixlen < WIDEST[found.version]:
        raise Invalid(fields={"network": N_("Mạng này quá rộng.")})
    if own is not None and own.version == found.version and own in found:
        raise Invalid(fields={"network": N_("Mạng này có cả địa chỉ bạn đang dùng.")})
    return found


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise NotFound from None
