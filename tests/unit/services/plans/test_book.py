"""Which plan counts for a call where the database does not tell."""

from contextlib import contextmanager

import pytest

from opendata.base.kit.errors import Unavailable
from opendata.base.runtime import Platform
from opendata.services.access.changes import Changes
from opendata.services.plans.book import PlanBook


@contextmanager
def away(*_):
    raise Unavailable
    yield


def test_while_the_database_is_away_each_call_goes_by_the_same_terms(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing that was leased by them would be used again."""
    book = PlanBook(platform, Changes(platform))
    monkeypatch.setattr(platform, "read", away)
    assert book.anonymous().serial == book.anonymous().serial
    assert book.anonymous(5).serial == book.anonymous(5).serial != book.anonymous().serial
    assert book.of("user:a").serial == book.of("user:a").serial
