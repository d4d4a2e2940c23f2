"""The authorization code (RFC 6749 §4.1) with PKCE for everybody (RFC 7636)."""

import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from sqlalchemy import update

from opendata.base.kit import base62
from opendata.base.kit.secrets import fingerprint
from opendata.base.models import AuthorizationCode
from opendata.services.access.oauth import addresses, families
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Person, Request

LIFE = timedelta(seconds=60)
"""A used code is remembered longer, until `purging` forgets it, so that its second use is noticed."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class _Held(AuthorizationCodeMixin):  # type: ignore[misc]
    row: AuthorizationCode
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return self.row.scope


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """A code is claimed by one conditional update before anything else is looked at."""

    TOKEN_ENDPOINT_AUTH_METHODS = addresses.METHODS

    def generate_authorization_code(self) -> str:
        return base62.draw(43)

    def save_authorization_code(self, code: str, request: Request) -> None:
        work = self.server.work
        work.session.add(
            AuthorizationCode(
                digest=fingerprint(code),
                client_id=request.client.client_id,
                user_id=request.user.id,
                redirect_uri=request.payload.redirect_uri or "",
                scope=request.scope,
                resource=addresses.chosen(work.platform.settings, request.every("resource")),
                challenge=request.payload.data["code_challenge"],
                expires_at=work.now + LIFE,
            )
        )
        work.session.flush()

    def query_authorization_code(self, code: str, client: Client) -> _Held | None:
        work = self.server.work
        digest = fingerprint(code)
        row = work.session.get(AuthorizationCode, digest)
        if row is None or row.client_id != client.client_id:
            return None
        claimed = work.session.execute(
            update(AuthorizationCode)
            .where(AuthorizationCode.digest == digest, AuthorizationCode.redeemed_at.is_(None))
            .values(redeemed_at=work.now)
        )
        if claimed.rowcount != 1:
            self.server.regardless(lambda later: families.end_of_code(later, digest))
            return None
        return _Held(row, row.challenge) if row.expires_at > work.now else None

    def authenticate_user(self, authorization_code: _Held) -> Person | None:
        work, row = self.server.work, authorization_code.row
        person = families.person_of(work, row.user_id)
        if person is None:
            return None
        self.server.family = families.begin(work, row.client_id, person.id, row.scope)
        row.grant_id = self.server.family.id
        return Person(person.id)

    def delete_authorization_code(self, authorization_code: _Held) -> None:
        """It was claimed at the beginning, and is kept to notice a second use."""


class S256Always(CodeChallenge):  # type: ignore[misc]
    """Authlib binds public clients alone, takes `plain`, and asks nothing at the authorization endpoint."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:  # noqa: ARG002
        data = grant.request.payload.data
        if data.get("code_challenge_method") != "S256" or not data.get("code_challenge"):
            raise InvalidRequestError("A code_challenge with the method S256 is required.")
        if not _CHALLENGE.fullmatch(data["code_challenge"]):
            raise InvalidRequestError("Invalid code_challenge.")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:  # noqa: ARG002
        verifier = grant.request.form.get("code_verifier", "")
        challenge = grant.request.authorization_code.code_challenge
        if not _VERIFIER.fullmatch(verifier):
            raise InvalidGrantError(description="A code_verifier is required.")
        if not hmac.compare_digest(create_s256_code_challenge(verifier).encode(), challenge.encode()):
            raise InvalidGrantError(description="The code_verifier does not match.")
