"""What is public stays fit for the public."""

from dataclasses import replace

import pytest

from opendata.base.kit.errors import NotAllowed
from opendata.base.models import Dataset, Organization, User
from opendata.base.runtime import SYSTEM
from opendata.services.access import people
from opendata.services.catalog import datasets
from opendata.services.catalog.gate import NotPublishable
from opendata.testing.web import City, city

__all__ = ["city"]


def edit_as(city: City, role: str, **changes: object) -> None:
    with city.platform.read() as work:
        caller = people.caller_of(work, work.session.get_one(User, city.users[role]))
    with city.platform.work(caller) as work:
        dataset = work.session.get_one(Dataset, city.published)
        datasets.edit(work, dataset, replace(datasets.record_of(work, dataset), **changes))  # type: ignore[arg-type]


def test_an_edit_of_a_published_dataset_passes_the_gate(city: City) -> None:
    with pytest.raises(NotPublishable) as refused:
        edit_as(city, "editor", license="notspecified")
    assert "license" in refused.value.fields
    assert city.client().get(f"/api/v1/datasets/{city.published}").json["license"] == "cc-by-4.0"


def test_a_good_edit_of_a_published_dataset_is_public(city: City) -> None:
    edit_as(city, "editor", license="cc0")
    assert city.client().get(f"/api/v1/datasets/{city.published}").json["license"] == "cc0"


def test_where_two_must_look_an_editor_alone_changes_nothing_public(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        work.session.get_one(Organization, city.own).second_approval = True
    with pytest.raises(NotAllowed):
        edit_as(city, "editor", license="cc0")
    edit_as(city, "reviewer", license="cc0")
