"""What may be said of an OAuth2 client: its ways back, its keys, how it says who it is."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from authlib.common.security import is_secure_transport
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from opendata.base.kit.errors import N_
from opendata.base.kit.vietnamese import clean
from opendata.services.access.oauth import addresses

MOST_REDIRECTS, LONGEST_REDIRECT = 20, 2000
MOST_KEYS, SHORTEST_RSA = 10, 2048


def wrong(
    name: str,
    grants: Sequence[str],
    auth_method: str,
    redirect_uris: Sequence[str],
    jwks: Mapping[str, Any] | None,
) -> dict[str, str]:
    """What is wrong with each of these, by field."""
    problems: dict[str, str] = {}
    if not 1 <= len(clean(name)) <= 100:
        problems["name"] = N_("Cần có tên.")
    if auth_method not in addresses.METHODS:
        problems["auth_method"] = N_("Không có cách xác thực này.")
    if not grants or not set(grants) <= set(addresses.GRANTS):
        problems["grants"] = N_("Không có cách cấp này.")
    if auth_method == "none" and addresses.CREDENTIALS in grants:
        problems["grants"] = N_("Ứng dụng khách công khai không tự nhận mã truy cập được.")
    if addresses.CODE in grants and not redirect_uris:
        problems["redirect_uris"] = N_("Cần ít nhất một địa chỉ quay về.")
    if len(redirect_uris) > MOST_REDIRECTS or not all(map(is_redirect, redirect_uris)):
        problems["redirect_uris"] = N_("Địa chỉ quay về phải là https, không có phần sau dấu #.")
    if (auth_method == "private_key_jwt") != (jwks is not None) or (jwks and not _are_public_keys(jwks)):
        problems["jwks"] = N_("Cần bộ khóa công khai EC P-256 hoặc RSA từ 2048 bit.")
    return problems


def is_redirect(text: Any) -> bool:
    """https, or http to this machine (RFC 8252 §7.3); absolute, without fragment and user."""
    if not isinstance(text, str) or not text.isascii() or len(text) > LONGEST_REDIRECT or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if parts.fragment or "#" in text or "@" in parts.netloc or not parts.hostname:
        return False
    return not set(text) & set('"\\<>\r\n\t') and bool(is_secure_transport(text))


def _are_public_keys(jwks: Mapping[str, Any]) -> bool:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        return False
    if any(not isinstance(key, dict) or {"d", "k", "p", "q"} & set(key) for key in keys):
        return False
    try:
        return all(map(_is_strong, KeySet.import_key_set({"keys": keys}).keys))
    except (JoseError, ValueError, TypeError, KeyError):
        return False


def _is_strong(key: Any) -> bool:
    if isinstance(key, RSAKey):
        return bool(key.raw_value.key_size >= SHORTEST_RSA)
    return isinstance(key, ECKey) and key.curve_name == "P-256"
