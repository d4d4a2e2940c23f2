"""Networks behind which many share an address count as several, by the operator's word."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from opendata.app import create_app
from opendata.base.kit.errors import Invalid
from opendata.doors.http.networks import Networks
from opendata.testing.web import City

URL = "/api/v1/licences"


def listing(city: City, **listed: Any) -> FlaskClient:
    object.__setattr__(city.platform.settings, "network_multipliers", listed["networks"])
    return create_app(platform=city.platform).test_client()


def passed(client: FlaskClient, remote: str, tries: int) -> int:
    seen = [client.get(URL, environ_base={"REMOTE_ADDR": remote}).status_code for _ in range(tries)]
    return seen.count(200)


def test_a_school_behind_one_address_has_as_much_as_twenty(city: City) -> None:
    city.limit("anonymous", "3/hour", "5/second burst 5")
    client = listing(city, networks={"192.0.2.7/32": 20, "2001:db8:5::/48": 2})
    school = client.get(URL, environ_base={"REMOTE_ADDR": "::ffff:192.0.2.7"})
    assert school.headers["RateLimit-Policy"] == '"hour";q=60;w=3600, "second";q=100;w=1'
    assert passed(client, "192.0.2.7", 62) == 59
    assert passed(client, "192.0.2.8", 5) == 3
    assert passed(client, "2001:db8:5::1", 8) == 6
    assert passed(client, "2001:db8:6::1", 5) == 3


def test_the_narrowest_network_counts() -> None:
    networks = Networks({"10.0.0.0/8": 2, "10.1.0.0/16": 30, "10.1.2.3/32": 7})
    remotes = ("10.9.9.9", "10.1.9.9", "10.1.2.3", "192.0.2.1", None, "::1")
    assert [networks.factor(remote) for remote in remotes] == [2, 30, 7, 1, 1, 1]


@pytest.mark.parametrize(
    "wrong", [{"10.0.0.1/8": 2}, {"school": 2}, {"10.0.0.0/8": 0}, {"10.0.0.0/8": 1.5}, {"::/0": 10**6}]
)
def test_a_list_that_cannot_be_meant_stops_the_start(city: City, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        listing(city, networks=wrong)
