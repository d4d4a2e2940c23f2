"""A disk that is nearly full takes no file and answers everything else; it goes on by itself."""

import io
import shutil
from types import SimpleNamespace

import pytest

from opendata.engines.files import FileStore
from opendata.testing.modes import scaled

ROWS = b"ma,ten\n" + b"00012,Do Son\n" * 1000


@pytest.fixture
def disk(monkeypatch):
    """What the file system says of itself; `free` of 100 parts."""
    if scaled():
        pytest.skip("does not apply: the S3 server looks after its own disk")
    state = SimpleNamespace(free=50, total=100, used=50)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: state)
    return state


def upload(city):
    sent = {"file": (io.BytesIO(ROWS), "số liệu.csv")}
    path = f"/api/v1/datasets/{city.draft}/resources"
    return city.client("editor").post(path, data=sent, content_type="multipart/form-data")


def test_an_upload_is_refused_while_less_than_the_reserve_is_free(city, disk):
    _, there = city.add_file(ROWS + b"!")
    stored = set(city.platform.part(FileStore).addresses())
    disk.free = 4
    refused = upload(city)
    assert (refused.status_code, refused.get_json()["code"]) == (507, "storage_full")
    assert set(city.platform.part(FileStore).addresses()) == stored
    assert not list((city.platform.settings.data / "files" / "incoming").iterdir())
    assert city.client().get(f"/api/v1/resources/{there}/download").data == ROWS + b"!"
    assert city.client().get("/api/v1/datasets").status_code == 200
    disk.free = 6
    assert upload(city).status_code == 201


def test_a_disk_that_fills_up_while_a_file_arrives_keeps_nothing_of_it(city, disk, monkeypatch):
    store = city.platform.part(FileStore)
    stored = set(store.addresses())
    answers = iter([50] + [3] * 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=next(answers), total=100))
    monkeypatch.setattr("opendata.engines.files.local._ASK_DISK_EVERY", 4096)
    assert upload(city).get_json()["code"] == "storage_full"
    assert set(store.addresses()) == stored
    assert not list((city.platform.settings.data / "files" / "incoming").iterdir())
