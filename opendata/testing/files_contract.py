"""What every file store promises. Subclass with a fixture `files` that gives an empty store."""

import hashlib
import io
from typing import BinaryIO

import pytest

from opendata.base.kit.errors import NotFound, TooLarge
from opendata.engines.files.protocol import FileStore

BODY = bytes(range(256)) * 4096


class BrokenStream(io.BytesIO):
    """Gives half of its bytes, then fails as a lost connection does."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= len(self.getvalue()) // 2:
            raise ConnectionResetError
        return super().read(min(size or 1024, 1024))


def stream(body: bytes = BODY) -> BinaryIO:
    return io.BytesIO(body)


class FilesContract:
    @pytest.fixture
    def files(self) -> FileStore:
        raise NotImplementedError

    def test_a_file_is_found_under_its_digest(self, files: FileStore) -> None:
        stored = files.put(stream())
        assert stored.sha256 == hashlib.sha256(BODY).hexdigest()
        assert stored.size == files.size(stored.sha256) == len(BODY)
        assert b"".join(files.open(stored.sha256)) == BODY

    def test_an_empty_file_is_a_file(self, files: FileStore) -> None:
        stored = files.put(stream(b""))
        assert stored.size == 0
        assert b"".join(files.open(stored.sha256)) == b""

    def test_equal_bytes_are_stored_once(self, files: FileStore) -> None:
        assert files.put(stream()) == files.put(stream())
        assert len(list(files.addresses())) == 1

    @pytest.mark.parametrize(
        ("start", "length"),
        [(0, 1), (10, 5), (len(BODY) - 3, None), (len(BODY) - 3, 100), (len(BODY), 4), (70_000, 400_000)],
    )
    def test_any_part_can_be_read(self, files: FileStore, start: int, length: int | None) -> None:
        address = files.put(stream()).sha256
        end = None if length is None else start + length
        assert b"".join(files.open(address, start, length)) == BODY[start:end]

    @pytest.mark.parametrize("address", ["0" * 64, "", "../../etc/passwd", "A" * 64])
    def test_an_unknown_address_is_not_found(self, files: FileStore, address: str) -> None:
        with pytest.raises(NotFound):
            files.open(address)
        with pytest.raises(NotFound):
            files.size(address)

    def test_a_file_over_the_limit_leaves_nothing(self, files: FileStore) -> None:
        with pytest.raises(TooLarge):
            files.put(stream(), limit=len(BODY) - 1)
        assert not list(files.addresses())
        assert files.put(stream(), limit=len(BODY)).size == len(BODY)

    def test_a_broken_stream_leaves_nothing(self, files: FileStore) -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011  # a store may wrap the fault
            files.put(BrokenStream(BODY))
        assert not list(files.addresses())

    def test_removal_is_repeatable(self, files: FileStore) -> None:
        address = files.put(stream()).sha256
        files.remove(address)
        files.remove(address)
        assert not list(files.addresses())

    def test_a_local_path_holds_the_same_bytes(self, files: FileStore) -> None:
        path = files.local_path(files.put(stream()).sha256)
        assert path is None or path.read_bytes() == BODY
