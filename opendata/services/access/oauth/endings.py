"""Revocation (RFC 7009) and introspection (RFC 7662) of both kinds of tokens."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, TokenEndpoint

from opendata.base.runtime import Work
from opendata.services.access.credentials import TokenInvalid
from opendata.services.access.oauth import access_tokens, addresses, families, jwts, refresh
from opendata.services.access.oauth.access_tokens import AccessTokens
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Request

Reply = tuple[int, Mapping[str, Any], Any]
DENIED_FOR = timedelta(seconds=max(access_tokens.SECONDS_BY_GRANT.values()) + jwts.SKEW)
INACTIVE = {"active": False}


class Revocation(TokenEndpoint):  # type: ignore[misc]
    """200 for a token that is unknown or has ended; a refresh token takes its family with it."""

    ENDPOINT_NAME = "revocation"
    CLIENT_AUTH_METHODS = addresses.METHODS

    def create_endpoint_response(self, request: Request) -> Reply:
        client: Client = self.authenticate_endpoint_client(request)
        self._revoke(self.server.work, client, _token_of(request))
        return 200, {}, default_json_headers

    def _revoke(self, work: Work, client: Client, text: str) -> None:
        if (held := refresh.find(work, text)) is not None:
            _require_own(held.family.client_id, client)
            families.end(work, held.family.id)
            return
        try:
            claims = work.part(AccessTokens).claims(text)
        except TokenInvalid:
            return
        _require_own(claims["client_id"], client)
        families.deny(work, claims["jti"], DENIED_FOR)


def _require_own(client_id: str, client: Client) -> None:
    if client_id != client.client_id:
        raise InvalidGrantError


class Introspection(TokenEndpoint):  # type: ignore[misc]
    """For clients that may ask; everything that is not good now is `{"active": false}`."""

    ENDPOINT_NAME = "introspection"
    CLIENT_AUTH_METHODS = addresses.METHODS[:2]

    def create_endpoint_response(self, request: Request) -> Reply:
        client: Client = self.authenticate_endpoint_client(request)
        text = _token_of(request)
        told = self._told(self.server.work, text) if client.row.may_introspect else INACTIVE
        return 200, told, default_json_headers

    def _told(self, work: Work, text: str) -> Mapping[str, Any]:
        if (held := refresh.find(work, text)) is not None:
            return _of_refresh(work, held)
        try:
            claims = work.part(AccessTokens).claims(text)
            credential = access_tokens.credential_of(work, claims)
        except TokenInvalid:
            return INACTIVE
        if credential.refusal is not None or not credential.scopes:
            return INACTIVE
        scope = " ".join(name for name in claims["scope"].split() if name in credential.scopes)
        return {"active": True, "token_type": "Bearer", **claims, "scope": scope}


def _of_refresh(work: Work, held: refresh.Held) -> Mapping[str, Any]:
    if not refresh.is_good(work, held):
        return INACTIVE
    return {
        "active": True,
        "client_id": held.family.client_id,
        "sub": held.family.user_id,
        "scope": held.row.scope,
        "iss": addresses.issuer(work.platform.settings),
        "iat": int(held.row.created.timestamp()),
        "exp": int(held.row.expires_at.timestamp()),
        "gid": held.family.id,
    }


def _token_of(request: Request) -> str:
    text = request.form.get("token")
    if not text:
        raise InvalidRequestError("Missing token.")
    return text
