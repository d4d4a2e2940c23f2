"""Clients that prove themselves with a signed assertion: `private_key_jwt` (RFC 7523)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete

from opendata.base.models import AssertionId
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.access.oauth import addresses, jwts
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Request

METHOD = "private_key_jwt"
LONGEST_LIFE = 24 * 3600
"""Seconds; an assertion is remembered until it ends."""
_HEADER = frozenset({"alg", "typ", "kid"})


def authenticate(
    work: Work,
    query_client: Callable[[str], Client | None],
    request: Request,
    regardless: Callable[[Callable[[Work], object]], None],
) -> Client | None:
    """The client whose assertion this is. Raises `InvalidClientError`; an assertion is good once, also
    where the request it came with is refused."""
    text = request.form.get("client_assertion")
    if (
        request.form.get("client_assertion_type") != JWTBearerClientAssertion.CLIENT_ASSERTION_TYPE
        or not text
    ):
        return None
    try:
        client, use = _proved(work, query_client, text)
    except jwts.Unreadable as error:
        raise InvalidClientError from error
    if not use(work):
        raise InvalidClientError
    regardless(use)
    return client


def _proved(
    work: Work, query_client: Callable[[str], Client | None], text: str
) -> tuple[Client, Callable[[Work], bool]]:
    """The client, and how its assertion is used up. Raises `Unreadable`."""
    header = jwts.header(text, _HEADER)
    client = query_client(jwts.unverified_subject(text))
    known = client is not None and client.row.auth_method == METHOD
    if client is None or not known or header.get("alg") not in addresses.ASSERTION_ALGORITHMS:
        raise jwts.Unreadable
    claims = jwts.claims(text, _keys(client), addresses.ASSERTION_ALGORITHMS)
    end = _checked(work, client, claims)
    return client, partial(remember, client_id=client.client_id, jti=jwts.text_of(claims, "jti"), end=end)


def _keys(client: Client) -> KeySet:
    try:
        return KeySet.import_key_set(client.row.jwks)  # type: ignore[arg-type]  # checked when it was given
    except (JoseError, ValueError) as error:
        raise jwts.Unreadable from error


def _checked(work: Work, client: Client, claims: dict[str, Any]) -> datetime:
    """Its end, once issuer, subject, audience and times are right. Raises `Unreadable`."""
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise jwts.Unreadable
    here = addresses.issuer(work.platform.settings)
    jwts.require_audience(claims, frozenset({here, f"{here}/oauth/token"}))
    end = jwts.require_time(claims, work.now)
    if end - work.now.timestamp() > LONGEST_LIFE:
        raise jwts.Unreadable
    return datetime.fromtimestamp(end, UTC) + timedelta(seconds=jwts.SKEW)


def remember(work: Work, client_id: str, jti: str, end: datetime) -> bool:
    """Whether the assertion is new; from now on it is not. Of two at once one is new."""
    work.session.execute(delete(AssertionId).where(AssertionId.expires_at < work.now))
    insert = insert_into(work.session, AssertionId).values(client_id=client_id, jti=jti, expires_at=end)
    added = insert.on_conflict_do_nothing().returning(AssertionId.jti)
    return work.session.execute(added).first() is not None
