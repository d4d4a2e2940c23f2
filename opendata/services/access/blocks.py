"""Networks nothing is answered to: for the hour when somebody has to be stopped at once.

Every process remembers the list; `Changes` lets it see another within a second. While the database is away
the list as it was last seen goes on to hold.
"""

import ipaddress
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
from opendata.services.access.refusals import Refusals

log = structlog.get_logger(__name__)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
WIDEST = {4: 8, 6: 19}
"""The shortest prefix: a slip of the hand must not shut the portal."""
LONGEST = 24 * 366
"""Hours."""
REMEMBERED = 20_000
AGAIN = 1.0
"""Seconds until a list that could not be read is asked for again."""
FIRST = 1.0
"""Seconds that a request waits at most for the first list of its process."""
FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER: "Hold" = datetime.min.replace(tzinfo=UTC), ""
Blocked = tuple[Network, datetime, str]
"""(network, until when, id of the block)"""
Hold = tuple[datetime, str]
"""(until when, id of the block)"""


@dataclass(frozen=True, slots=True)
class _List:
    """The list as it was read once, and what it says of addresses that asked since."""

    networks: Sequence[Blocked] = ()
    holds: dict[Address, Hold] = field(default_factory=dict)

    def hold(self, address: Address) -> Hold:
        """Until when the address is blocked and by what; long ago where it never was."""
        known = self.holds.get(address)
        return self._note(address) if known is None else known

    def _note(self, address: Address) -> Hold:
        fitting = [
            (until, block)
            for network, until, block in self.networks
            if address.version == network.version and address in network
        ]
        if len(self.holds) >= REMEMBERED:
            self.holds.clear()
        self.holds[address] = hold = max(fitting, default=NEVER)
        return hold


class Blocks:
    """What every request is held against. One per process.

    A list that has changed is read by one request; until it is there the others go by the one before. Where
    the database is away that one goes on to hold.
    """

    def __init__(self, platform: Platform, changes: Changes, refusals: Refusals) -> None:
        self._platform = platform
        self._changes = changes
        self._refusals = refusals
        self._reading = threading.Lock()
        self._list: _List | None = None
        self._changed = 1
        """Counts the changes heard of. `_has` is how many of them the list knows."""
        self._has = 0
        self._failed = -AGAIN
        changes.follow(NetworkBlock.id, NetworkBlock.version, self._forget)

    def stop(self, address: Address | None) -> bool:
        """Whether the address lies in a network that is blocked now; it is counted then."""
        self._changes.current()
        if self._is_due():
            self._renew()
        known = self._list
        if known is None or not known.networks or address is None:
            return False
        until, block_id = known.hold(address)
        if until <= self._platform.clock():
            return False
        self._refusals.note(block_id)
        return True

    def _is_due(self) -> bool:
        return self._has != self._changed and time.monotonic() - self._failed >= AGAIN

    def _renew(self) -> None:
        """Whoever finds another reading waits only where nothing at all is known yet."""
        if not self._reading.acquire(timeout=0 if self._list is not None else FIRST):
            return
        try:
            if self._is_due():  # nobody else has read meanwhile
                self._read()
        finally:
            self._reading.release()

    def _read(self) -> None:
        """A database that is away blocks nobody whom this process did not know of."""
        changed = self._changed
        try:
            with self._platform.read() as work:
                rows = work.session.execute(
                    select(NetworkBlock.network, NetworkBlock.until, NetworkBlock.id).where(*_holding(work))
                ).all()
        except (DBAPIError, PoolTimeout, Unavailable) as error:
            log.warning("blocks.unread", error=repr(error))
            self._failed = time.monotonic()
            return
        self._list = _List(
            [(ipaddress.ip_network(network), until or FOREVER, block) for network, until, block in rows]
        )
        self._has = changed

    def _forget(self, ids: list[str] | None) -> None:
        if ids is None or ids:
            self._changed += 1


def block(
    work: Work, network: str, reason: str, *, hours: int | None = None, own: Address | None = None
) -> NetworkBlock:
    """Answer nothing to a network from now on, for some hours or until it is lifted. For operators.

    `own` is where the caller asks from: nobody shuts himself out. Raises `Invalid`, `NotAllowed`.
    """
    policy.operate(work.caller, reason)
    found = _sound(network, own)
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
    policy.operate(work.caller, reason)
    found = work.find(NetworkBlock, block_id)
    if found is None or found.lifted_at is not None:
        raise NotFound
    _end(work, found, reason)
    return found


def lift_network(work: Work, network: str, reason: str) -> Sequence[NetworkBlock]:
    """Lift every block of exactly this network; wider and narrower ones hold on. Raises `NotFound` where
    there is none, and `Invalid`."""
    policy.operate(work.caller, reason)
    named = select(NetworkBlock).where(NetworkBlock.network == str(_network(network)), *_holding(work))
    found = work.session.scalars(named.order_by(NetworkBlock.id)).all()
    if not found:
        raise NotFound
    for row in found:
        _end(work, row, reason)
    return found


def _end(work: Work, found: NetworkBlock, reason: str) -> None:
    found.lifted_at, found.version = work.now, next_version(work)
    told = {"network": found.network, "reason": reason[:500]}
    audit.record(work, "network.unblock", "network", found.id, told)


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
    found = _network(text)
    if found.prefixlen < WIDEST[found.version]:
        raise Invalid(fields={"network": N_("Mạng này quá rộng.")})
    if own is not None and own.version == found.version and own in found:
        raise Invalid(fields={"network": N_("Mạng này có cả địa chỉ bạn đang dùng.")})
    return found


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise Invalid(fields={"network": N_("Không phải địa chỉ mạng, ví dụ 203.0.113.0/24.")}) from error
