"""Files in a local folder, under their own digest: `ab/cd/<sha256>`."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from opendata.base.kit.errors import NotFound, StorageFull, TooLarge, Unavailable
from opendata.engines.files.protocol import StoredFile

CHUNK = 1 << 18
RESERVE = 0.05
"""Share of the disk that is never filled."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ASK_DISK_EVERY = 32 * CHUNK


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
            stored = self._receive(source, file, limit)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o444)
            self._publish(path, self._place(stored.sha256))
        return stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._place(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotFound from error
        return _chunks(file, start, length)

    def size(self, sha256: str) -> int:
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError as error:
            raise NotFound from error

    def local_path(self, sha256: str) -> Path | None:
        return self._place(sha256)

    def direct_url(self, sha256: str, *, content_type: str, disposition: str) -> str | None:  # noqa: ARG002
        return None

    def remove(self, sha256: str) -> None:
        self._place(sha256).unlink(missing_ok=True)

    def describe(self) -> str:
        return str(self._root)

    def addresses(self) -> Iterator[tuple[str, float]]:
        for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            with contextlib.suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise NotFound
        return self._root / sha256[:2] / sha256[2:4] / sha256

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

    def _receive(self, source: BinaryIO, file: BinaryIO, limit: int | None) -> StoredFile:
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if limit is not None and size > limit:
                raise TooLarge
            if size % _ASK_DISK_EVERY < len(chunk):
                self._require_room()
            digest.update(chunk)
            file.write(chunk)
        return StoredFile(digest.hexdigest(), size)

    def _publish(self, path: Path, place: Path) -> None:
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        for folder in (place.parent, place.parent.parent, self._root):
            _sync_folder(folder)

    def _require_room(self) -> None:
        disk = shutil.disk_usage(self._root)
        if disk.free < disk.total * self._reserve:
            raise StorageFull

    def _remove_abandoned(self) -> None:
        """A file whose lock is free has no writer any more: the lock ends with its process."""
        for path in self._incoming.iterdir():
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _chunks(file: BinaryIO, start: int, length: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = length
        while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
            yield chunk
            if left is not None:
                left -= len(chunk)


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
