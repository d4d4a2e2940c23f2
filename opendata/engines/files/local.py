"""Files in a local folder, under their own digest: `ab/cd/<sha256>`.

Digests of the blocks of longer files lie below `blocks/` under the same names (see `blocks.py`).
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from opendata.base.kit.errors import NotFound, StorageFull, TooLarge, Unavailable
from opendata.engines.files import blocks
from opendata.engines.files.blocks import Digester
from opendata.engines.files.protocol import StoredFile

CHUNK = 1 << 18
RESERVE = 0.05
"""Share of the disk that is never filled."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""What a disk answers that takes no byte more."""
_ASK_DISK_EVERY = 32 * CHUNK
_ANY_PLACE = "[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"


class LocalFiles:
    """Immutable once stored. What a killed process left unfinished is removed at the next opening."""

    def __init__(self, root: Path, *, reserve: float = RESERVE) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._reserve = reserve
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()

    def put(self, source: BinaryIO, *, limit: int | None = None) -> StoredFile:
        self._require_room()
        with _storage_faults(), self._arriving() as (file, path):
            digests = self._receive(source, file, limit)
            stored = digests.stored
            self._keep_blocks(stored.sha256, digests.blocks)
            if not self._made_new(stored.sha256):
                _seal(file)
                self._publish(path, self._place(stored.sha256))
            if not self._blocks_place(stored.sha256).exists():  # they went with an old one that was discarded
                self._keep_blocks(stored.sha256, digests.blocks)
        return stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._place(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound from error
        return self._checked(file, sha256, start, length)

    def size(self, sha256: str) -> int:
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError as error:
            raise NotFound from error

    def local_path(self, sha256: str) -> Path | None:
        return self._place(sha256)

    def direct_url(self, sha256: str, *, content_type: str, disposition: str) -> str | None:  # noqa: ARG002
        return None

    def proxy_path(self, sha256: str, *, content_type: str, disposition: str) -> str:  # noqa: ARG002
        return self._place(sha256).relative_to(self._root).as_posix()

    def remove(self, sha256: str) -> None:
        """The digests go first: who finds the file gone, and stores it again, finds them gone too."""
        self._blocks_place(sha256).unlink(missing_ok=True)
        self._place(sha256).unlink(missing_ok=True)

    def discard(self, sha256: str, before: float) -> bool:
        """The lock keeps it from going between the look of another writer and its word that it is there."""
        try:
            with self._place(sha256).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_mtime >= before:
                    return False
                self.remove(sha256)
        except (FileNotFoundError, BlockingIOError):
            return False
        return True

    def tidy(self, before: float) -> int:
        found = self._remove_abandoned()
        for path in self._root.glob(f"blocks/{_ANY_PLACE}"):
            with contextlib.suppress(FileNotFoundError):
                if not self._place(path.name).exists() and path.stat().st_mtime < before:
                    path.unlink()
                    found += 1
        return found

    def describe(self) -> str:
        return str(self._root)

    def addresses(self) -> Iterator[tuple[str, float]]:
        for path in sorted(self._root.glob(_ANY_PLACE)):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def _place(self, sha256: str) -> Path:
        blocks.require_address(sha256)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _blocks_place(self, sha256: str) -> Path:
        return self._root / "blocks" / sha256[:2] / sha256[2:4] / sha256

    def _checked(self, file: BinaryIO, sha256: str, start: int, length: int | None) -> Iterator[bytes]:
        with file:
            wanted = blocks.span(os.fstat(file.fileno()).st_size, start, length)
            if wanted.start >= wanted.stop and wanted.size:
                return
            file.seek(wanted.first)
            read = blocks.split(lambda most: file.read(min(most, wanted.last - file.tell())))
            yield from blocks.checked(sha256, wanted, read, lambda: self._kept_blocks(sha256))

    def _kept_blocks(self, sha256: str) -> bytes | None:
        try:
            return self._blocks_place(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def _keep_blocks(self, sha256: str, digests: bytes) -> None:
        """Those that are there are written over: old ones without a file may be tidied away any moment."""
        if not digests:
            return
        with self._arriving() as (file, path):
            file.write(digests)
            _seal(file)
            self._publish(path, self._blocks_place(sha256))

    def _made_new(self, sha256: str) -> bool:
        """Is it there already? Then it counts as stored now. One that belongs to another account does not
        let itself be renewed and is stored again."""
        try:
            with self._place(sha256).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                if not os.fstat(file.fileno()).st_nlink:
                    return False
                os.utime(file.fileno())
        except (FileNotFoundError, PermissionError):
            return False
        return True

    @contextlib.contextmanager
    def _arriving(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A locked file in the incoming folder; gone afterwards unless it was published."""
        while True:
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            file, path = os.fdopen(descriptor, "wb"), Path(name)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:  # else another opening took it for abandoned
                break
            file.close()
        try:
            with file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)

    def _receive(self, source: BinaryIO, file: BinaryIO, limit: int | None) -> Digester:
        digests = Digester()
        while chunk := source.read(CHUNK):
            digests.update(chunk)
            if limit is not None and digests.size > limit:
                raise TooLarge
            if digests.size % _ASK_DISK_EVERY < len(chunk):
                self._require_room()
            file.write(chunk)
        return digests

    def _publish(self, path: Path, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        for folder in (place.parent, place.parent.parent, place.parent.parent.parent):
            _sync_folder(folder)

    def _require_room(self) -> None:
        disk = shutil.disk_usage(self._root)
        if disk.free < disk.total * self._reserve:
            raise StorageFull

    def _remove_abandoned(self) -> int:
        """A file whose lock is free has no writer any more: the lock ends with its process."""
        found = 0
        for path in self._incoming.iterdir():
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                found += 1
        return found


def _seal(file: BinaryIO) -> None:
    """All of it on the disk, and nobody to write to it any more."""
    file.flush()
    os.fsync(file.fileno())
    os.fchmod(file.fileno(), 0o444)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _storage_faults() -> Iterator[None]:
    """A failed write or fsync is final for that file: what the disk holds of it is unknown."""
    try:
        yield
    except OSError as error:
        raise (StorageFull if error.errno in _FULL else Unavailable) from error
