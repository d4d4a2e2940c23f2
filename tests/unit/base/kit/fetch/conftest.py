"""A fetcher whose clock and sleep stand still unless a test says otherwise."""

import time

import pytest

from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher

LOOPBACK = AddressPolicy(allow_loopback=True)


@pytest.fixture
def naps():
    """The seconds a fetcher would have slept."""
    return []


@pytest.fixture
def make_fetcher(naps):
    made = []

    def make(policy=LOOPBACK, **options):
        options.setdefault("clock", time.monotonic)
        fetcher = Fetcher(
            policy,
            user_agent="opendata-harvest/test",
            sleep=naps.append,
            jitter=lambda low, high: high,
            **options,
        )
        made.append(fetcher)
        return fetcher

    yield make
    for fetcher in made:
        fetcher.close()


@pytest.fixture
def fetcher(make_fetcher):
    return make_fetcher()
