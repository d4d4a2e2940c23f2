"""Refresh tokens: each is used once, its successor follows from it (RFC 9700 §4.14).

The successor is derived rather than drawn: a client whose answer was lost, or whose two tabs refresh at
once, presents the old token again and within half a minute gets the same successor. There are never two
live ones. A token presented later, by another client, used or not, or after its successor was used has been
copied: the whole family ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, TokenMixin
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy import select, update

from opendata.base.kit import base62, secrets
from opendata.base.kit.secrets import Peppers
from opendata.base.models import OAuthGrant, RefreshToken
from opendata.base.runtime import Work
from opendata.services.access.oauth import addresses, clients, families
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Person

IDLE = timedelta(days=30)
GRACE = timedelta(seconds=30)
KIND = "rt"
_BODY = 32


@dataclass(frozen=True, slots=True)
class Held(TokenMixin):  # type: ignore[misc]
    """A refresh token that was presented, with its family."""

    text: str
    row: RefreshToken
    family: OAuthGrant

    def check_client(self, client: Client) -> bool:
        return self.family.client_id == client.client_id

    def get_scope(self) -> str:
        return self.row.scope

    def __repr__(self) -> str:
        return "Held(refresh token)"


def find(work: Work, text: str) -> Held | None:
    """A refresh token by its text, whatever has become of it."""
    if secrets.kind_of(text, work.platform.settings.key_prefix) != KIND:
        return None
    digests = list(work.part(Peppers).digests(text))
    row = work.session.scalar(select(RefreshToken).where(RefreshToken.digest.in_(digests)))
    return Held(text, row, work.session.get_one(OAuthGrant, row.grant_id)) if row is not None else None


def is_good(work: Work, held: Held) -> bool:
    """Whether its client would get tokens for it now."""
    return (
        held.row.used_at is None
        and held.row.expires_at > work.now
        and families.is_alive(work, held.family)
        and families.person_of(work, held.family.user_id) is not None
        and clients.usable(work, held.family.client_id) is not None
    )


def store(
    work: Work, family: OAuthGrant, *, scope: str, resource: str | None, after: Held | None = None
) -> str:
    """A new refresh token of the family; `after` is the one it succeeds."""
    prefix = work.platform.settings.key_prefix
    peppers = work.part(Peppers)
    text = _successor(work, after.text, peppers.current) if after else secrets.draw(prefix, KIND)
    work.session.add(
        RefreshToken(
            digest=peppers.digest(text),
            pepper_kid=peppers.current,
            grant_id=family.id,
            parent=after.row.digest if after else None,
            scope=scope,
            resource=resource,
            created=work.now,
            expires_at=min(work.now + IDLE, family.ends),
        )
    )
    work.session.flush()
    return text


def _successor(work: Work, text: str, kid: str) -> str:
    number = int.from_bytes(work.part(Peppers).derive(KIND, text, kid), "big") % 62**_BODY
    return secrets.complete(work.platform.settings.key_prefix, KIND, base62.encode(number, _BODY))


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Client, scopes and the person's account are looked at anew each time."""

    TOKEN_ENDPOINT_AUTH_METHODS = addresses.METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Held | None:
        work: Work = self.server.work
        held = find(work, refresh_token)
        if held is None:
            return None
        if not held.check_client(self.request.client) or not (self._claims(held) or self._is_repeated(held)):
            family = held.family.id
            self.server.regardless(lambda later: families.end(later, family, reused=True))
            raise InvalidGrantError
        alive = families.is_alive(work, held.family) and held.row.expires_at > work.now
        return held if alive else None

    def _claims(self, held: Held) -> bool:
        """Whether this request is the one that uses the token up."""
        work: Work = self.server.work
        claimed = work.session.execute(
            update(RefreshToken)
            .where(RefreshToken.digest == held.row.digest, RefreshToken.used_at.is_(None))
            .values(used_at=work.now)
            .execution_options(synchronize_session=False)
        )
        return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]

    def _is_repeated(self, held: Held) -> bool:
        """A second try of the same request, whose successor nobody has used."""
        work: Work = self.server.work
        work.session.refresh(held.row)
        used: datetime | None = held.row.used_at
        return used is not None and work.now - used <= GRACE and self._unused_successor(held) is not None

    def _unused_successor(self, held: Held) -> str | None:
        work: Work = self.server.work
        query = select(RefreshToken).where(
            RefreshToken.parent == held.row.digest, RefreshToken.used_at.is_(None)
        )
        stored = work.session.scalar(query)
        if stored is None:
            return None
        peppers = work.part(Peppers)
        candidates = [_successor(work, held.text, kid) for kid in peppers.keys]
        return next((text for text in candidates if stored.digest in peppers.digests(text)), None)

    def authenticate_user(self, refresh_token: Held) -> Person:
        person = families.person_of(self.server.work, refresh_token.family.user_id)
        if person is None:
            raise InvalidGrantError
        return Person(person.id)

    def issue_token(self, user: Person, refresh_token: Held) -> dict[str, object]:
        self.server.family = refresh_token.family
        token = self.generate_token(user=user, scope=self._scope(refresh_token), include_refresh_token=False)
        again = self._unused_successor(refresh_token)
        token["refresh_token"] = again or store(
            self.server.work,
            refresh_token.family,
            scope=refresh_token.row.scope,
            resource=refresh_token.row.resource,
            after=refresh_token,
        )
        return token  # type: ignore[no-any-return]

    def _scope(self, held: Held) -> str:
        """What is asked; for nothing what was given, as far as the client may still have it."""
        if asked := self.request.payload.scope:
            return str(asked)
        left = [scope for scope in held.get_scope().split() if scope in self.request.client.scopes()]
        if not left:
            raise InvalidScopeError
        return " ".join(left)

    def revoke_old_credential(self, refresh_token: Held) -> None:
        """It was claimed at the beginning."""
