"""Writes to the catalogue at the same moment, on each database: none is lost, none ends in a fault."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from opendata.assembly import assemble
from opendata.base.kit.errors import PreconditionFailed
from opendata.base.models import Base, Dataset, DatasetDocument, Organization
from opendata.base.runtime import SYSTEM, Platform, Work, outbox
from opendata.base.runtime.database import is_shared
from opendata.services.catalog import datasets, organizations, slugs
from opendata.settings import Settings
from opendata.testing.meeting import while_it_is_open
from opendata.testing.records import complete_record


@pytest.fixture
def platform(database_url: str, tmp_path) -> Iterator[Platform]:
    made = assemble(
        Settings(
            data_dir=str(tmp_path),
            mode="test",
            search_url="memory://",
            database_url=database_url,
            log_level="ERROR",
        )
    )
    Base.metadata.create_all(made.engine)
    with made.work(SYSTEM) as work:
        body = organizations.create(work, {"vi": "Sở Một"})
        work.session.flush()
        datasets.create(work, complete_record("Bộ có trước"), publisher_id=body.id)
    yield made
    made.close()


def the(work: Work, model: type) -> Any:
    return work.session.scalars(select(model)).one()


def test_a_dataset_that_is_being_created_has_the_name_its_body_has_now(platform: Platform) -> None:
    def create(work: Work) -> None:
        datasets.create(work, complete_record("Bộ mới"), publisher_id=the(work, Organization).id)

    def rename(work: Work) -> None:
        organizations.edit(work, the(work, Organization), name={"vi": "Sở Hai"})

    assert while_it_is_open(platform, create, rename) is None
    outbox.drain(platform)
    with platform.read() as work:
        bodies = work.session.scalars(select(DatasetDocument.body)).all()
    assert len(bodies) == 2
    assert all("Sở Hai" in body.decode() for body in bodies)


def test_of_two_changes_of_one_version_the_second_is_refused(platform: Platform) -> None:
    with platform.read() as work:
        found = the(work, Dataset).id

    def change(title: str) -> Callable[[Work], object]:
        def step(work: Work) -> None:
            dataset = datasets.get(work, found, lock=True)
            datasets.require_version(dataset, 1)
            datasets.edit(work, dataset, complete_record(title))

        return step

    assert while_it_is_open(platform, change("Một"), change("Hai")) is PreconditionFailed
    with platform.read() as work:
        assert the(work, Dataset).content["title"]["vi"] == "Một"


def test_of_two_changes_of_one_state_of_a_body_the_second_sees_the_first(platform: Platform) -> None:
    with platform.read() as work:
        found = the(work, Organization).id
    seen: list[str] = []

    def change(name: str) -> Callable[[Work], object]:
        def step(work: Work) -> None:
            body = organizations.get(work, found, lock=True)
            seen.append(body.name["vi"])
            organizations.edit(work, body, name={"vi": name})

        return step

    assert while_it_is_open(platform, change("Sở Hai"), change("Sở Ba")) is None
    assert seen == ["Sở Một", "Sở Hai"]


def test_a_code_that_two_take_at_once_is_refused_to_the_second(platform: Platform) -> None:
    def create(name: str) -> Callable[[Work], object]:
        def step(work: Work) -> None:
            organizations.create(work, {"vi": name}, code="H01.2")

        return step

    assert while_it_is_open(platform, create("Sở Hai"), create("Sở Ba")) is organizations.CodeTaken


def test_a_word_that_two_add_at_once_has_one_spelling(platform: Platform) -> None:
    def create(title: str, *words: str) -> Callable[[Work], object]:
        def step(work: Work) -> str:
            record = complete_record(title, keywords={"vi": list(words)})
            return datasets.create(work, record, publisher_id=the(work, Organization).id).id

        return step

    first = create("Bộ một", "Rừng ngập mặn", "Cửa sông")
    second = while_it_is_open(platform, first, create("Bộ hai", "cửa sông", "rừng ngập mặn"))
    with platform.read() as work:
        keywords = work.session.get_one(Dataset, second).content["keywords"]
    assert keywords == {"vi": ["Cửa sông", "Rừng ngập mặn"]}


@pytest.mark.parametrize("kind", ["dataset", "organization", "topic"])
def test_an_address_that_two_take_at_once_is_refused_to_the_second(platform: Platform, kind: str) -> None:
    def create(work: Work) -> None:
        if kind == "dataset":
            record = complete_record("Bộ trùng tên", keywords={})
            datasets.create(work, record, publisher_id=work.session.scalars(select(Organization.id)).one())
        elif kind == "organization":
            organizations.create(work, {"vi": "Sở trùng tên"})
        else:
            organizations.create_topic(work, {"vi": "Chủ đề trùng tên"}, {})

    answer = while_it_is_open(platform, create, create)
    if is_shared(platform.engine):
        assert answer is slugs.SlugTaken
    else:
        assert answer is None, "it looked for a free address when the first had taken it"


def test_a_renaming_to_an_address_that_another_takes_is_refused(platform: Platform) -> None:
    with platform.work(SYSTEM) as work:
        other = organizations.create(work, {"vi": "Sở Hai"}).id

    def create(work: Work) -> None:
        organizations.create(work, {"vi": "Sở Ba"}, slug="so-ba")

    def rename(work: Work) -> None:
        organizations.edit(work, work.session.get_one(Organization, other), slug="so-ba")

    assert while_it_is_open(platform, create, rename) is slugs.SlugTaken
