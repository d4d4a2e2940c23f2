"""What every file store promises. Subclass with a fixture `files` that gives an empty store."""

import hashlib
import io
import time
from typing import BinaryIO

import pytest

from opendata.base.kit.errors import NotFound, TooLarge
from opendata.engines.files.blocks import BLOCK, DamagedFile
from opendata.engines.files.protocol import FileStore

BODY = bytes(range(256)) * 4096
LONG = BODY * 2 + b"the end"
"""More than two blocks."""


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

    @pytest.mark.parametrize(
        ("start", "length"),
        [
            *((0, 1), (BLOCK - 1, 1), (BLOCK - 1, 2), (BLOCK, BLOCK), (BLOCK, None), (2 * BLOCK + 6, 1)),
            *((len(LONG) - 3, 100), (len(LONG), 4), (len(LONG) + 5, None), (5, 2 * BLOCK), (0, len(LONG))),
        ],
    )
    def test_any_part_of_a_long_file_can_be_read(
        self, files: FileStore, start: int, length: int | None
    ) -> None:
        address = files.put(stream(LONG)).sha256
        end = None if length is None else start + length
        assert b"".join(files.open(address, start, length)) == LONG[start:end]

    def damage(self, files: FileStore, sha256: str, body: bytes) -> None:
        """Put other bytes in the place of a stored file, as a failing disk does."""
        raise NotImplementedError

    @pytest.mark.parametrize(("start", "length"), [(0, None), (BLOCK, 10), (BLOCK + 5, None), (5, BLOCK)])
    def test_no_wrong_byte_of_a_damaged_file_is_handed_on(
        self, files: FileStore, start: int, length: int | None
    ) -> None:
        address = files.put(stream(LONG)).sha256
        self.damage(files, address, LONG[:BLOCK] + b"X" + LONG[BLOCK + 1 :])
        came: list[bytes] = []
        with pytest.raises(DamagedFile):
            came.extend(files.open(address, start, length))
        assert b"".join(came) == LONG[start:BLOCK]
        assert b"".join(files.open(address, 0, BLOCK)) == LONG[:BLOCK], "the rest is sound"

    @pytest.mark.parametrize("length", [len(BODY) - 1, BLOCK, 2 * BLOCK])
    def test_a_file_that_lost_its_end_is_damaged(self, files: FileStore, length: int) -> None:
        body = BODY if length < len(BODY) else LONG
        address = files.put(stream(body)).sha256
        self.damage(files, address, body[:length])
        with pytest.raises(DamagedFile):
            list(files.open(address))
        with pytest.raises(DamagedFile):
            list(files.open(address, 3, 5))

    def test_what_is_stored_again_is_new_and_not_discarded(self, files: FileStore) -> None:
        address = files.put(stream(LONG)).sha256
        self.make_old(files, address)
        files.put(stream(LONG))
        assert not files.discard(address, time.time() - 3000)
        self.make_old(files, address)
        assert files.discard(address, time.time() - 3000)
        assert not files.discard(address, time.time() - 3000)
        with pytest.raises(NotFound):
            files.size(address)
        assert not list(files.addresses())

    def make_old(self, files: FileStore, sha256: str) -> None:
        """As if it had been stored an hour ago."""
        raise NotImplementedError

    def test_the_digests_of_a_file_that_never_came_are_tidied_away(self, files: FileStore) -> None:
        kept, lost = files.put(stream(LONG)).sha256, files.put(stream(LONG + b"!")).sha256
        self.lose(files, lost)
        assert files.tidy(time.time() - 3600) == 0, "it may be under way"
        assert files.tidy(time.time() + 3600) == 1
        assert b"".join(files.open(kept, BLOCK, 3)) == LONG[BLOCK : BLOCK + 3]
        assert [address for address, _ in files.addresses()] == [kept]

    def lose(self, files: FileStore, sha256: str) -> None:
        """Take away the file alone, not what lies beside it."""
        raise NotImplementedError

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
