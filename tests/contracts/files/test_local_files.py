import errno
import io
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from opendata.base.kit.errors import StorageFull, Unavailable
from opendata.engines.files import LocalFiles, open_files
from opendata.testing.files_contract import LONG, FilesContract


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


def test_a_long_file_discarded_while_it_is_stored_again_keeps_its_digests(tmp_path, monkeypatch):
    files = LocalFiles(tmp_path, reserve=0)
    sha256, made_new = files.put(io.BytesIO(LONG)).sha256, files._made_new
    monkeypatch.setattr(files, "_made_new", lambda s: files.discard(s, time.time() + 60) and made_new(s))
    files.put(io.BytesIO(LONG))
    assert files._kept_blocks(sha256)
    assert b"".join(files.open(sha256)) == LONG


def test_old_digests_without_a_file_are_new_when_it_comes(tmp_path, monkeypatch):
    files = LocalFiles(tmp_path, reserve=0)
    sha256 = files.put(io.BytesIO(LONG)).sha256
    files.local_path(sha256).unlink()
    os.utime(files._blocks_place(sha256), (0, 0))
    monkeypatch.setattr(files, "_made_new", lambda _: files.tidy(time.time() - 86400) and False)
    files.put(io.BytesIO(LONG))
    assert files._blocks_place(sha256).stat().st_mtime > time.time() - 86400
    assert files._kept_blocks(sha256)


def test_the_digests_of_a_file_are_removed_before_it(tmp_path, monkeypatch):
    files, order, unlink = LocalFiles(tmp_path, reserve=0), [], Path.unlink
    sha256 = files.put(io.BytesIO(LONG)).sha256
    monkeypatch.setattr(Path, "unlink", lambda path, **k: order.append(path) or unlink(path, **k))
    files.remove(sha256)
    assert order == [files._blocks_place(sha256), files.local_path(sha256)]


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


def test_a_read_only_disk_is_told_as_a_full_one(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    files = LocalFiles(tmp_path, reserve=0)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(StorageFull):
        files.put(io.BytesIO(b"abc"))


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
