"""Writes to the catalogue at the same moment, on each database: none is lost, none ends in a fault."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from opendata.assembly import assemble
from opendata.base.models import Base, DatasetDocument, Organization
from opendata.base.runtime import SYSTEM, Platform, Work, outbox
from opendata.services.catalog import datasets, organizations
from opendata.settings import Settings
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


def while_it_is_open(
    platform: Platform, first: Callable[[Work], object], second: Callable[[Work], object]
) -> list[object]:
    """What `second` answers (or the kind of what it raises) that comes while the transaction of `first` is
    open."""
    answers: list[object] = []

    def run() -> None:
        try:
            with platform.work(SYSTEM) as work:
                answers.append(second(work))
        except Exception as error:  # noqa: BLE001  # told by the main thread
            answers.append(type(error))

    thread = threading.Thread(target=run)
    with platform.work(SYSTEM) as work:
        first(work)
        work.session.flush()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the first"
    thread.join(30)
    return answers


def test_a_dataset_that_is_being_created_has_the_name_its_body_has_now(platform: Platform) -> None:
    def create(work: Work) -> None:
        datasets.create(work, complete_record("Bộ mới"), publisher_id=the(work, Organization).id)

    def rename(work: Work) -> None:
        organizations.edit(work, the(work, Organization), name={"vi": "Sở Hai"})

    assert while_it_is_open(platform, create, rename) == [None]
    outbox.drain(platform)
    with platform.read() as work:
        bodies = work.session.scalars(select(DatasetDocument.body)).all()
    assert len(bodies) == 2
    assert all("Sở Hai" in body.decode() for body in bodies)
