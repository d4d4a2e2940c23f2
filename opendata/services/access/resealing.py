"""Seals what a former pepper holds anew under the newest one, so that the former can go.

Digests cannot be made anew without their text: they move when it is shown next, or end.
"""

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.kit.secrets import Peppers, Unsealable
from opendata.base.models import SigningKey, User, WebhookEndpoint
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.access import second_factor, webhooks
from opendata.services.access.oauth import signing

log = structlog.get_logger(__name__)
AT_ONCE = 500
"""Rows looked at in one transaction."""
Column = InstrumentedAttribute[Any]
SEALED: tuple[tuple[Column, Callable[[str], str]], ...] = (
    (User.totp_secret, second_factor.sealed_for),
    (WebhookEndpoint.secret, webhooks.sealed_for),
    (WebhookEndpoint.old_secret, webhooks.sealed_for),
    (SigningKey.private, lambda _kid: signing.SEALED_FOR),
)
"""Every column of sealed texts, and the purpose for which a row's is sealed, by the row's id."""


def reseal(platform: Platform) -> int:
    """To be called again and again; the number sealed anew. What cannot be opened stays for the doctor."""
    done = sum(_reseal(platform, column, purpose) for column, purpose in SEALED)
    if done:
        log.info("access.resealed", number=done)
    return done


def _reseal(platform: Platform, column: Column, purpose: Callable[[str], str]) -> int:
    peppers = platform.part(Peppers)
    model = column.class_
    key = inspect(model).primary_key[0]
    old = column.is_not(None) & ~column.startswith(f"{peppers.current}.", autoescape=True)
    query = select(key, column).where(old).order_by(key).limit(AT_ONCE)
    done, following = 0, query
    while True:
        with platform.work(SYSTEM) as work:
            rows = work.session.execute(following).all()
            for row_id, boxed in rows:
                if (again := _again(peppers, boxed, purpose(row_id))) is not None:
                    unchanged = update(model).where(key == row_id, column == boxed)
                    done += work.session.execute(unchanged.values({column: again})).rowcount  # type: ignore[attr-defined]
        if len(rows) < AT_ONCE:
            return done
        following = query.where(key > rows[-1][0])


def _again(peppers: Peppers, boxed: str, purpose: str) -> str | None:
    try:
        return peppers.seal(peppers.unseal(boxed, purpose), purpose)
    except Unsealable:
        return None
