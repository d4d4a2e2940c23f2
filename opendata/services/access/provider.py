"""Sign-in through an OpenID Connect provider: authorization code with PKCE, bound to one browser.

The provider is read through the guarded client, its answers are bounded, and nothing but an ID token signed
by a key of its own set says who somebody is. An address it vouches for belongs to the person it names.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from ipaddress import ip_network
from typing import Any, cast

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, NotFound, OpenDataError, Unavailable
from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.errors import FetchError
from opendata.base.kit.fetch.messages import Ask, Credentials
from opendata.base.kit.fetch.urls import parse_url
from opendata.base.kit.ids import new_id
from opendata.base.kit.secrets import Peppers
from opendata.base.kit.vietnamese import clean
from opendata.base.models import User
from opendata.base.runtime import Work
from opendata.services.access import accounts, audit, people, signup, tokens
from opendata.services.access.changes import next_version
from opendata.services.access.oauth import jwts

log = structlog.get_logger(__name__)
PURPOSE = "provider"
LIFE = timedelta(minutes=10)
ALGORITHMS = ["ES256", "RS256", "PS256"]
"""How a provider may sign: with keys, never with a shared text, never not at all."""
LIMIT = 256 * 1024
LONGEST_TOKEN = 16_384
LEEWAY = 60
AGAIN = 10
"""Seconds for which a provider that did not answer is not asked for its document again."""
FORM = "application/x-www-form-urlencoded"


class ProviderRefused(OpenDataError):
    """What came back does not prove who somebody is."""

    code = "provider_refused"
    status = 401
    message = N_("Không đăng nhập được qua nhà cung cấp danh tính. Vui lòng thử lại.")


class ProviderAway(Unavailable):
    message = N_("Nhà cung cấp danh tính đang không trả lời. Vui lòng thử lại sau.")


@dataclass(frozen=True, slots=True)
class Start:
    """Where the browser goes; `state` also goes into a cookie."""

    address: str
    state: str


class _Client(OAuth2Client):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's client over the guarded one."""

    def _fetch_token(self, url: str, body: str = "", auth: Any = None, **_rest: Any) -> Any:
        _, headers, sent = auth.prepare("POST", url, {}, body)
        ask = Ask(
            method="POST",
            body=sent.encode(),
            content_type=FORM,
            limit_bytes=LIMIT,
            seconds=10,
            tries=1,
            credentials=Credentials(url, dict(headers)),
        )
        answer = _json(self.session.read(url, ask).body)
        if not isinstance(answer, dict):
            raise ProviderRefused
        return answer


class Provider:
    """What the settings name. Its document and keys are read when first needed, its keys again when a new
    one turns up."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings
        self._fetcher = Fetcher(
            AddressPolicy(
                allow_networks=tuple(map(ip_network, settings.oidc_networks)),
                allow_loopback=settings.mode != "production",
            ),
            user_agent=f"opendata/{version('opendata')}",
        )
        self._document: Mapping[str, Any] | None = None
        self._away_until = 0.0
        self._keys: KeySet | None = None

    @property
    def name(self) -> str:
        """What the button says; empty where there is no provider."""
        return (self._settings.oidc_name or self._settings.oidc_issuer) if self._settings.oidc_issuer else ""

    @property
    def issuer(self) -> str:
        """Who signs; empty where there is no provider."""
        return str(self._settings.oidc_issuer)

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the browser is sent, for the policy of the page that sends it."""
        known = [self._settings.oidc_issuer, (self._document or {}).get("authorization_endpoint", "")]
        return tuple(sorted({parse_url(url).origin for url in known if url}))

    @property
    def redirect_uri(self) -> str:
        return f"{self._settings.base_url.rstrip('/')}/sign-in/provider/done"

    def close(self) -> None:
        self._fetcher.close()

    def address(self, state: str, *, nonce: str, verifier: str) -> str:
        """Where a browser asks the provider."""
        found: str = self._client().create_authorization_url(
            self.document["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
        )[0]
        return found

    def claims(self, code: str, *, nonce: str, verifier: str) -> Mapping[str, Any]:
        """What the provider says about whoever brought the code. Raises `ProviderRefused`, `ProviderAway`."""
        try:
            answer = self._client().fetch_token(
                self.document["token_endpoint"],
                code=code,
                grant_type="authorization_code",
                code_verifier=verifier,
                redirect_uri=self.redirect_uri,
            )
            return self._checked(str(answer.get("id_token", "")), nonce, str(answer.get("access_token", "")))
        except FetchError as error:
            refused = error.answer is not None and 400 <= error.answer < 500
            raise (ProviderRefused if refused else ProviderAway) from error
        except (AuthlibBaseError, JoseError, strict_json.NotJson, ValueError) as error:
            log.info("provider.refused", error=type(error).__name__)
            raise ProviderRefused from error

    @property
    def document(self) -> Mapping[str, Any]:
        """The provider's description of itself (OpenID Connect Discovery §4)."""
        if self._document is None:
            issuer = self._settings.oidc_issuer
            if not issuer:
                raise NotFound
            found = self._described(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise ProviderRefused
            self._document = found
        return self._document

    def _described(self, url: str) -> Mapping[str, Any]:
        if time.monotonic() < self._away_until:
            raise ProviderAway
        try:
            return self._read(url)
        except ProviderAway:
            self._away_until = time.monotonic() + AGAIN
            raise

    def _client(self) -> Any:
        settings = self._settings
        return _Client(
            self._fetcher,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            scope="openid profile email",
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _checked(self, text: str, nonce: str, access_token: str) -> Mapping[str, Any]:
        if not text or len(text) > LONGEST_TOKEN:
            raise ProviderRefused
        for part in text.split(".")[:2]:
            jwts.read_part(part)
        try:
            token = jwt.decode(text, self._key_set(), algorithms=ALGORITHMS)
        except JoseError:
            self._keys = None  # a key newer than our copy
            token = jwt.decode(text, self._key_set(), algorithms=ALGORITHMS)
        settings = self._settings
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": settings.oidc_issuer},
                "aud": {"essential": True, "value": settings.oidc_client_id},
            },
            {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY)
        return cast("Mapping[str, Any]", dict(claims))

    def _key_set(self) -> KeySet:
        if self._keys is None:
            self._keys = KeySet.import_key_set(cast("Any", self._read(self.document["jwks_uri"])))
        return self._keys

    def _read(self, url: str) -> dict[str, Any]:
        try:
            document = self._fetcher.read(url, Ask(limit_bytes=LIMIT, seconds=10, tries=2))
        except FetchError as error:
            raise ProviderAway from error
        found = _json(document.body)
        if not isinstance(found, dict):
            raise ProviderRefused
        return found


def _json(body: bytes) -> Any:
    """What every reader understands alike. Raises `ProviderRefused`."""
    try:
        return strict_json.loads(body)
    except strict_json.NotJson as error:
        raise ProviderRefused from error


def begin(work: Work, *, target: str) -> Start:
    """Send somebody to the provider; `target` is where they wanted to go. The answer is taken once."""
    provider = work.part(Provider)
    _ = provider.document  # read before the first statement: nobody waits for a database held meanwhile
    state = tokens.direct(work, PURPOSE, life=LIFE, data={"target": target[:500], "issuer": provider.name})
    nonce, verifier = _bound(work, state)
    return Start(provider.address(state, nonce=nonce, verifier=verifier), state)


def take(work: Work, state: str, cookie: str, issuer: str | None) -> tuple[str, str, str]:
    """(nonce, verifier, target) of an answer that came back to the browser it left from.

    Raises `LinkEnded` for another browser's, a used or an old one, for another issuer, and for none where the
    provider says that it always names itself (RFC 9207 §2.4).
    """
    provider = work.part(Provider)
    if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
        raise tokens.LinkEnded
    if issuer is None and provider.document.get("authorization_response_iss_parameter_supported") is True:
        raise tokens.LinkEnded
    if issuer is not None and issuer != provider.issuer:
        raise tokens.LinkEnded
    target = tokens.take(work, PURPOSE, state).data["target"]
    return (*_bound(work, state), target)


def _bound(work: Work, state: str) -> tuple[str, str]:
    """Nonce and PKCE verifier follow from the state and a pepper: nothing of them is stored."""
    peppers = work.part(Peppers)
    return peppers.derive("nonce", state).hex(), peppers.derive("verifier", state).hex()


def person(work: Work, claims: Mapping[str, Any], *, locale: str) -> User:
    """The account of (issuer, subject): the one known, else the one whose confirmed address the provider
    vouches for, else a new one. Raises `ProviderRefused`, `BadCredentials` for a blocked one."""
    issuer, subject = str(claims["iss"])[:300], str(claims["sub"])[:300]
    user = work.session.scalar(select(User).where(User.idp_issuer == issuer, User.idp_subject == subject))
    if user is None:
        user = _vouched(work, claims) or _new(work, claims, locale)
        if user.idp_subject is not None and (user.idp_issuer, user.idp_subject) != (issuer, subject):
            raise ProviderRefused
        user.idp_issuer, user.idp_subject = issuer, subject
        audit.record(work, "user.link_provider", "user", user.id, {"issuer": issuer})
    if not user.active:
        raise people.BadCredentials
    return user


def _vouched(work: Work, claims: Mapping[str, Any]) -> User | None:
    email = str(claims.get("email") or "")
    if claims.get("email_verified") is not True or not people.is_address(email):
        return None
    holder = people.find(work, email)
    return holder if holder is not None and holder.confirmed_at is not None else None


def _new(work: Work, claims: Mapping[str, Any], locale: str) -> User:
    email = str(claims.get("email") or "")
    if not people.is_address(email):
        raise ProviderRefused
    user = User(
        id=new_id(),
        email=clean(email),
        email_key="",
        name=clean(str(claims.get("name") or email.partition("@")[0]))[:200],
        locale=locale,
        epoch=0,
        version=next_version(work),
        created=work.now,
    )
    user.email_key = signup.waiting_key(user)
    work.session.add(user)
    work.session.flush()
    if claims.get("email_verified") is True:
        accounts.own(work, user)
    return user
