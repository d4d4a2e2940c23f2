"""Which addresses may be dialled, in whatever notation and however wrapped."""

import random
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from opendata.base.kit.fetch.addresses import AddressPolicy, is_own, is_public

NOT_OWN = {"own": lambda _: False}
CLOSED = AddressPolicy(**NOT_OWN)

PRIVATE_4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
).split()
PRIVATE_6 = (
    "::/128 ::1/128 100::/64 64:ff9b:1::/48 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 "
    "fe80::/10 fec0::/10 ff00::/8"
).split()
PUBLIC = ("1.1.1.1", "203.162.4.191", "100.128.0.1", "172.32.0.1", "2400:cb00::1", "2606:4700::1111")


def inside(network, seed):
    """First, last and a few addresses of a network."""
    block = ip_network(network)
    low, high = int(block.network_address), int(block.broadcast_address)
    rng = random.Random(seed)
    kind = IPv4Address if block.version == 4 else IPv6Address
    return [kind(number) for number in {low, high, *(rng.randint(low, high) for _ in range(20))}]


@pytest.fixture
def seed(request):
    number = random.SystemRandom().randint(0, 1 << 30)
    print("seed", number)
    return number


@pytest.mark.parametrize("network", PRIVATE_4 + PRIVATE_6)
def test_no_special_purpose_address_is_dialled(network, seed):
    assert [a for a in inside(network, seed) if CLOSED.refusal(a, 443) is None] == []


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_dialled_on_listed_ports_only(text):
    assert CLOSED.refusal(ip_address(text), 443) is None
    assert CLOSED.refusal(ip_address(text), 22)


def wrapped(address: IPv4Address):
    number = int(address)
    return {
        "mapped": IPv6Address((0xFFFF << 32) | number),
        "compatible": IPv6Address(number),
        "nat64": IPv6Address((0x0064FF9B << 96) | number),
        "local nat64": IPv6Address((0x0064FF9B0001 << 80) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "teredo server": IPv6Address((0x20010000 << 96) | (number << 64) | 0xFFFFFFFF),
        "teredo client": IPv6Address((0x20010000 << 96) | (0x01010101 << 64) | (number ^ 0xFFFFFFFF)),
        "isatap": IPv6Address((0x24000000 << 96) | (0x5EFE << 32) | number),
    }


@pytest.mark.parametrize("network", PRIVATE_4)
def test_an_address_carried_inside_another_is_judged_too(network, seed):
    for inner in inside(network, seed):
        for kind, outer in wrapped(inner).items():
            assert CLOSED.refusal(outer, 443), (kind, outer)


def test_translated_public_addresses_may_be_dialled():
    outer = wrapped(IPv4Address("1.1.1.1"))
    assert CLOSED.refusal(outer["nat64"], 443) is None
    assert CLOSED.refusal(outer["mapped"], 443) is None


def test_the_operators_list_opens_a_private_network_and_nothing_else():
    policy = AddressPolicy(allow_networks=(ip_network("10.20.0.0/16"),), **NOT_OWN)
    assert policy.refusal(ip_address("10.20.4.7"), 8080) is None
    assert policy.refusal(ip_address("::ffff:10.20.4.7"), 8080) is None
    assert policy.refusal(ip_address("10.21.4.7"), 8080)
    assert policy.refusal(ip_address("10.20.4.7"), 5432)
    assert policy.refusal(ip_address("64:ff9b::a14:407"), 8080) is None


def test_a_private_network_stays_closed_behind_a_public_host():
    policy = AddressPolicy(allow_networks=(ip_network("10.20.0.0/16"),), **NOT_OWN)
    assert policy.refusal(ip_address("10.20.4.7"), 8080, public_only=True)


@pytest.mark.parametrize(
    "text", ["169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "100.100.100.200"]
)
def test_some_addresses_stay_refused_even_if_everything_is_listed(text):
    policy = AddressPolicy(allow_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), **NOT_OWN)
    assert policy.refusal(ip_address(text), 443)
    assert all(policy.refusal(outer, 443) for outer in wrapped(IPv4Address(text)).values())


@pytest.mark.parametrize("text", ["::1", "fe80::1", "ff02::1", "::", "fd00:ec2::254"])
def test_some_v6_addresses_stay_refused_even_if_everything_is_listed(text):
    assert AddressPolicy(allow_networks=(ip_network("::/0"),), **NOT_OWN).refusal(ip_address(text), 443)


def test_the_platforms_own_addresses_are_refused_even_if_listed():
    policy = AddressPolicy(
        allow_networks=(ip_network("10.0.0.0/8"),), own=lambda a: a == ip_address("10.1.1.1")
    )
    assert policy.refusal(ip_address("10.1.1.1"), 443)
    assert policy.refusal(ip_address("10.1.1.2"), 443) is None
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address("1.1.1.1"))


def test_loopback_opens_for_tests_with_any_port():
    policy = AddressPolicy(allow_loopback=True)
    assert policy.refusal(ip_address("127.0.0.1"), 5000) is None
    assert policy.refusal(ip_address("::1"), 5000) is None
    assert policy.refusal(ip_address("169.254.1.1"), 80)


def test_every_public_v6_address_lies_in_the_global_unicast_block(seed):
    rng = random.Random(seed)
    for _ in range(2000):
        address = IPv6Address(rng.getrandbits(128))
        if is_public(address):
            assert address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")
