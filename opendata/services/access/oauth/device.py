"""The device grant (RFC 8628): a program without a browser shows a code, a person types it in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)
from sqlalchemy import func, select, update

from opendata.base.kit import base62
from opendata.base.kit.errors import N_, RateLimited
from opendata.base.kit.secrets import Peppers, fingerprint
from opendata.base.models import AuditEvent, DeviceCode
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.oauth import addresses, clients, families
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Person, Request

LIFE = timedelta(seconds=600)
INTERVAL = 5
SLOWER = 5
"""Seconds a device that asks too early waits more from then on."""
MOST_WRONG, WRONG_WITHIN = 5, timedelta(minutes=10)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_WRONG = "device.wrong_code"


class TooManyWrongCodes(RateLimited):
    message = N_("Đã nhập sai mã quá nhiều lần. Vui lòng thử lại sau mười phút.")


class DeviceEndpoint(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = addresses.METHODS
    EXPIRES_IN = int(LIFE.total_seconds())
    INTERVAL = INTERVAL

    def authenticate_client(self, request: Request) -> Client:
        client: Client = super().authenticate_client(request)
        if not client.check_grant_type(addresses.DEVICE):
            raise UnauthorizedClientError
        scope = client.get_allowed_scope(request.payload.scope)
        if scope is None:
            raise InvalidScopeError
        self._scope = scope
        self._resource = addresses.chosen(self.server.work.platform.settings, request.every("resource"))
        return client

    def generate_device_code(self) -> str:
        return base62.draw(43)

    def get_verification_uri(self) -> str:
        return f"{addresses.issuer(self.server.work.platform.settings)}/oauth/device"

    def save_device_credential(self, client_id: str, scope: str | None, data: Mapping[str, Any]) -> None:  # noqa: ARG002
        work: Work = self.server.work
        work.session.add(
            DeviceCode(
                digest=fingerprint(data["device_code"]),
                user_code_digest=work.part(Peppers).digest(_plain(data["user_code"])),
                pepper_kid=work.part(Peppers).current,
                client_id=client_id,
                scope=self._scope,
                resource=self._resource,
                interval=INTERVAL,
                expires_at=work.now + LIFE,
            )
        )
        work.session.flush()


class DeviceGrant(DeviceCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = addresses.METHODS

    def query_device_credential(self, device_code: str) -> "_Waiting":
        """Raises `InvalidGrantError` for a code that is unknown or another client's."""
        row = self.server.work.session.get(DeviceCode, fingerprint(device_code))
        if row is None or row.client_id != self.request.client.client_id:
            raise InvalidGrantError
        return _Waiting(row)

    def validate_device_credential(self, credential: "_Waiting") -> Person:
        work: Work = self.server.work
        row = credential.row
        if row.redeemed_at is not None:
            raise InvalidGrantError
        if row.expires_at <= work.now:
            raise ExpiredTokenError
        if row.status == "denied":
            raise AccessDeniedError
        if row.status != "approved":
            self._wait(row)
        return self._redeemed(row)

    def _wait(self, row: DeviceCode) -> None:
        work: Work = self.server.work
        early = row.next_poll_at is not None and work.now < row.next_poll_at
        interval = row.interval + (SLOWER if early else 0)
        after = work.now + timedelta(seconds=interval)
        pace = update(DeviceCode).where(DeviceCode.digest == row.digest)
        self.server.regardless(
            lambda later: later.session.execute(pace.values(interval=interval, next_poll_at=after))
        )
        raise SlowDownError if early else AuthorizationPendingError

    def _redeemed(self, row: DeviceCode) -> Person:
        """Of two that come at once one gets the tokens."""
        work: Work = self.server.work
        claimed = work.session.execute(
            update(DeviceCode)
            .where(DeviceCode.digest == row.digest, DeviceCode.redeemed_at.is_(None))
            .values(redeemed_at=work.now)
        )
        person = families.person_of(work, row.user_id)
        if claimed.rowcount != 1 or person is None:  # type: ignore[attr-defined]
            raise InvalidGrantError
        self.server.family = families.begin(work, row.client_id, person.id, row.scope)
        return Person(person.id)


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: DeviceCode

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_scope(self) -> str:
        return self.row.scope


# --- the person's side -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for a person to decide."""

    row: DeviceCode
    client: Client


def find(work: Work, user_code: str) -> Waiting | None:
    """The device that shows this code; None for a wrong one, which is counted. Raises
    `TooManyWrongCodes`, `SignInRequired`."""
    policy.require_self(work.caller)
    _require_few_wrong(work)
    digests = list(work.part(Peppers).digests(_plain(user_code)))
    row = work.session.scalar(
        select(DeviceCode)
        .where(DeviceCode.user_code_digest.in_(digests))
        .where(DeviceCode.status == "pending", DeviceCode.expires_at > work.now)
    )
    client = clients.usable(work, row.client_id) if row is not None else None
    if row is None or client is None:
        audit.record(work, _WRONG, "user", work.caller.user_id or "")
        return None
    return Waiting(row, client)


def decide(work: Work, waiting: Waiting, *, approved: bool) -> bool:
    """What the person says; False if somebody was faster."""
    policy.require_self(work.caller)
    decided = work.session.execute(
        update(DeviceCode)
        .where(DeviceCode.digest == waiting.row.digest, DeviceCode.status == "pending")
        .values(status="approved" if approved else "denied", user_id=work.caller.user_id)
    )
    audit.record(work, f"device.{'approve' if approved else 'deny'}", "client", waiting.client.client_id)
    return bool(decided.rowcount == 1)  # type: ignore[attr-defined]


def _require_few_wrong(work: Work) -> None:
    wrong = select(func.count()).where(
        AuditEvent.object_type == "user",
        AuditEvent.object_id == work.caller.user_id,
        AuditEvent.action == _WRONG,
        AuditEvent.at > work.now - WRONG_WITHIN,
    )
    if (work.session.scalar(wrong) or 0) >= MOST_WRONG:
        raise TooManyWrongCodes(retry_after=int(WRONG_WITHIN.total_seconds()))


def _plain(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign in LETTERS)[:32]
