"""OAuth2 clients of applications: what they may do, their secrets, their end."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import select

from opendata.base.kit import base62, secrets
from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound
from opendata.base.kit.ids import is_id
from opendata.base.kit.secrets import Peppers
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Application, ClientSecret, OAuthClient, User
from opendata.base.runtime import ANONYMOUS, Work
from opendata.base.runtime.caller import reaches
from opendata.services.access import applications, audit, people, policy, scopes
from opendata.services.access.changes import next_version
from opendata.services.access.oauth import addresses, client_rules
from opendata.services.access.policy import Action

_ID = re.compile(r"[0-9A-Za-z_-]{3,40}")
SECRET_LIFE = timedelta(days=365)
LIVE_SECRETS = 2
EDITABLE = ("name", "grants", "redirect_uris", "scopes", "jwks")


class ClientExists(Conflict):
    code = "client_exists"
    message = N_("Ứng dụng này đã có ứng dụng khách OAuth2.")


class ClientRevoked(Conflict):
    code = "client_revoked"
    message = N_("Ứng dụng khách này đã bị thu hồi.")


class Client(ClientMixin):  # type: ignore[misc]
    """A client that may ask for tokens now, as Authlib's grants see it."""

    def __init__(self, work: Work, row: OAuthClient, application: Application) -> None:
        self._work = work
        self.row = row
        self.application = application

    def __repr__(self) -> str:
        return f"Client({self.row.id})"

    def get_client_id(self) -> str:
        return self.row.id

    @property
    def client_id(self) -> str:
        return self.row.id

    def get_default_redirect_uri(self) -> str | None:
        return self.row.redirect_uris[0] if len(self.row.redirect_uris) == 1 else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """RFC 9700 §4.1.3: the whole string, or nothing."""
        return redirect_uri in self.row.redirect_uris

    def scopes(self) -> list[str]:
        return [scope for scope in self.row.scopes if scope in self.application.scopes]

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What was asked, each once; the reading scopes for nothing; None if anything goes too far."""
        allowed = self.scopes()
        asked = (scope or "").split()
        if not asked:
            return " ".join(name for name in allowed if name in scopes.OPEN) or None
        return " ".join(name for name in allowed if name in asked) if set(asked) <= set(allowed) else None

    def check_client_secret(self, client_secret: str) -> bool:
        peppers = self._work.part(Peppers)
        given = peppers.digests(client_secret)
        matches = [
            secret
            for secret in live_secrets(self._work, self.row)[:LIVE_SECRETS]
            for digest in given
            if hmac.compare_digest(secret.digest, digest)
        ]
        for secret in matches:
            if secret.pepper_kid != peppers.current:
                secret.digest, secret.pepper_kid = peppers.digest(client_secret), peppers.current
        return bool(matches)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002  # the same at all
        return self.row.auth_method == method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and addresses.CODE in self.row.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grants


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`text` is here and nowhere else: it is shown once. None for clients that have none."""

    client: OAuthClient
    text: str | None
    row: ClientSecret | None = None

    def __repr__(self) -> str:
        return f"NewSecret({self.client.id})"


def usable(work: Work, client_id: str) -> Client | None:
    """The client, if it may be used now. As slow for one that does not exist as for a wrong secret."""
    row = work.session.get(OAuthClient, client_id) if _ID.fullmatch(client_id) else None
    if row is None or row.revoked_at is not None:
        _decoy(work, client_id)
        return None
    application = work.session.get_one(Application, row.application_id)
    owner = work.session.get(User, application.owner_user_id) if application.owner_user_id else None
    if application.status != "active" or (application.owner_user_id and not (owner and owner.active)):
        _decoy(work, client_id)
        return None
    return Client(work, row, application)


def _decoy(work: Work, text: str) -> None:
    for digest in work.part(Peppers).digests(text):
        hmac.compare_digest(digest, b"\0" * 32)


def create(
    work: Work,
    application: Application,
    name: str,
    *,
    grants: Sequence[str] = (addresses.CODE, addresses.REFRESH),
    auth_method: str = "client_secret_basic",
    redirect_uris: Sequence[str] = (),
    wanted: Sequence[str] | None = None,
    jwks: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    client_id: str | None = None,
) -> NewSecret:
    """The client of an application, which has one live at most; its secret is in the answer, once.

    `wanted` scopes default to what is open. A `client_id` that could be a person's is refused: both stand in
    the `sub` of tokens (RFC 9700 §4.15). Raises `Invalid`, `ClientExists`, `InsufficientScope`.
    """
    applications.require_edit(work, application)
    if application.status != "active":
        raise applications.ApplicationClosed
    if client_id is not None and (is_id(client_id) or not _ID.fullmatch(client_id)):
        raise Invalid(fields={"id": N_("Từ 3 đến 40 chữ cái không dấu, chữ số, dấu gạch.")})
    before = _of(work, application)
    if (before is not None and before.revoked_at is None) or (
        client_id and work.session.get(OAuthClient, client_id)
    ):
        raise ClientExists
    row = OAuthClient(
        id=client_id or f"client_{base62.draw(22)}",
        application_id=application.id,
        version=next_version(work),
        created=work.now,
        metadata_={**(metadata or {}), "created_by": work.caller.user_id},
    )
    describe(
        work,
        row,
        application,
        name=name,
        grants=grants,
        auth_method=auth_method,
        redirect_uris=redirect_uris,
        wanted=wanted,
        jwks=jwks,
    )
    work.session.add(row)
    work.session.flush()
    audit.record(work, "client.create", "client", row.id, {"grants": row.grants, "scopes": row.scopes})
    return draw_secret(work, row) if auth_method == "client_secret_basic" else NewSecret(row, None)


def describe(
    work: Work,
    row: OAuthClient,
    application: Application,
    *,
    name: str,
    grants: Sequence[str],
    auth_method: str,
    redirect_uris: Sequence[str],
    wanted: Sequence[str] | None,
    jwks: Mapping[str, Any] | None,
) -> None:
    """Write down what the client may do. Raises `Invalid` naming every field that is wrong."""
    problems = client_rules.wrong(name, grants, auth_method, redirect_uris, jwks)
    asked = scopes.cleaned(scopes.OPEN if wanted is None else wanted)
    if wanted is None:
        asked = [scope for scope in asked if scope in application.scopes]
    if not asked or not set(asked) <= set(application.scopes):
        problems["scopes"] = N_("Ứng dụng không có phạm vi này.")
    if problems:
        raise Invalid(fields=problems)
    added = [scope for scope in asked if scope not in (row.scopes or ())]
    scopes.require_held(work.caller, added, application.owner_org_id)
    row.name, row.auth_method = clean(name), auth_method
    row.type = "public" if auth_method == "none" else "confidential"
    row.grants, row.redirect_uris = list(dict.fromkeys(grants)), list(dict.fromkeys(redirect_uris))
    row.scopes, row.jwks = asked, dict(jwks) if jwks else None


def edit(work: Work, client: OAuthClient, changes: Mapping[str, Any]) -> None:
    """Change what is named of `EDITABLE`; how the client says who it is stays. Fewer scopes bind the tokens
    it has at once. Changed keys or grants may change in whose role it acts: see `_answer_for`.

    Raises `Invalid`, `ClientRevoked`, `InsufficientScope`.
    """
    application = work.session.get_one(Application, client.application_id)
    applications.require_edit(work, application)
    _require_live(client)
    held = {name: getattr(client, name) for name in EDITABLE}
    values = {**held, **{name: changes[name] for name in EDITABLE if name in changes}}
    wanted = values.pop("scopes")
    before = _ways_in(client)
    describe(work, client, application, auth_method=client.auth_method, wanted=wanted, **values)
    if _ways_in(client) != before:
        _answer_for(work, client, application)
    client.version = next_version(work)
    work.session.flush()
    audit.record(work, "client.edit", "client", client.id, {"fields": sorted(changes)})


def add_secret(work: Work, client: OAuthClient) -> NewSecret:
    """One more secret. Of those before it the newest stays good, so that it can be changed without a gap.
    In whose role the client acts may change: see `_answer_for`.

    Raises `NotAllowed`, `ClientRevoked`, `Invalid`, `InsufficientScope`.
    """
    application = work.session.get_one(Application, client.application_id)
    applications.require_edit(work, application)
    _answer_for(work, client, application)
    return draw_secret(work, client)


def _ways_in(client: OAuthClient) -> tuple[set[str], Mapping[str, Any] | None]:
    """How its tokens are come by."""
    return set(client.grants), client.jwks


def _answer_for(work: Work, client: OAuthClient, application: Application) -> None:
    """The caller opens a way to the client's tokens. An organisation's client acts in the role of one person:
    from here on in the caller's, unless that is more than it had, as who knows the secrets and keys from
    before has not got it. So nobody comes to act in the role of somebody above him.

    Operators, who need no role, leave the client whose it is. Raises `InsufficientScope`.
    """
    caller, home = work.caller, application.owner_org_id
    scopes.require_held(caller, client.scopes, home)
    if home is None or caller.operator:
        return
    maker = work.session.get(User, client.metadata_.get("created_by") or "")
    present = people.caller_of(work, maker) if maker is not None and maker.active else ANONYMOUS
    had, own = (policy.role_in(one, Action.APPLICATION_EDIT, home) for one in (present, caller))
    if own is not None and reaches(had, own):
        client.metadata_ = {**client.metadata_, "created_by": caller.user_id}
        client.version = next_version(work)


def add_secret_for_owner(work: Work, client_id: str) -> NewSecret:
    """The same for any client, by operators at the machine; it goes on to act for whom it did. Raises
    `NotAllowed`, `NotFound`, `ClientRevoked`, `Invalid`."""
    return draw_secret(work, known(work, client_id))


def draw_secret(work: Work, client: OAuthClient) -> NewSecret:
    """The same without asking who."""
    _require_live(client)
    if client.auth_method != "client_secret_basic":
        raise Invalid(fields={"auth_method": N_("Ứng dụng khách này không dùng bí mật.")})
    for old in live_secrets(work, client)[LIVE_SECRETS - 1 :]:
        old.expires_at = work.now
    text = secrets.draw(work.platform.settings.key_prefix, "cs")
    peppers = work.part(Peppers)
    row = ClientSecret(
        id=base62.draw(26),
        client_id=client.id,
        digest=peppers.digest(text),
        pepper_kid=peppers.current,
        display=secrets.shown(text),
        created=work.now,
        expires_at=work.now + SECRET_LIFE,
    )
    work.session.add(row)
    work.session.flush()
    audit.record(work, "client.secret", "client", client.id)
    return NewSecret(client, text, row)


def live_secrets(work: Work, client: OAuthClient) -> list[ClientSecret]:
    """Newest first."""
    query = (
        select(ClientSecret)
        .where(ClientSecret.client_id == client.id, ClientSecret.expires_at > work.now)
        .order_by(ClientSecret.created.desc(), ClientSecret.id)
    )
    return list(work.session.scalars(query))


def end_secret(work: Work, client: OAuthClient, secret_id: str) -> None:
    """One secret ends now. Raises `NotAllowed`, `NotFound` for one that has ended or is not the client's."""
    applications.require_edit(work, work.session.get_one(Application, client.application_id))
    found = next((secret for secret in live_secrets(work, client) if secret.id == secret_id), None)
    if found is None:
        raise NotFound
    end_found(work, client, found)


def secret_of(work: Work, text: str) -> ClientSecret | None:
    """The secret whose text this is, whether it has ended or not."""
    digests = list(work.part(Peppers).digests(text))
    return work.session.scalar(select(ClientSecret).where(ClientSecret.digest.in_(digests)))


def end_found(work: Work, client: OAuthClient, secret: ClientSecret) -> None:
    """The same without asking who."""
    secret.expires_at = work.now
    audit.record(work, "client.secret_end", "client", client.id, {"display": secret.display})


def get(work: Work, client_id: str) -> tuple[OAuthClient, Application]:
    """A client whose application the caller may see. Raises `NotFound`."""
    row = work.session.get(OAuthClient, client_id)
    if row is None:
        raise NotFound
    return row, applications.get(work, row.application_id)


def opened(work: Work, client_id: str) -> OAuthClient:
    """The same, once it is clear that the caller may change it."""
    row, application = get(work, client_id)
    applications.require_edit(work, application)
    return row


def listing(work: Work, *, limit: int = 500) -> list[OAuthClient]:
    """Every client, newest first, for operators."""
    policy.require(work.caller, Action.PLATFORM)
    query = select(OAuthClient).order_by(OAuthClient.created.desc(), OAuthClient.id).limit(limit)
    return list(work.session.scalars(query))


def known(work: Work, client_id: str) -> OAuthClient:
    """Any client, for operators. Raises `NotFound`."""
    policy.require(work.caller, Action.PLATFORM)
    row = work.session.get(OAuthClient, client_id)
    if row is None:
        raise NotFound
    return row


def _of(work: Work, application: Application) -> OAuthClient | None:
    """The live one, else the last that was."""
    query = select(OAuthClient).where(OAuthClient.application_id == application.id)
    order = (OAuthClient.revoked_at.is_not(None), OAuthClient.created.desc(), OAuthClient.id)
    return work.session.scalar(query.order_by(*order).limit(1))


def of(work: Work, application: Application) -> OAuthClient | None:
    """The client of an application the caller may see: the live one, else the last that was revoked."""
    return _of(work, applications.get(work, application.id))


def revoke(work: Work, client: OAuthClient, *, reason: str = "") -> None:
    """For good; its tokens end with it, in every worker within a second."""
    application = work.session.get_one(Application, client.application_id)
    applications.require_stop(work, application, reason)
    end(work, client, reason)


def end(work: Work, client: OAuthClient, reason: str) -> None:
    """Revoke without asking who."""
    if client.revoked_at is not None:
        return
    client.revoked_at, client.version = work.now, next_version(work)
    audit.record(work, "client.revoke", "client", client.id, {"reason": reason[:200]})


def _require_live(client: OAuthClient) -> None:
    if client.revoked_at is not None:
        raise ClientRevoked
