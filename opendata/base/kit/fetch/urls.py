"""The one URL parser: what is stored, judged, compared and dialled is the same canonical form.

Anything two parsers could read in two ways is refused: user information, backslashes, blanks, percent signs
in the host, numbers that only look like an address.
"""

import re
import string
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

import idna

from opendata.base.kit.fetch.errors import SchemeNotAllowed

_MAX_LENGTH = 8000
_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff\\]")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_KEPT = string.ascii_letters + string.digits + "-._~:/?[]@!$&'()*+,;=%"
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Url:
    """`host` is lower case ASCII without brackets; `target` is path and query, percent-encoded."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and port (RFC 6454), the default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.target


def parse_url(text: str) -> Url:
    """The canonical form of an absolute http(s) URL, without fragment. Raises SchemeNotAllowed."""
    if len(text) > _MAX_LENGTH or _FORBIDDEN.search(text):
        raise SchemeNotAllowed(_shown(text), "characters that no URL holds")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SchemeNotAllowed(_shown(text), "not a URL") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.netloc:
        raise SchemeNotAllowed(_shown(text), "only http and https")
    if "@" in parts.netloc or parts.netloc.endswith(":"):
        raise SchemeNotAllowed(_shown(text), "user information or an empty port")
    if port == 0:
        raise SchemeNotAllowed(_shown(text), "port 0")
    target = _encoded(parts.path or "/") + (f"?{_encoded(parts.query)}" if parts.query else "")
    return Url(scheme, _host(parts.hostname or "", text), port or _PORTS[scheme], _without_dots(target))


def join_url(base: Url, reference: str) -> Url:
    """A reference of a page or a Location header, resolved against where it stood."""
    if _FORBIDDEN.search(reference):
        raise SchemeNotAllowed(_shown(reference), "characters that no URL holds")
    try:
        return parse_url(urljoin(str(base), reference))
    except ValueError as error:
        raise SchemeNotAllowed(_shown(reference), "not a URL") from error


def without_secrets(text: str) -> str:
    """A URL for logs and events: no user information, no query."""
    return re.sub(r"//[^/@\s]*@", "//", text.partition("?")[0].partition("#")[0])[:300]


def _shown(text: str) -> str:
    return _FORBIDDEN.sub("?", without_secrets(text[:400]))


def _host(host: str, text: str) -> str:
    if ":" in host:
        return _ipv6(host, text)
    name = host.lower() if host.isascii() else _ascii(host, text)
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.match(labels[-1]):
        return _ipv4(labels, text)
    if len(name) > 253 or not all(_HOST_LABEL.match(label) for label in labels):
        raise SchemeNotAllowed(_shown(text), "not a host name")
    return name


def _ascii(host: str, text: str) -> str:
    """An internationalised name in its form for resolvers (UTS 46)."""
    try:
        return idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise SchemeNotAllowed(_shown(text), "not a host name") from error


def _ipv6(host: str, text: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError as error:
        raise SchemeNotAllowed(_shown(text), "not an IPv6 address") from error
    if address.scope_id:
        raise SchemeNotAllowed(_shown(text), "an address with a zone")
    return str(address.ipv4_mapped or address)


def _ipv4(labels: list[str], text: str) -> str:
    """Decimal, octal, hexadecimal and short notations, as the resolvers of operating systems read them."""
    numbers = [_number(label, text) for label in labels]
    last = numbers.pop()
    if len(numbers) > 3 or any(number > 255 for number in numbers) or last >= 256 ** (4 - len(numbers)):
        raise SchemeNotAllowed(_shown(text), "not an IPv4 address")
    for position, number in enumerate(numbers):
        last += number << (8 * (3 - position))
    return str(IPv4Address(last))


def _number(label: str, text: str) -> int:
    if not _NUMBER.match(label) or len(label) > 20:
        raise SchemeNotAllowed(_shown(text), "not an IPv4 address")
    try:
        if label.startswith("0x"):
            return int(label[2:] or "0", 16)
        return int(label, 8 if label.startswith("0") and len(label) > 1 else 10)
    except ValueError as error:
        raise SchemeNotAllowed(_shown(text), "not an IPv4 address") from error


def _encoded(part: str) -> str:
    return quote(_LOOSE_PERCENT.sub("%25", part), safe=_KEPT)


def _without_dots(target: str) -> str:
    """Dot segments resolved (RFC 3986, 5.2.4), so that one resource has one address."""
    path, mark, query = target.partition("?")
    if "/." not in path:
        return target
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept) + mark + query
