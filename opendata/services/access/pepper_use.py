"""What lies under each pepper and is still good: a former one can go when nothing does."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from opendata.base.kit.secrets import Peppers
from opendata.base.models import (
    ApiKey,
    ClientSecret,
    DeviceCode,
    InitialAccessToken,
    Mail,
    OAuthClient,
    OAuthGrant,
    RefreshToken,
    SigningKey,
    User,
    UserToken,
    WebhookEndpoint,
)
from opendata.base.runtime import Work
from opendata.services.access import second_factor
from opendata.services.access.resealing import Column

Use = Mapping[str, Mapping[str | None, int]]
"""Numbers by what it is and the id of the pepper; None where that was not written down."""
LONGEST_LINK = timedelta(days=14)
"""After which no link that waits in a mail opens anything."""
_Living = Callable[[datetime], ColumnElement[bool]]
_LIVE_CLIENTS = select(OAuthClient.id).where(OAuthClient.revoked_at.is_(None))
_LIVE_GRANTS = select(OAuthGrant.id).where(OAuthGrant.revoked_at.is_(None))

_DIGESTS: Mapping[str, tuple[Column, _Living]] = {
    "api_key": (
        ApiKey.pepper_kid,
        lambda now: and_(ApiKey.revoked_at.is_(None), ApiKey.expires_at > now),
    ),
    "client_secret": (
        ClientSecret.pepper_kid,
        lambda now: and_(ClientSecret.expires_at > now, ClientSecret.client_id.in_(_LIVE_CLIENTS)),
    ),
    "registration": (
        OAuthClient.registration_kid,
        lambda _now: and_(OAuthClient.registration_digest.is_not(None), OAuthClient.revoked_at.is_(None)),
    ),
    "refresh_token": (
        RefreshToken.pepper_kid,
        lambda now: and_(
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > now,
            RefreshToken.grant_id.in_(_LIVE_GRANTS),
        ),
    ),
    "initial_access_token": (
        InitialAccessToken.pepper_kid,
        lambda now: and_(InitialAccessToken.uses_left > 0, InitialAccessToken.expires_at > now),
    ),
    "device_code": (
        DeviceCode.pepper_kid,
        lambda now: and_(DeviceCode.status == "pending", DeviceCode.expires_at > now),
    ),
}
"""The column of the pepper's id, and which rows are good."""

_SEALED: Mapping[str, tuple[Column, _Living]] = {
    "second_factor": (User.totp_secret, lambda _now: User.totp_secret.is_not(None)),
    "webhook": (WebhookEndpoint.secret, lambda _now: WebhookEndpoint.secret.is_not(None)),
    "old_webhook": (WebhookEndpoint.old_secret, lambda now: WebhookEndpoint.old_until > now),
    "signing_key": (SigningKey.private, lambda _now: SigningKey.state.in_(("current", "next"))),
}


def counted(work: Work) -> Use:
    """Everything that is good and not under the newest pepper."""
    peppers = work.part(Peppers)
    digests = {what: _by_kid(work, *found, peppers.current) for what, found in _DIGESTS.items()}
    sealed = {what: _by_seal(work, *found, peppers.current) for what, found in _SEALED.items()}
    return {**digests, **sealed, "spare_code": _spare_codes(work), "mail": _in_mails(work, peppers)}


def _by_kid(work: Work, kid: Column, living: _Living, current: str) -> Mapping[str | None, int]:
    query = select(kid, func.count()).where(living(work.now)).group_by(kid)
    return {row[0]: row[1] for row in work.session.execute(query) if row[1] and row[0] != current}


def _by_seal(work: Work, column: Column, living: _Living, current: str) -> Mapping[str | None, int]:
    others = ~column.startswith(f"{current}.", autoescape=True)
    boxes = work.session.scalars(select(column).where(living(work.now), others))
    return Counter(boxed.partition(".")[0] for boxed in boxes)


def _spare_codes(work: Work) -> Mapping[str | None, int]:
    """Those of before, see `second_factor`."""
    of_before = UserToken.purpose == second_factor.RECOVERY
    query = select(func.count()).where(of_before, UserToken.used_at.is_(None), UserToken.expires > work.now)
    number = work.session.scalar(query)
    return {None: number} if number else {}


def _in_mails(work: Work, peppers: Peppers) -> Mapping[str | None, int]:
    """Links of mails that wait, by the pepper that makes their tokens."""
    waiting = and_(Mail.sent_at.is_(None), Mail.created > work.now - LONGEST_LINK)
    found: dict[str | None, int] = {}
    for kid in list(peppers.keys)[1:]:
        number = work.session.scalar(select(func.count()).where(waiting, Mail.body.contains(f" {kid}:")))
        if number:
            found[kid] = number
    return found
