"""Access tokens (RFC 9068): made, and read at the gate without the database once a worker has seen one."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from joserfc import jwt
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit import base62
from opendata.base.kit.errors import OpenDataError, Unavailable
from opendata.base.kit.secrets import fingerprint
from opendata.base.models import Application, DeniedToken, OAuthClient, OAuthGrant, SigningKey, User
from opendata.base.runtime import Platform, Work
from opendata.services.access import applications, credentials
from opendata.services.access.authenticator import caller_for
from opendata.services.access.changes import Changes
from opendata.services.access.credentials import Credential, TokenInvalid
from opendata.services.access.oauth import addresses, families, jwts, own_client
from opendata.services.access.oauth.signing import ALGORITHM, SigningKeys

KEPT = 10_000
SECONDS = 900
SECONDS_BY_GRANT = {addresses.CREDENTIALS: 3600}
TYPE = "at+jwt"
_HEADER = frozenset({"alg", "typ", "kid"})
_TYPES = frozenset({TYPE, f"application/{TYPE}"})


def seconds(grant_type: str) -> int:
    """How long an access token lives."""
    return SECONDS_BY_GRANT.get(grant_type, SECONDS)


def sign(
    work: Work,
    application: Application,
    *,
    client_id: str,
    grant_type: str,
    subject: str,
    scope: str,
    audience: str,
    family: str | None,
) -> str:
    key = work.part(SigningKeys).signing()
    now = int(work.now.timestamp())
    claims = {
        "iss": addresses.issuer(work.platform.settings),
        "sub": subject,
        "aud": audience,
        "client_id": client_id,
        "exp": now + seconds(grant_type),
        "iat": now,
        "jti": base62.draw(22),
        "scope": scope,
        "app_id": application.id,
    }
    if application.owner_org_id:
        claims["org"] = application.owner_org_id
    if family:
        claims["gid"] = family
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}, claims, key, [ALGORITHM])


@dataclass(frozen=True, slots=True)
class _Seen:
    credential: Credential
    jti: str
    family: str | None
    kid: str


class AccessTokens:
    """The reader of tokens at the gate; one per process.

    A token is checked and looked up once, then kept until it ends or something that decides about it
    changes: the token itself, its family, client, application, person or key.
    """

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self._platform = platform
        self._changes = changes
        self._keys = platform.part(SigningKeys)
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._lock = threading.Lock()
        self._forgotten = 0
        self._follow(changes)

    def _follow(self, changes: Changes) -> None:
        named: tuple[tuple[Any, Callable[[_Seen], Iterable[str | None]]], ...] = (
            (DeniedToken.jti, lambda seen: (seen.jti,)),
            (OAuthGrant.id, lambda seen: (seen.family,)),
            (OAuthClient.id, lambda seen: (seen.credential.client_id,)),
            (Application.id, lambda seen: (seen.credential.application_id,)),
            (User.id, lambda seen: seen.credential.people),
            (SigningKey.kid, lambda seen: (seen.kid,)),
        )
        for column, names in named:
            changes.follow(column, column.class_.version, partial(self._forget, names))

    def read(self, text: str) -> Credential:
        """What a token may do. Raises `TokenInvalid`, `Unavailable`."""
        self._changes.current()
        digest = fingerprint(text)
        seen = self._seen.get(digest)
        if seen is None:
            before = self._forgotten
            seen = self._looked_up(text)
            self._keep(digest, seen, before)
        return seen.credential

    def claims(self, text: str) -> Mapping[str, Any]:
        """The claims of a token we signed, which has not ended by its time; it may be revoked (RFC 9068
        §4). Raises `TokenInvalid`."""
        try:
            return self._claims(text)[0]
        except jwts.Unreadable as error:
            raise TokenInvalid from error

    def _claims(self, text: str) -> tuple[Mapping[str, Any], str]:
        header = jwts.header(text, _HEADER)
        kid = jwts.text_of(header, "kid")
        if header.get("alg") != ALGORITHM or str(header.get("typ")).lower() not in _TYPES:
            raise jwts.Unreadable
        key = self._keys.verifying(kid)
        if key is None:
            raise jwts.Unreadable
        settings = self._platform.settings
        claims = jwts.claims(text, key, (ALGORITHM,))
        if claims.get("iss") != addresses.issuer(settings) or "iat" not in claims:
            raise jwts.Unreadable
        jwts.require_audience(claims, frozenset({addresses.resource(settings)}))
        jwts.require_time(claims, self._platform.clock())
        for name in ("sub", "client_id", "jti", "scope"):
            jwts.text_of(claims, name)
        return claims, kid

    def _looked_up(self, text: str) -> _Seen:
        try:
            claims, kid = self._claims(text)
            with self._platform.read() as work:
                credential = credential_of(work, claims)
        except jwts.Unreadable as error:
            raise TokenInvalid from error
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable from error
        return _Seen(credential, claims["jti"], claims.get("gid"), kid)

    def _keep(self, digest: bytes, seen: _Seen, before: int) -> None:
        with self._lock:
            if self._forgotten != before:
                return
            self._seen[digest] = seen
            if len(self._seen) > KEPT:
                self._seen.popitem(last=False)

    def _forget(self, names: Callable[[_Seen], Iterable[str | None]], ids: list[str] | None) -> None:
        if ids is not None and not ids:
            return
        with self._lock:
            self._forgotten += 1
            gone = set(ids or ())
            matches = (d for d, seen in self._seen.items() if ids is None or not gone.isdisjoint(names(seen)))
            for digest in list(matches):
                del self._seen[digest]


def credential_of(work: Work, claims: Mapping[str, Any]) -> Credential:
    """The token with the rights its person holds now. Raises `TokenInvalid` where it was ended."""
    client = work.session.get(OAuthClient, claims["client_id"])
    if client is None or client.revoked_at is not None or _is_denied(work, claims):
        raise TokenInvalid
    application = work.session.get_one(Application, client.application_id)
    if application.status == "closed":
        raise TokenInvalid
    for_itself = claims["sub"] == client.id
    maker = application.owner_user_id or client.metadata_.get("created_by")
    subject = maker if for_itself else claims["sub"]
    person = families.person_of(work, subject)
    if not for_itself and person is None:
        raise TokenInvalid
    scopes = frozenset(claims["scope"].split()) & frozenset(client.scopes) & frozenset(application.scopes)
    home = application.owner_org_id if for_itself else None
    caller = caller_for(work, person, home=home, name=client.name, scopes=scopes)
    return Credential(
        kind="token",
        id=client.id,
        application_id=application.id,
        owner=_counted_on(application, client, person),
        env=application.env,
        scopes=scopes,
        expires_at=_end(claims),
        caller=replace(caller, kind="token", credential=client.id, application_id=application.id),
        people=frozenset(one for one in (subject, application.owner_user_id) if one),
        client_id=client.id,
        refusal=_refusal(work, application),
    )


def _counted_on(application: Application, client: OAuthClient, person: User | None) -> str:
    """Limits hang on the owner of the application; those of the command line on whoever uses it."""
    if client.id == own_client.CLIENT_ID and person is not None:
        return f"user:{person.id}"
    return applications.owner_of(application)


def _is_denied(work: Work, claims: Mapping[str, Any]) -> bool:
    if work.session.get(DeniedToken, claims["jti"]) is not None:
        return True
    family = claims.get("gid")
    return family is not None and not families.is_alive(work, work.session.get(OAuthGrant, family))


def _refusal(work: Work, application: Application) -> type[OpenDataError] | None:
    if application.status != "active":
        return credentials.ApplicationSuspended
    owner = application.owner_user_id
    return credentials.AccountBlocked if owner and families.person_of(work, owner) is None else None


def _end(claims: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=jwts.SKEW)
