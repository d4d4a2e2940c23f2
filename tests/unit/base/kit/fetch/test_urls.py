"""One parser, one canonical form."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.kit.fetch.errors import SchemeNotAllowed
from opendata.base.kit.fetch.urls import join_url, parse_url, without_secrets


def notations(address: str, rng: random.Random) -> list[str]:
    """Ways in which resolvers have read one IPv4 address."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = (a << 24) | (b << 16) | (c << 8) | d
    bases = [str, lambda n: f"0{n:o}", lambda n: f"0x{n:x}", lambda n: f"0X{n:X}", lambda n: f"000{n:o}"]
    pick = lambda: rng.choice(bases)  # noqa: E731
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    return [
        *(base(number) for base in bases),
        f"{pick()(a)}.{pick()(number & 0xFFFFFF)}",
        f"{pick()(a)}.{pick()(b)}.{pick()(number & 0xFFFF)}",
        ".".join(pick()(part) for part in (a, b, c, d)),
        address + ".",
        address.translate(wide),
        address.replace(".", "。"),
        f"[::ffff:{address}]",
        f"[::ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[0:0:0:0:0:FFFF:{address}]",
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.20.4.7", "192.168.1.1", "0.0.0.0"])
def test_every_notation_of_an_address_comes_out_as_that_address(address):
    rng = random.Random(7)
    for host in notations(address, rng):
        assert parse_url(f"http://{host}/").host == address, host


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/hostname",
        "ftp://a.example/",
        "gopher://a.example/",
        "data:text/plain,a",
        "javascript:alert(1)",
        "//a.example/",
        "/duong/dan",
        "khong phai url",
        "",
        "http:///x",
        "http://",
        "http://a b.example/",
        "http://a.example/\r\nHost: b",
        "http://a.example\\@b.example/",
        "http://user@a.example/",
        "http://user:secret@a.example/",
        "http://a.example:0/",
        "http://a.example:/",
        "http://a.example:99999/",
        "http://a.example:8o/",
        "http://exa%6dple.com/",
        "http://127.0.0.1%2f@a.example/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://08.1.1.1/",
        "http://a..b/",
        "http://-a.example/",
        "http://" + "a" * 9000,
        "http://a.example/\ud800",
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(text):
    with pytest.raises(SchemeNotAllowed):
        parse_url(text)


@pytest.mark.parametrize(
    ("given_text", "canonical"),
    [
        ("HTTP://Data.Example:80/a/../b/./c?x=1#f", "http://data.example/b/c?x=1"),
        ("https://data.example:443", "https://data.example/"),
        ("https://data.example./", "https://data.example/"),
        ("http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("https://dữ-liệu.vn/Cảng?q=á", "https://xn--d-liu-u3a0815b.vn/C%E1%BA%A3ng?q=%C3%A1"),
        ("http://a.example/%zz?q=%C3%A1", "http://a.example/%25zz?q=%C3%A1"),
        ("http://a_b.example/{id}", "http://a_b.example/%7Bid%7D"),
    ],
)
def test_the_canonical_form(given_text, canonical):
    if "xn--" in canonical:
        assert parse_url(given_text).host.startswith("xn--")
        assert str(parse_url(given_text)).endswith("/C%E1%BA%A3ng?q=%C3%A1")
    else:
        assert str(parse_url(given_text)) == canonical
    assert str(parse_url(str(parse_url(given_text)))) == str(parse_url(given_text))


@given(st.text(max_size=60))
def test_any_text_is_either_refused_or_stable(text):
    for candidate in (text, "http://" + text, "http://a.example/" + text):
        try:
            url = parse_url(candidate)
        except SchemeNotAllowed:
            continue
        assert parse_url(str(url)) == url
        assert str(url).isascii()
        assert url.host.isascii()


def test_references_go_through_the_same_parser():
    base = parse_url("https://a.example/x/y?z")
    assert str(join_url(base, "../p?q=1")) == "https://a.example/p?q=1"
    assert str(join_url(base, "//0x7f.1/")) == "https://127.0.0.1/"
    with pytest.raises(SchemeNotAllowed):
        join_url(base, "file:///etc/hostname")


def test_logs_show_neither_user_information_nor_query():
    assert without_secrets("https://u:p@a.example/x?token=1#f") == "https://a.example/x"
