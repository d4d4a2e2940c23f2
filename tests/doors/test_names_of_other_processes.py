"""Names that another process changed are told by this one too, though the index says nothing of them."""

import pytest

from opendata.base.models import Organization
from opendata.base.runtime import SYSTEM
from opendata.engines.search import SearchIndex
from opendata.services.access.changes import Changes
from opendata.services.catalog import organizations, register, search
from opendata.services.catalog.register import Register
from opendata.testing.web import City


@pytest.fixture
def elsewhere(city: City, monkeypatch):
    """This process does not apply what the test changes: another one does."""
    monkeypatch.setitem(city.platform.handlers, "organization", lambda _platform, _entries: None)
    monkeypatch.setattr(register, "OLD_SECONDS", 0.0)


def watch(city: City) -> None:
    """As the thread of a server does."""
    for beside in city.platform.part(Changes)._beside:
        beside.task()


def bodies(city: City) -> dict[str, tuple[str, ...]]:
    generation = city.platform.part(SearchIndex).info().generation
    names = city.platform.part(Register).names(generation)
    return {slug: body.successors for slug, body in names.bodies.items()}


@pytest.mark.usefixtures("elsewhere")
def test_a_body_and_its_successor_are_told_and_end_remembered_pages(city: City):
    before, known = search.state(city.platform), bodies(city)
    with city.platform.work(SYSTEM) as work:
        new = organizations.create(work, {"vi": "Sở Mới"})
        own = work.session.get_one(Organization, city.own)
        organizations.succeed(work, own, [new], on_date="2025-07-01")
        slugs = own.slug, new.slug
    assert (search.state(city.platform), bodies(city)) == (before, known)
    watch(city)
    assert bodies(city)[slugs[0]] == (slugs[1],)
    assert search.state(city.platform) != before


@pytest.mark.usefixtures("elsewhere")
def test_remembered_pages_stay_where_no_name_changed(city: City):
    before = search.state(city.platform)
    watch(city)
    assert search.state(city.platform) == before
