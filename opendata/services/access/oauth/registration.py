"""Clients that register themselves (RFC 7591) and look after themselves (RFC 7592).

An initial access token, given out by an administrator of an organisation, opens the door; the client
belongs to an application of that organisation and gets what that person may still give. Its metadata is
written down; nothing in it is ever fetched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update

from opendata.base.kit import base62, secrets
from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, OpenDataError
from opendata.base.kit.secrets import Peppers
from opendata.base.models import (
    Application,
    ClientSecret,
    InitialAccessToken,
    OAuthClient,
    Organization,
    User,
)
from opendata.base.runtime import Platform, Work
from opendata.services.access import applications, audit, people, policy, scopes
from opendata.services.access.changes import next_version
from opendata.services.access.oauth import addresses, client_rules, clients, families
from opendata.services.access.oauth.messages import Answer
from opendata.services.access.policy import Action

INITIAL, OWN = "ia", "ra"
LIFE = timedelta(hours=24)
MOST_USES = 20
RENEWED_WITHIN = timedelta(days=30)
"""A client whose secret ends so soon, or has ended, gets a new one when it next describes itself."""
MOST_CLIENTS = 20
"""Clients an organisation may have registered."""
_NEVER_SENT = ("registration_access_token", "registration_client_uri", "client_secret_expires_at")
_TEXTS = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id", "software_version")
_LONGEST = 2000


class Unusable(Invalid):
    """`error` is the code of RFC 7591 §3.2.2."""

    message = N_("Mô tả ứng dụng khách chưa hợp lệ.")

    def __init__(self, detail: str, error: str = "invalid_client_metadata") -> None:
        super().__init__()
        self.error = error
        self.detail = detail


class TokenRefused(NotAllowed):
    status = 401
    code = "invalid_token"
    message = N_("Mã truy cập không đúng hoặc đã hết hạn.")


class TooManyClients(Conflict):
    code = "too_many_clients"
    message = N_("Đã đủ số ứng dụng khách cho phép (%(most)s).")


def invite(work: Work, organization: Organization, *, uses: int = 1) -> str:
    """An initial access token: `uses` clients within a day. Its text is nowhere else. Who holds it comes in
    without an account, so that it takes the right to let people in. Raises `NotAllowed`, `Invalid`."""
    policy.require(work.caller, Action.MEMBERS_EDIT, organization.id)
    if not 1 <= uses <= MOST_USES:
        raise Invalid(fields={"uses": N_("Cần từ 1 đến 20 lần.")})
    text = secrets.draw(work.platform.settings.key_prefix, INITIAL)
    work.session.execute(delete(InitialAccessToken).where(InitialAccessToken.expires_at < work.now))
    work.session.add(
        InitialAccessToken(
            digest=work.part(Peppers).digest(text),
            pepper_kid=work.part(Peppers).current,
            organization_id=organization.id,
            created_by_id=work.caller.user_id,
            uses_left=uses,
            expires_at=work.now + LIFE,
        )
    )
    work.session.flush()
    audit.record(work, "client.invite", "organization", organization.id, {"uses": uses})
    return text


def register(platform: Platform, token: str, metadata: Any) -> Answer:
    """The answer to a new client: 201 with its credentials, or an error of RFC 7591 §3.2.2."""
    return _told(lambda: _register(platform, token, metadata))


def configure(platform: Platform, method: str, token: str, client_id: str, metadata: Any) -> Answer:
    """GET, PUT or DELETE of a client by itself."""
    return _told(lambda: _configure(platform, method, token, client_id, metadata))


def _told(act: Any) -> Answer:
    try:
        answer: Answer = act()
    except Unusable as error:
        return Answer(400, {"error": error.error, "error_description": error.detail})
    except TokenRefused:
        challenge = [("WWW-Authenticate", 'Bearer realm="opendata", error="invalid_token"')]
        return Answer(401, {"error": "invalid_token"}, challenge)
    except OpenDataError as error:
        if error.status >= 500:
            raise
        status = 403 if error.status in {401, 403} else 400
        names = ", ".join(sorted(error.fields))
        return Answer(status, {"error": "invalid_client_metadata", "error_description": names or error.code})
    return answer


@dataclass(frozen=True, slots=True)
class _Described:
    name: str
    grants: Sequence[str]
    auth_method: str
    redirect_uris: Sequence[str]
    scopes: Sequence[str] | None
    jwks: Mapping[str, Any] | None
    more: Mapping[str, Any]


def _register(platform: Platform, token: str, metadata: Any) -> Answer:
    described = _read(metadata)
    with platform.work() as work:
        organization = _used(work, token)
        name = described.name if _is_free(work, organization, described.name) else ""
        application = applications.create(
            work,
            name or f"{described.name[:80]} {base62.draw(6)}",
            organization=organization,
            wanted=described.scopes or scopes.OPEN,
        )
        made = clients.create(
            work,
            application,
            described.name,
            grants=described.grants,
            auth_method=described.auth_method,
            redirect_uris=described.redirect_uris,
            wanted=described.scopes,
            jwks=described.jwks,
            metadata=described.more,
        )
        own = secrets.draw(platform.settings.key_prefix, OWN)
        _give_own(work, made.client, own)
        body = _shown(work, made.client, own)
        if made.text:
            body["client_secret"] = made.text
        return Answer(201, body)


def _used(work: Work, token: str) -> Organization:
    """One use of an initial access token; from here on its giver is who acts. Raises `TokenRefused`."""
    if secrets.kind_of(token, work.platform.settings.key_prefix) != INITIAL:
        raise TokenRefused
    row = ticket_of(work, token)
    if row is None or row.expires_at <= work.now:
        raise TokenRefused
    used = work.session.execute(
        update(InitialAccessToken)
        .where(InitialAccessToken.digest == row.digest, InitialAccessToken.uses_left > 0)
        .values(uses_left=InitialAccessToken.uses_left - 1)
    )
    giver = families.person_of(work, row.created_by_id)
    if used.rowcount != 1 or giver is None:  # type: ignore[attr-defined]
        raise TokenRefused
    work.caller = people.caller_of(work, giver)
    organization = work.session.get_one(Organization, row.organization_id)
    if not policy.allows(work.caller, Action.MEMBERS_EDIT, organization.id):
        raise TokenRefused
    _require_room(work, organization)
    return organization


def ticket_of(work: Work, token: str) -> InitialAccessToken | None:
    """What an initial access token stands for, used up or not."""
    digests = list(work.part(Peppers).digests(token))
    return work.session.scalar(select(InitialAccessToken).where(InitialAccessToken.digest.in_(digests)))


def holder_of(work: Work, token: str) -> OAuthClient | None:
    """The client whose registration access token this is."""
    digests = list(work.part(Peppers).digests(token))
    return work.session.scalar(select(OAuthClient).where(OAuthClient.registration_digest.in_(digests)))


def lock_out(work: Work, client: OAuthClient) -> None:
    """Its registration access token is good no longer; it still counts as one that registered itself."""
    nobodys = secrets.draw(work.platform.settings.key_prefix, OWN)
    _give_own(work, client, nobodys)
    work.session.flush()


def _give_own(work: Work, client: OAuthClient, token: str) -> None:
    """Its registration access token, under the newest pepper."""
    peppers = work.part(Peppers)
    client.registration_digest, client.registration_kid = peppers.digest(token), peppers.current


def _require_room(work: Work, organization: Organization) -> None:
    """The organisation is held, so that two at once do not both take the last place."""
    work.session.refresh(organization, with_for_update={"key_share": True})
    held = (
        select(func.count())
        .select_from(OAuthClient)
        .join(Application, Application.id == OAuthClient.application_id)
        .where(Application.owner_org_id == organization.id)
        .where(OAuthClient.registration_digest.is_not(None), OAuthClient.revoked_at.is_(None))
    )
    if (work.session.scalar(held) or 0) >= MOST_CLIENTS:
        raise TooManyClients(most=MOST_CLIENTS)


def _is_free(work: Work, organization: Organization, name: str) -> bool:
    taken = select(Application.id).where(
        Application.owner_org_id == organization.id, Application.name == name, Application.status != "closed"
    )
    return work.session.scalar(taken) is None


def _configure(platform: Platform, method: str, token: str, client_id: str, metadata: Any) -> Answer:
    with platform.work() as work:
        row = _own(work, token, client_id)
        if method == "DELETE":
            clients.end(work, row, "by the client itself")
            return Answer(204, "")
        drawn = _change(work, row, metadata) if method == "PUT" else None
        return Answer(200, {**_shown(work, row, token), **({"client_secret": drawn} if drawn else {})})


def _own(work: Work, token: str, client_id: str) -> OAuthClient:
    """The client whose registration access token this is. Raises `TokenRefused` for any other."""
    if secrets.kind_of(token, work.platform.settings.key_prefix) != OWN:
        raise TokenRefused
    row = holder_of(work, token)
    if row is None or row.id != client_id or row.revoked_at is not None:
        raise TokenRefused
    if row.registration_kid != work.part(Peppers).current:
        _give_own(work, row, token)
    return row


def _change(work: Work, row: OAuthClient, metadata: Any) -> str | None:
    """RFC 7592 §2.2: what is not sent is no longer so. The new secret where it is time for one."""
    work.session.refresh(row, with_for_update=True)
    if not isinstance(metadata, Mapping) or metadata.get("client_id") != row.id:
        raise Unusable("client_id")
    if sent := [name for name in _NEVER_SENT if name in metadata]:
        raise Unusable(sent[0])
    held = _held(work, row, metadata)
    described = _read(metadata)
    application = work.session.get_one(Application, row.application_id)
    giver = work.session.get(User, row.metadata_.get("created_by") or "")
    if giver is None or not giver.active:
        raise TokenRefused
    work.caller = people.caller_of(work, giver)
    clients.describe(
        work,
        row,
        application,
        name=described.name,
        grants=described.grants,
        auth_method=row.auth_method,
        redirect_uris=described.redirect_uris,
        wanted=described.scopes,
        jwks=described.jwks,
    )
    row.metadata_ = {**described.more, "created_by": giver.id}
    row.version = next_version(work)
    work.session.flush()
    audit.record(work, "client.edit", "client", row.id)
    if row.auth_method != "client_secret_basic" or (held and held.expires_at > work.now + RENEWED_WITHIN):
        return None
    return clients.draw_secret(work, row).text


def _held(work: Work, row: OAuthClient, metadata: Mapping[str, Any]) -> ClientSecret | None:
    """The secret the client says it holds, else its newest: so one that names the older, as the answer with
    the newer was lost, is given another. Raises `Unusable` for a secret that is not its own."""
    current, text = _current(work, row), _text(metadata, "client_secret")
    if text is None:
        return current[0] if current else None
    held = clients.secret_of(work, text)
    if held is None or held not in current:
        raise Unusable("client_secret")
    return held


def _current(work: Work, row: OAuthClient) -> Sequence[ClientSecret]:
    """The secrets that are good, newest first; where none is, the last that was."""
    if live := clients.live_secrets(work, row):
        return live
    query = select(ClientSecret).where(ClientSecret.client_id == row.id)
    return work.session.scalars(query.order_by(ClientSecret.created.desc(), ClientSecret.id).limit(1)).all()


def _read(metadata: Any) -> _Described:
    """The metadata with every type checked. Raises `Unusable`; what we do not know is left out."""
    if not isinstance(metadata, Mapping):
        raise Unusable("a JSON object")
    redirects = _texts(metadata, "redirect_uris", "invalid_redirect_uri")
    if any(urlsplit(uri).scheme != "https" for uri in redirects if client_rules.is_redirect(uri)):
        raise Unusable("redirect_uris", "invalid_redirect_uri")
    if not all(map(client_rules.is_redirect, redirects)):
        raise Unusable("redirect_uris", "invalid_redirect_uri")
    grants = _texts(metadata, "grant_types") or [addresses.CODE]
    if not set(_texts(metadata, "response_types")) <= {"code"} or not set(grants) <= set(addresses.GRANTS):
        raise Unusable("grant_types, response_types")
    if addresses.CODE in grants and not redirects:
        raise Unusable("redirect_uris", "invalid_redirect_uri")
    method = _text(metadata, "token_endpoint_auth_method") or "client_secret_basic"
    if method not in addresses.METHODS:
        raise Unusable("token_endpoint_auth_method")
    jwks = metadata.get("jwks")
    if jwks is not None and not isinstance(jwks, Mapping):
        raise Unusable("jwks")
    return _Described(
        name=_text(metadata, "client_name") or "OAuth2",
        grants=grants,
        auth_method=method,
        redirect_uris=redirects,
        scopes=(_text(metadata, "scope") or "").split() or None,
        jwks=jwks,
        more=_more(metadata),
    )


def _more(metadata: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: _text(metadata, name) for name in _TEXTS if metadata.get(name) is not None}
    contacts = _texts(metadata, "contacts")
    return {**texts, **({"contacts": contacts} if contacts else {})}


def _text(metadata: Mapping[str, Any], name: str) -> str | None:
    value = metadata.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST):
        raise Unusable(name)
    return value


def _texts(metadata: Mapping[str, Any], name: str, error: str = "invalid_client_metadata") -> list[str]:
    value = metadata.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 50 or any(not isinstance(item, str) for item in value):
        raise Unusable(name, error)
    return value


def _shown(work: Work, row: OAuthClient, own: str) -> dict[str, Any]:
    secret = _current(work, row)[:1]
    more = {name: value for name, value in row.metadata_.items() if name != "created_by"}
    return {
        "client_id": row.id,
        "client_id_issued_at": int(row.created.timestamp()),
        "client_name": row.name,
        "redirect_uris": row.redirect_uris,
        "grant_types": row.grants,
        "response_types": ["code"] if addresses.CODE in row.grants else [],
        "token_endpoint_auth_method": row.auth_method,
        "scope": " ".join(row.scopes),
        **({"jwks": row.jwks} if row.jwks else {}),
        **({"client_secret_expires_at": int(secret[0].expires_at.timestamp())} if secret else {}),
        **more,
        "registration_client_uri": f"{addresses.registration(work.platform.settings)}/{row.id}",
        "registration_access_token": own,
    }
