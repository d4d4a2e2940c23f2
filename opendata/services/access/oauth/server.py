"""The authorization server over one transaction, and how its answers settle that transaction.

An answer that grants something is sent after its transaction has committed. One that refuses rolls it
back; what must hold all the same — a family of tokens that ends because one was used twice, an assertion
that is used up, the pace of a device — is then done in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit.errors import Unavailable
from opendata.base.models import OAuthGrant
from opendata.base.runtime import Platform, Work
from opendata.services.access.oauth import access_tokens, addresses, assertion, clients
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.code import CodeGrant, S256Always
from opendata.services.access.oauth.device import DeviceEndpoint, DeviceGrant
from opendata.services.access.oauth.endings import Introspection, Revocation
from opendata.services.access.oauth.messages import Answer, Person, Request
from opendata.services.access.oauth.refresh import RefreshGrant, store
from opendata.services.access.oauth.signing import SigningKeys
from opendata.services.access.policy import SCOPES

Effect = Callable[[Work], object]
_REPEATABLE = {"resource"}


class ItselfGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """A confidential client for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = addresses.METHODS[:2]


class Server(AuthorizationServer):  # type: ignore[misc]
    """Made for one request. Only the grants named here exist: no implicit, no password, no `plain`."""

    def __init__(self, work: Work) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.work = work
        self.effects: list[Effect] = []
        self.family: OAuthGrant | None = None
        self.audience = addresses.resource(work.platform.settings)
        self.register_grant(CodeGrant, [S256Always()])
        self.register_grant(ItselfGrant)
        self.register_grant(RefreshGrant)
        self.register_grant(DeviceGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)
        self.register_endpoint(DeviceEndpoint)
        self.register_client_auth_method(assertion.METHOD, self._by_assertion)
        self.register_token_generator("default", self._generator())

    def regardless(self, effect: Effect) -> None:
        """Something to be done also, and then only, if this request is refused."""
        self.effects.append(effect)

    # --- what Authlib asks for -----------------------------------------------------------------

    def query_client(self, client_id: str) -> Client | None:
        return clients.usable(self.work, client_id)

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Access tokens are stored nowhere, refresh tokens when they are drawn."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Answer:
        """Every answer that goes back through the browser names its issuer (RFC 9207), errors too."""
        issuer = addresses.issuer(self.work.platform.settings)
        named = [(name, _completed(name, value, issuer)) for name, value in headers]
        return Answer(status, "" if body == "" else dict(body), named)

    def authenticate_client(
        self, request: Request, methods: Sequence[str], endpoint: str = "token"
    ) -> Client:
        """By exactly one method. Who fails is told no more than that, whether the client exists or not."""
        method = _shown(request)
        try:
            client: Client | None = super().authenticate_client(request, [method], endpoint)
        except (InvalidClientError, KeyError, ValueError):
            client = None
        named = request.payload.client_id
        if client is None or method not in methods or named not in {None, client.client_id}:
            raise InvalidClientError(description="Client authentication failed.", status_code=401)
        request.client = client
        return client

    # --- tokens --------------------------------------------------------------------------------

    def _by_assertion(self, query_client: Callable[[str], Client | None], request: Request) -> Client | None:
        return assertion.authenticate(self.work, query_client, request, self.regardless)

    def _generator(self) -> BearerTokenGenerator:
        """Authlib's lifetimes are ten days; its generator for JWTs takes none of the settings."""
        return BearerTokenGenerator(
            self._access_token,
            refresh_token_generator=self._refresh_token,
            expires_generator=lambda _client, grant_type: access_tokens.seconds(grant_type),
        )

    def _access_token(self, client: Client, grant_type: str, user: Person | None, scope: str) -> str:
        return access_tokens.sign(
            self.work,
            client.application,
            client_id=client.client_id,
            grant_type=grant_type,
            subject=user.id if user else client.client_id,
            scope=scope,
            audience=self.audience,
            family=self.family.id if self.family else None,
        )

    def _refresh_token(self, client: Client, grant_type: str, user: Person, scope: str) -> str:  # noqa: ARG002
        """For the refresh grant itself: see `RefreshGrant`."""
        if self.family is None:
            raise RuntimeError("a refresh token without a family")
        return store(self.work, self.family, scope=scope, resource=self.audience)


def _completed(name: str, value: str, issuer: str) -> str:
    """Authlib leaves the realm out, which RFC 7617 demands."""
    if name == "WWW-Authenticate":
        return value.replace("Basic ", 'Basic realm="opendata", ', 1)
    return add_params_to_uri(value, [("iss", issuer)]) if name == "Location" else value


def _shown(request: Request) -> str:
    """The method a client uses. Raises `InvalidRequestError` for more than one (RFC 6749 §2.3)."""
    ways = {
        "client_secret_basic": "Authorization" in request.headers,
        "private_key_jwt": "client_assertion" in request.form,
        "client_secret_post": "client_secret" in request.form,
    }
    used = [way for way, shown in ways.items() if shown]
    if len(used) > 1:
        raise InvalidRequestError("More than one way of client authentication was used.")
    return used[0] if used else "none"


# --- endpoints -------------------------------------------------------------------------------------


def token(platform: Platform, request: Request) -> Answer:
    """The token endpoint (RFC 6749 §3.2)."""

    def respond(server: Server) -> Answer:
        server.audience = addresses.chosen(platform.settings, request.every("resource"))
        return server.create_token_response(request)  # type: ignore[no-any-return]

    return settled(platform, request, respond)


def endpoint(platform: Platform, name: str, request: Request) -> Answer:
    """revocation, introspection or device_authorization."""
    return settled(platform, request, lambda server: server.create_endpoint_response(name, request))


class _Refused(Exception):
    def __init__(self, answer: Answer, effects: Sequence[Effect]) -> None:
        super().__init__(answer)
        self.answer = answer
        self.effects = effects


def settled(platform: Platform, request: Request, respond: Callable[[Server], Answer]) -> Answer:
    """What `respond` answers, its transaction committed or rolled back by that. Raises `Unavailable`."""
    try:
        platform.part(SigningKeys).ready()
        return _settled(platform, request, respond)
    except (OperationalError, PoolTimeout) as error:
        raise Unavailable from error


def _settled(platform: Platform, request: Request, respond: Callable[[Server], Answer]) -> Answer:
    try:
        with platform.work() as work:
            return _granted(Server(work), request, respond)
    except _Refused as refused:
        if refused.effects:
            with platform.work() as work:
                for effect in refused.effects:
                    effect(work)
        return refused.answer


def _granted(server: Server, request: Request, respond: Callable[[Server], Answer]) -> Answer:
    """Raises `_Refused` for an error, whose transaction rolls back."""
    answer = _answered(server, request, respond)
    if answer.status >= 400:
        raise _Refused(answer, server.effects)
    return answer


def _answered(server: Server, request: Request, respond: Callable[[Server], Answer]) -> Answer:
    try:
        _require_single(request)
        return respond(server)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)  # type: ignore[no-any-return]


def _require_single(request: Request) -> None:
    """RFC 6749 §3.2: nothing comes twice."""
    for name, values in request.payload.datalist.items():
        if len(values) > 1 and name not in _REPEATABLE:
            raise InvalidRequestError("A parameter was sent more than once.")
