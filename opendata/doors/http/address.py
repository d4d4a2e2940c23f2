"""From where a request comes: the first hop that the operator's proxies do not vouch for."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import request

Address = IPv4Address | IPv6Address


def client() -> Address | None:
    """Canonical: an IPv4 address written as IPv6 is the IPv4 address. None where the server tells none."""
    return canonical(request.remote_addr)


@lru_cache(maxsize=20_000)
def canonical(text: str | None) -> Address | None:
    try:
        found = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=20_000)
def network(text: str | None) -> str:
    """The block of an address as it is written, remembered: the same few ask all the time."""
    return block(canonical(text))


def block(address: Address | None) -> str:
    """What one subscriber holds: the address itself, or the /64 around an IPv6 address."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)
