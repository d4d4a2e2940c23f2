"""Networks behind which many share an address, as the settings list them."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network
MOST = 1000


def read_factors(listed: Mapping[str, int]) -> list[tuple[Network, int]]:
    """Networks with as how many addresses each of theirs counts, the narrowest first. Raises ValueError."""
    found = [(ip_network(text), factor) for text, factor in listed.items()]
    if wrong := [factor for _, factor in found if type(factor) is not int or not 1 <= factor <= MOST]:
        raise ValueError(f"{wrong[0]!r}: 1–{MOST}")
    return sorted(found, key=lambda item: item[0].prefixlen, reverse=True)
