"""Which numeric addresses may be dialled.

Only globally reachable unicast. The table follows the IANA registries of special-purpose IPv4 and IPv6
addresses (RFC 6890 and its updates) and is our own, because the standard library calls ranges global
that are not public. An address that carries another (mapped, 6to4, NAT64, Teredo, ISATAP) is judged by
both.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space of providers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # former 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = (IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96"))
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",  # documentation
    )
)
#: Refused even where the operator lists the network: nothing of a department lives there.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "fd00:ec2::254/128",
    )
)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_own(address: Address) -> bool:
    """Whether this machine holds the address: only its own addresses can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What the operator's file opens. Nothing in the database, the pages or the API can change it.

    `allow_networks` opens private networks, except link-local, metadata, multicast and this machine's own
    addresses. `allow_loopback` is for development and tests only and opens every port there.
    """

    allow_networks: tuple[Network, ...] = ()
    allow_ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    allow_loopback: bool = False
    own: Callable[[Address], bool] = field(default=is_own, repr=False)

    def refusal(self, address: Address, port: int, *, public_only: bool = False) -> str | None:
        """Why this address and port may not be dialled, or None.

        `public_only` holds after a hop through a public host: it must not lead into a private network.
        """
        plain = unwrapped(address)
        if self.allow_loopback and plain.is_loopback:
            return None
        if port not in self.allow_ports:
            return f"port {port} is not listed"
        for part in (plain, *carried(plain)):
            if not (is_public(part) or (not public_only and self._opened(part))):
                return "not a public address"
        return "an address of this machine" if self.own(plain) else None

    def _opened(self, address: Address) -> bool:
        if any(address in network for network in _NEVER) or address.is_loopback:
            return False
        return any(address in network for network in self.allow_networks)


def is_public(address: Address) -> bool:
    """Globally reachable unicast, whatever the address may carry inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return any(address in network for network in _PUBLIC_6) and not any(
        address in network for network in _NOT_PUBLIC_6
    )


def unwrapped(address: Address) -> Address:
    """An IPv4-mapped address is dialled as the IPv4 address it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def carried(address: Address) -> tuple[Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to by translation or tunnel."""
    if isinstance(address, IPv4Address):
        return ()
    found: list[Address] = []
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64) or address in _COMPATIBLE:
        found.append(low)
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        found.append(low)
    if address.sixtofour:
        found.append(address.sixtofour)
    if address.teredo:
        found.extend(address.teredo)
    return tuple(found)


def parse_address(text: str) -> Address | None:
    """A numeric address as the resolver gives it; a zone index is cut off."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
