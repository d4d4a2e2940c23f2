"""Operators see who calls without a key, and whoever is slowed down, however seldom he calls."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.base.models import UsageNetwork
from opendata.base.runtime import SYSTEM
from opendata.services.plans import archive, network_sums, reports
from opendata.services.plans.meter import Meter
from opendata.testing.web import City

URL = "/api/v1/datasets?size=1"


def ask(city: City, remote: str, times: int, key: str = "") -> list[int]:
    headers = {"X-Api-Key": key} if key else {}
    client = city.client()
    there = {"REMOTE_ADDR": remote}
    return [client.get(URL, headers=headers, environ_base=there).status_code for _ in range(times)]


def seen(city: City, grain: str = "hour") -> Any:
    city.platform.part(Meter).count()
    return city.client("operator").get(f"/api/v1/usage?grain={grain}").get_json()


@pytest.mark.parametrize("grain", ["minute", "hour", "day", "month"])
def test_calls_without_a_key_are_seen_by_network_and_nobody_alone(city: City, grain: str) -> None:
    ask(city, "203.0.113.5", 3)
    ask(city, "203.0.113.77", 2)
    ask(city, "2001:db8:5:1::1", 4)
    ask(city, "198.18.0.9", 9, city.key_of("member"))
    found = seen(city, grain)
    assert [(row["network"], row["calls"], row["throttled"]) for row in found["networks"]] == [
        ("203.0.113.0/24", 5, 0),
        ("2001:db8:5::/48", 4, 0),
    ]
    assert found["networks"][0]["bytes"] > 0
    assert found["throttled"] == found["throttled_networks"] == []
    assert "203.0.113.5" not in str(found)
    assert "198.18" not in str(found), "who calls with a key is its application"


def test_whoever_is_slowed_down_is_seen_beyond_the_busiest(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.limit("basic", "1000/day")
    city.limit("anonymous", "1000/day")
    busy, slowed = city.key_of("editor"), city.key_of("member")
    ask(city, "192.0.2.1", 8, busy)
    ask(city, "192.0.2.1", 7)
    city.limit("basic", "2/day")
    city.limit("anonymous", "2/day")
    assert ask(city, "203.0.113.5", 4, slowed) == [200, 200, 429, 429]
    assert ask(city, "203.0.113.9", 5) == [200, 200, 429, 429, 429]
    monkeypatch.setattr(reports, "TOP", 1)
    found = seen(city)
    assert [row["calls"] for row in found["applications"]] == [12]
    assert [(row["network"], row["calls"]) for row in found["networks"]] == [("192.0.2.0/24", 7)]
    monkeypatch.setattr(reports, "TOP", 20)
    found = seen(city)
    assert [(row["throttled"], row["calls"], row["name"][:6]) for row in found["throttled"]] == [
        (2, 4, "member")
    ]
    assert [
        (row["network"], row["throttled"], row["client_errors"]) for row in found["throttled_networks"]
    ] == [("203.0.113.0/24", 3, 3)]
    for prefix, words in (("", "Bị giới hạn nhiều nhất"), ("/en", "Slowed down most")):
        page = city.client("operator").get(f"{prefix}/operator/usage?grain=day").text
        assert words in page
        assert "203.0.113.0/24" in page


def test_networks_are_kept_no_longer_than_the_calls_themselves(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(city, "203.0.113.5", 2)
    city.platform.part(Meter).count()
    began = city.platform.clock()

    def grains_after(days: int) -> set[str]:
        monkeypatch.setattr(city.platform, "clock", lambda: began + timedelta(days=days))
        archive.prune(city.platform)
        with city.platform.read(SYSTEM) as work:
            return set(work.session.scalars(select(UsageNetwork.grain)))

    assert grains_after(0) == {"hour", "day"}
    assert grains_after(8) == {"day"}
    assert grains_after(92) == set()
    assert network_sums.KEPT["day"] <= archive.RAW_KEPT
