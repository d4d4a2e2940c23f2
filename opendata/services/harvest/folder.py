"""Reading an exchange folder without ever leaving it: no symbolic link, no `..`, no other root."""

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from opendata.services.harvest.items import SourceError, Unread

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEPTH = 16


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A regular file below the root. `path` is relative, with `/`, in NFC; `modified` in UTC.

    `settled` is False while the file may still be written: it changed less than the settling time ago.
    """

    path: str
    size: int
    modified: str
    settled: bool


class FolderAccess:
    """`io.folder`: walk and open below one root that the operator's settings allow."""

    def __init__(
        self,
        root: str,
        *,
        allowed: Sequence[Path],
        now: Callable[[], float],
        settle_seconds: float = 60.0,
    ) -> None:
        self._place, self._steps = _allowed_root(root, allowed)
        self._now = now
        self._settle = settle_seconds

    def walk(self) -> Iterator[FileEntry | Unread]:
        """Files in a stable order; hidden names are skipped, what cannot be read comes as `Unread`.

        Raises SourceError("unreachable") when the root itself cannot be read.
        """
        descriptor = self._open_root()
        try:
            yield from self._below(descriptor, "", 0)
        finally:
            os.close(descriptor)

    def open(self, path: str) -> BinaryIO:
        """A file of the walk, for reading. Raises SourceError("forbidden") for any way out of the root."""
        *folders, name = _parts(path)
        descriptor = self._open_root()
        try:
            for folder in folders:
                inner = _open_below(descriptor, folder, _DIRECTORY, path)
                os.close(descriptor)
                descriptor = inner
            file = _open_below(descriptor, name, _FILE, path)
        finally:
            os.close(descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise SourceError("forbidden", path, "not a regular file")
        return os.fdopen(file, "rb")

    def has(self, path: str) -> bool:
        """Whether a regular file of this name can be read, such as a marker or sidecar."""
        try:
            self.open(path).close()
        except SourceError:
            return False
        return True

    def _open_root(self) -> int:
        """Opened step by step from the allowed folder, so that no link put there since leads elsewhere."""
        name = self._steps[-1] if self._steps else self._place.name
        try:
            descriptor = os.open(self._place, _DIRECTORY)
            for step in self._steps:
                outer = descriptor
                try:
                    descriptor = os.open(step, _DIRECTORY, dir_fd=outer)
                finally:
                    os.close(outer)
        except OSError as error:
            raise SourceError("unreachable", name, error.strerror or "") from error
        return descriptor

    def _below(self, descriptor: int, prefix: str, depth: int) -> Iterator[FileEntry | Unread]:
        try:
            names = sorted(os.listdir(descriptor), key=_nfc)
        except OSError as error:
            yield Unread(prefix, error.strerror or "unreadable")
            return
        for name in names:
            if not name.startswith("."):
                yield from self._entry(descriptor, name, prefix, depth)

    def _entry(self, parent: int, name: str, prefix: str, depth: int) -> Iterator[FileEntry | Unread]:
        path = prefix + _nfc(name)
        try:
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            yield Unread(path, error.strerror or "unreadable")
            return
        if stat.S_ISREG(found.st_mode):
            yield self._file(path, found)
        elif stat.S_ISDIR(found.st_mode):
            yield from self._folder(parent, name, path, depth + 1)

    def _folder(self, parent: int, name: str, path: str, depth: int) -> Iterator[FileEntry | Unread]:
        if depth > _DEPTH:
            yield Unread(path, "too deep")
            return
        try:
            descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
        except OSError as error:
            yield Unread(path, error.strerror or "unreadable")
            return
        try:
            yield from self._below(descriptor, path + "/", depth)
        finally:
            os.close(descriptor)

    def _file(self, path: str, found: os.stat_result) -> FileEntry:
        moment = datetime.fromtimestamp(found.st_mtime, UTC)
        return FileEntry(
            path=path,
            size=found.st_size,
            modified=moment.isoformat(timespec="microseconds"),
            settled=self._now() - found.st_mtime >= self._settle,
        )


def _allowed_root(root: str, allowed: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The allowed folder that holds the root, and the steps down to it, all symbolic links resolved now."""
    try:
        real = Path(root.removeprefix("file://")).resolve(strict=True)
    except OSError as error:
        raise SourceError("unreachable", root, error.strerror or "") from error
    for place in allowed:
        if real.is_relative_to(place.resolve()):
            return place.resolve(), real.relative_to(place.resolve()).parts
    raise SourceError("forbidden", root, "outside the folders the operator allows")


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if "\x00" in path or "\\" in path or any(part in {"", ".", ".."} for part in parts):
        raise SourceError("forbidden", path, "not a plain relative path")
    return parts


def _open_below(parent: int, name: str, flags: int, path: str) -> int:
    try:
        return os.open(_name_on_disk(parent, name), flags, dir_fd=parent)
    except OSError as error:
        raise SourceError("forbidden", path, error.strerror or "") from error


def _name_on_disk(parent: int, name: str) -> str:
    """The name as the disk spells it: the walk shows NFC, some systems store NFD."""
    if name.isascii():
        return name
    return next((found for found in os.listdir(parent) if _nfc(found) == _nfc(name)), name)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
