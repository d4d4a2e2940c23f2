"""What was shown at the door, and every way it can be refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from opendata.base.kit.errors import N_, Invalid, NotAllowed, OpenDataError
from opendata.base.runtime import Caller

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
NOTICE = timedelta(days=30)


class CredentialRefused(OpenDataError):
    """A credential is there and not good: refused, never taken for nobody."""

    status = 401


class KeyMalformed(CredentialRefused):
    code = "key_malformed"
    message = N_("Khóa bị thiếu hoặc gõ sai: không đúng dạng của một khóa.")


class KeyUnknown(CredentialRefused):
    code = "key_unknown"
    message = N_("Không có khóa này.")


class KeyRevoked(CredentialRefused):
    code = "key_revoked"
    message = N_("Khóa này đã bị thu hồi.")


class TokenInvalid(CredentialRefused):
    code = "invalid_token"
    message = N_("Mã truy cập không đúng hoặc đã hết hạn.")


class KeyExpired(NotAllowed):
    code = "key_expired"
    message = N_("Khóa này đã hết hạn.")


class ApplicationSuspended(NotAllowed):
    code = "app_suspended"
    message = N_("Ứng dụng này đang bị dừng.")


class AccountBlocked(NotAllowed):
    code = "account_blocked"
    message = N_("Tài khoản của khóa này đang bị khóa.")


class NetworkNotAllowed(NotAllowed):
    code = "network_not_allowed"
    message = N_("Khóa này không dùng được từ địa chỉ mạng của bạn.")


class OriginNotAllowed(NotAllowed):
    code = "origin_not_allowed"
    message = N_("Khóa này không dùng được từ trang web này.")


class ProductNotAllowed(NotAllowed):
    code = "product_not_allowed"
    message = N_("Khóa này chỉ dùng được cho những sản phẩm mà nó được gắn.")


class QueryKeyNotAllowed(NotAllowed):
    code = "query_key_not_allowed"
    message = N_("Khóa này phải được gửi trong tiêu đề X-Api-Key, không trong địa chỉ.")


class Ambiguous(Invalid):
    code = "ambiguous_request"
    status = 400
    message = N_("Yêu cầu mang nhiều hơn một khóa. Chỉ gửi một khóa, ở một chỗ.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key or token that was found good, with all that is decided from it on every call.

    `owner` is what limits and quotas hang on. `caller` has the rights its person held when it was read; it
    is read anew within a second of any change. `people` are all whose accounts decided, in use or blocked: a
    change of any of them counts.
    """

    kind: str
    id: str
    application_id: str
    owner: str
    env: str
    scopes: frozenset[str]
    expires_at: datetime
    caller: Caller
    people: frozenset[str]
    client_id: str | None = None
    products: frozenset[str] = frozenset()
    """By slug; empty where it is bound to none."""
    networks: tuple[Network, ...] = ()
    origins: frozenset[str] = frozenset()
    replaced: bool = False
    refusal: type[OpenDataError] | None = None
    """Why it is refused whatever is asked: revoked, suspended, blocked."""

    def require_usable(self, now: datetime, address: Address | None, origin: str | None) -> None:
        """Raises the refusal that applies first."""
        if self.refusal is not None:
            raise self.refusal
        if now >= self.expires_at:
            raise KeyExpired if self.kind == "key" else TokenInvalid
        if self.networks and not _within(address, self.networks):
            raise NetworkNotAllowed
        if self.origins and origin not in self.origins:
            raise OriginNotAllowed

    def ends_soon(self, now: datetime) -> bool:
        """Whether answers tell of its end: in the overlap of a rotation, and in a key's last 30 days."""
        return self.kind == "key" and (self.replaced or self.expires_at - now <= NOTICE)


def _within(address: Address | None, networks: tuple[Network, ...]) -> bool:
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )
