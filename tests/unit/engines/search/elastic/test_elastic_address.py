from pathlib import Path

import pytest

from opendata.engines.search.elastic.address import Address, BadSearchAddress, read_address


def test_a_bare_address_uses_the_usual_port_and_name() -> None:
    assert read_address("elasticsearch://search1") == Address(hosts=(("search1", 9200),))


def test_every_part_of_an_address_counts(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("bí mật\n")
    found = read_address(
        "elasticsearch://reader:x@a:9201,[::1]:9202,c/hai-phong?tls=true&ca_file=/etc/ca.pem&shards=3"
        f"&replicas=2&timeout=1.5&write_timeout=20&password_file={secret}"
    )
    assert found.urls == ["https://a:9201", "https://[::1]:9202", "https://c:9200"]
    assert (found.user, found.password, found.prefix) == ("reader", "bí mật", "hai-phong")
    assert (found.ca_file, found.shards, found.replicas) == ("/etc/ca.pem", 3, 2)
    assert (found.timeout, found.write_timeout) == (1.5, 20.0)


def test_secrets_are_not_shown() -> None:
    found = read_address("elasticsearch://u:s%40cret@a/x?api_key=k%C3%A9y")
    assert (found.password, found.api_key) == ("s@cret", "kéy")
    assert "cret" not in repr(found)
    assert "kéy" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "elasticsearch://",
        "elasticsearch://a,,b/x",
        "elasticsearch://a:port/x",
        "elasticsearch://a:99999/x",
        "elasticsearch://a/UPPER",
        "elasticsearch://a/_all",
        "elasticsearch://a/x*",
        "elasticsearch://a/x,y",
        "elasticsearch://a/x/y",
        "elasticsearch://a/x?unknown=1",
        "elasticsearch://a/x?tls=yes",
        "elasticsearch://a/x?shards=0",
        "elasticsearch://a/x?replicas=-1",
        "elasticsearch://a/x?timeout=0",
        "elasticsearch://a/x?timeout=nan",
        "elasticsearch://a/x?password_file=/nowhere/at/all",
    ],
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(BadSearchAddress):
        read_address(url)
