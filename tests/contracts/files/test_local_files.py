import errno
import io
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from opendata.base.kit.errors import StorageFull, Unavailable
from opendata.engines.files import LocalFiles, open_files
from opendata.testing.files_contract import FilesContract


class TestLocalFiles(FilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> LocalFiles:
        return LocalFiles(tmp_path / "files", reserve=0)

    def damage(self, files: LocalFiles, sha256: str, body: bytes) -> None:
        self.lose(files, sha256)
        files.local_path(sha256).write_bytes(body)

    def make_old(self, files: LocalFiles, sha256: str) -> None:
        hour_ago = time.time() - 3700
        os.utime(files.local_path(sha256), (hour_ago, hour_ago))

    def lose(self, files: LocalFiles, sha256: str) -> None:
        files.local_path(sha256).unlink()


def test_a_full_disk_is_refused_before_the_first_byte(tmp_path, monkeypatch):
    files = LocalFiles(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1000, free=49))
    source = io.BytesIO(b"abc")
    with pytest.raises(StorageFull):
        files.put(source)
    assert source.tell() == 0
    assert not list((tmp_path / "incoming").iterdir())


@pytest.mark.parametrize(("number", "refusal"), [(errno.ENOSPC, StorageFull), (errno.EIO, Unavailable)])
def test_a_failed_fsync_leaves_nothing(tmp_path, monkeypatch, number, refusal):
    def fail(_):
        raise OSError(number, os.strerror(number))

    files = LocalFiles(tmp_path, reserve=0)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(refusal):
        files.put(io.BytesIO(b"abc"))
    assert not list(files.addresses())
    assert not list((tmp_path / "incoming").iterdir())


def test_opening_removes_what_a_killed_writer_left_and_spares_the_living(tmp_path):
    files = LocalFiles(tmp_path, reserve=0)
    (tmp_path / "incoming" / "left-behind").write_bytes(b"half")
    with files._arriving() as (_, path):
        LocalFiles(tmp_path)
        assert path.exists()
    assert not list((tmp_path / "incoming").iterdir())


def test_a_store_is_opened_by_its_address(tmp_path):
    place = tmp_path / "thư mục"
    open_files(place.as_uri()).put(io.BytesIO(b"abc"))
    assert (place / "ba" / "78").is_dir()
    with pytest.raises(ValueError, match="no file store"):
        open_files("ftp://host/x")
