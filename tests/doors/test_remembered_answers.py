"""What anonymous readers are told from memory is never older than the catalogue."""

from dataclasses import replace

import pytest

from opendata.base.models import Dataset
from opendata.base.runtime import SYSTEM
from opendata.doors.http import remembered
from opendata.doors.http.remembered import Kept, Remembered
from opendata.services.catalog import datasets, workflow
from opendata.testing.web import City


def kept(city: City) -> int:
    memory = city.app.extensions.get(remembered.EXTENSION)
    return len(memory._held) if memory else 0


def slug_of(city: City) -> str:
    with city.platform.read(SYSTEM) as work:
        return work.session.get_one(Dataset, city.published).slug


@pytest.mark.parametrize(
    "path", ["/datasets?q=mua", "/en/datasets", "/api/v1/datasets?q=mua", "/dataset/{slug}"]
)
def test_a_second_reader_is_told_the_same_from_memory(city: City, path: str) -> None:
    path = path.format(slug=slug_of(city))
    moment = city.platform.clock()
    city.platform.clock = lambda: moment  # the next minute has answers of its own
    first = city.client().get(path)
    assert kept(city) == 1
    second = city.client().get(path)
    assert second.data == first.data
    names = ("ETag", "Cache-Control", "Vary", "Content-Type")
    assert [second.headers[name] for name in names] == [first.headers[name] for name in names]
    assert kept(city) == 1
    assert city.client().get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_an_edit_is_seen_at_once(city: City) -> None:
    slug = slug_of(city)
    paths = (f"/dataset/{slug}", "/datasets", "/api/v1/datasets")
    for path in paths:
        city.client().get(path)
    with city.platform.work(SYSTEM) as work:
        dataset = work.session.get_one(Dataset, city.published)
        record = datasets.record_of(work, dataset)
        datasets.edit(work, dataset, replace(record, title={"vi": "Mực nước sông Cấm", "en": "Cam river"}))
    for path in paths:
        assert "Mực nước sông Cấm" in city.client().get(path).get_data(as_text=True)


def test_a_withdrawn_dataset_is_gone_at_once(city: City) -> None:
    path = f"/dataset/{slug_of(city)}"
    assert city.client().get(path).status_code == 200
    with city.platform.work(SYSTEM) as work:
        workflow.withdraw(work, work.session.get_one(Dataset, city.published), note="Số liệu sai.")
    assert city.client().get(path).status_code == 404


def test_pages_of_signed_in_people_are_kept_for_nobody(city: City) -> None:
    client = city.client("admin")
    for path in ("/datasets", f"/dataset/{slug_of(city)}", "/api/v1/datasets"):
        client.get(path)
    assert kept(city) == 0


def test_what_a_signed_in_person_sees_does_not_come_from_memory(city: City) -> None:
    city.client().get("/datasets")
    assert "private" in city.client("admin").get("/datasets").headers["Cache-Control"]


def test_each_language_is_kept_apart(city: City) -> None:
    assert 'lang="vi"' in city.client().get("/datasets").get_data(as_text=True)
    assert 'lang="en"' in city.client().get("/en/datasets").get_data(as_text=True)


def test_memory_is_bounded_by_bytes() -> None:
    memory = Remembered(capacity=100)
    for number in range(10):
        memory.put(number, Kept(b"x" * 30, "text/plain", "e"))
    assert [number for number in range(10) if memory.get(number)] == [7, 8, 9]
    memory.put("large", Kept(b"x" * 101, "text/plain", "e"))
    assert memory.get("large") is None
