"""The applications a person has let in: what each may do, since when, and how to show it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from opendata.base.kit.errors import NotFound
from opendata.base.models import Application, OAuthClient, OAuthGrant, RefreshToken
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.oauth import access_tokens, families, jwts
from opendata.services.access.policy import SCOPES

MOST = 1000
_ALONE = timedelta(seconds=access_tokens.SECONDS + jwts.SKEW)
"""How long a consent without a refresh token is good for anything."""


@dataclass(frozen=True, slots=True)
class Consent:
    """All that a person gave one client and that is good for something now."""

    client: OAuthClient
    application: Application
    scopes: Sequence[str]
    since: datetime
    last_used: datetime
    """When it last asked for tokens."""
    ends: datetime


def given(work: Work) -> list[Consent]:
    """What the caller has given, the newest use first. Raises `SignInRequired`, `InsufficientScope`."""
    policy.require_self(work.caller)
    last = (
        select(RefreshToken.grant_id, func.max(RefreshToken.created).label("last"))
        .join(OAuthGrant, OAuthGrant.id == RefreshToken.grant_id)
        .where(OAuthGrant.user_id == work.caller.user_id, RefreshToken.expires_at > work.now)
        .group_by(RefreshToken.grant_id)
        .subquery()
    )
    query = (
        select(OAuthGrant, OAuthClient, Application, last.c.last)
        .join(OAuthClient, OAuthClient.id == OAuthGrant.client_id)
        .join(Application, Application.id == OAuthClient.application_id)
        .outerjoin(last, last.c.grant_id == OAuthGrant.id)
        .where(OAuthGrant.user_id == work.caller.user_id)
        .where(OAuthGrant.revoked_at.is_(None), OAuthGrant.ends > work.now)
        .where(OAuthClient.revoked_at.is_(None))
        .where(or_(last.c.last.is_not(None), OAuthGrant.created > work.now - _ALONE))
        .order_by(OAuthGrant.created.desc(), OAuthGrant.id)
        .limit(MOST)
    )
    by_client: dict[str, Consent] = {}
    for family, client, application, used in work.session.execute(query):
        one = Consent(client, application, family.scopes, family.created, used or family.created, family.ends)
        held = by_client.get(client.id)
        by_client[client.id] = one if held is None else _joined(held, one)
    return sorted(by_client.values(), key=lambda consent: consent.last_used, reverse=True)


def _joined(one: Consent, other: Consent) -> Consent:
    """Somebody may let the same client in several times, from several devices."""
    both = {*one.scopes, *other.scopes}
    return Consent(
        one.client,
        one.application,
        [scope for scope in SCOPES if scope in both],
        min(one.since, other.since),
        max(one.last_used, other.last_used),
        max(one.ends, other.ends),
    )


def withdraw(work: Work, client_id: str) -> None:
    """Everything the caller gave this client ends, in every worker within a second; also what it has not
    fetched yet. Raises `NotFound` where it was given nothing."""
    policy.require_self(work.caller)
    person = work.caller.user_id or ""
    found = work.session.scalars(
        select(OAuthGrant.id)
        .where(OAuthGrant.user_id == person, OAuthGrant.client_id == client_id)
        .where(OAuthGrant.revoked_at.is_(None), OAuthGrant.ends > work.now)
        .order_by(OAuthGrant.id)
    ).all()
    if not found:
        raise NotFound
    for family_id in found:
        families.end(work, family_id)
    families.forget_unfetched(work, person, client_id)
