"""What a person gave a client, and all tokens that came of it: they end together."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from opendata.base.kit import base62
from opendata.base.models import AuthorizationCode, DeniedToken, DeviceCode, OAuthGrant, User
from opendata.base.runtime import Work
from opendata.services.access import audit
from opendata.services.access.changes import next_version

LONGEST = timedelta(days=180)
NEVER_CHANGED = 0
"""The version of a family as it begins; it rises when the family ends, so that workers hear of it."""


def begin(work: Work, client_id: str, user_id: str, scope: str) -> OAuthGrant:
    row = OAuthGrant(
        id=base62.draw(26),
        version=NEVER_CHANGED,
        client_id=client_id,
        user_id=user_id,
        scopes=scope.split(),
        created=work.now,
        ends=work.now + LONGEST,
    )
    work.session.add(row)
    work.session.flush()
    audit.record(work, "grant.give", "client", client_id, {"grant": row.id, "user": user_id, "scope": scope})
    return row


def is_alive(work: Work, row: OAuthGrant | None) -> bool:
    return row is not None and row.revoked_at is None and row.ends > work.now


def person_of(work: Work, user_id: str | None) -> User | None:
    """The person, if the account is in use."""
    user = work.session.get(User, user_id) if user_id else None
    return user if user is not None and user.active else None


def end(work: Work, family_id: str, *, reused: bool = False) -> None:
    """Every token of the family ends, in every worker within a second."""
    row = work.session.get(OAuthGrant, family_id, with_for_update=True)
    if row is None or row.revoked_at is not None:
        return
    row.revoked_at, row.version = work.now, next_version(work)
    row.reuse_detected_at = work.now if reused else None
    audit.record(work, "grant.end", "client", row.client_id, {"grant": row.id, "reused": reused})


def end_of_person(work: Work, user_id: str) -> None:
    """Everything the person gave anybody ends: somebody else may have been at the account."""
    query = select(OAuthGrant.id).where(
        OAuthGrant.user_id == user_id, OAuthGrant.revoked_at.is_(None), OAuthGrant.ends > work.now
    )
    for family_id in work.session.scalars(query.order_by(OAuthGrant.id)).all():
        end(work, family_id)
    forget_unfetched(work, user_id)


def forget_unfetched(work: Work, user_id: str, client_id: str | None = None) -> None:
    """What the person has allowed a client, or any of them, and it has not fetched yet begins nothing."""
    codes = delete(AuthorizationCode).where(
        AuthorizationCode.user_id == user_id, AuthorizationCode.redeemed_at.is_(None)
    )
    devices = update(DeviceCode).where(DeviceCode.user_id == user_id, DeviceCode.redeemed_at.is_(None))
    if client_id is not None:
        codes = codes.where(AuthorizationCode.client_id == client_id)
        devices = devices.where(DeviceCode.client_id == client_id)
    work.session.execute(codes)
    work.session.execute(devices.values(status="denied"))


def end_of_code(work: Work, digest: bytes) -> None:
    """A code came twice: what its first use gave ends (RFC 6749 §4.1.2)."""
    row = work.session.get(AuthorizationCode, digest)
    if row is not None and row.grant_id is not None:
        end(work, row.grant_id, reused=True)


def deny(work: Work, jti: str, until: timedelta) -> None:
    """One access token ends before its time."""
    if work.session.get(DeniedToken, jti) is None:
        work.session.add(DeniedToken(jti=jti, version=next_version(work), expires_at=work.now + until))
        work.session.flush()
