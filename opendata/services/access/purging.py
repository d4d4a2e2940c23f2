"""Forgets what has ended: sessions, links, codes, tokens, consents, secrets, keys, offers, messages.

Everything here has been worthless for a while already; what is kept a little longer is kept so that its
second use is still noticed, or so that its owner can still see it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, inspect, or_, select, tuple_

from opendata.base.models import (
    ApplicationTransfer,
    AssertionId,
    AuthorizationCode,
    Base,
    ClientSecret,
    DeniedToken,
    DeviceCode,
    InitialAccessToken,
    Mail,
    OAuthGrant,
    RefreshToken,
    SigningKey,
    UserSession,
    UserToken,
    WebhookDelivery,
)
from opendata.base.runtime import SYSTEM, Platform, Work

log = structlog.get_logger(__name__)
AT_ONCE = 2000
"""Rows removed in one transaction, so that nobody waits long for the database."""
ROUNDS = 50
SOON = timedelta(days=1)
"""A used code stays this long, so that its second use ends what the first one gave."""
LATER = timedelta(days=30)
"""What a person or an operator may still want to see after its end."""


def purge(platform: Platform) -> Mapping[str, int]:
    """Remove what has ended; the rows removed, by table. To be called again and again.

    A table that cannot be purged keeps none of the others from it. Raises `ExceptionGroup` at the end.
    """
    removed: dict[str, int] = {}
    problems: list[Exception] = []
    for model in _OF:
        try:
            _purge(platform, model, removed)
        except Exception as error:
            log.exception("access.unpurged", table=model.__tablename__)
            problems.append(error)
    found = {table: number for table, number in removed.items() if number}
    if found:
        log.info("access.purged", **found)
    if problems:
        raise ExceptionGroup("tables that could not be purged", problems)
    return removed


def _purge(platform: Platform, model: type[Base], removed: dict[str, int]) -> None:
    for _ in range(ROUNDS):
        with platform.work(SYSTEM) as work:
            number = _remove(work, model)
        removed[model.__tablename__] = removed.get(model.__tablename__, 0) + number
        if number < AT_ONCE:
            break


def _remove(work: Work, model: type[Base]) -> int:
    key = inspect(model).primary_key
    gone = select(*key).where(_OF[model](work.now)).order_by(*key).limit(AT_ONCE)
    rows = work.session.execute(gone).all()
    if not rows:
        return 0
    if len(key) == 1:
        named: ColumnElement[bool] = key[0].in_([row[0] for row in rows])
    else:
        named = tuple_(*key).in_([tuple(row) for row in rows])
    done = work.session.execute(delete(model).where(named).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


_OF: Mapping[type[Base], Callable[[datetime], ColumnElement[bool]]] = {
    UserSession: lambda now: UserSession.expires < now,
    UserToken: lambda now: UserToken.expires < now,
    AuthorizationCode: lambda now: AuthorizationCode.expires_at < now - SOON,
    DeviceCode: lambda now: DeviceCode.expires_at < now - SOON,
    AssertionId: lambda now: AssertionId.expires_at < now,
    DeniedToken: lambda now: DeniedToken.expires_at < now,
    InitialAccessToken: lambda now: InitialAccessToken.expires_at < now,
    RefreshToken: lambda now: RefreshToken.expires_at < now,
    OAuthGrant: lambda now: or_(OAuthGrant.ends < now - LATER, OAuthGrant.revoked_at < now - LATER),
    ClientSecret: lambda now: ClientSecret.expires_at < now - LATER,
    ApplicationTransfer: lambda now: ApplicationTransfer.expires < now - LATER,
    Mail: lambda now: Mail.sent_at < now - LATER,
    WebhookDelivery: lambda now: and_(
        WebhookDelivery.state.in_(("delivered", "dead")), WebhookDelivery.next_at < now - LATER
    ),
    SigningKey: lambda now: and_(SigningKey.state == "retired", SigningKey.retired_at < now - LATER),
}
"""What has ended, by table. A consent takes its codes and tokens with it; removed signing keys stay, as
operators look for them after an incident."""
