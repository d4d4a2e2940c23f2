"""Where bytes live: content-addressed, immutable once stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`sha256` in hex is the address; `size` in bytes."""

    sha256: str
    size: int


class FileStore(Protocol):
    """May raise `StorageFull` (before a byte is lost) and `Unavailable`."""

    def put(self, source: BinaryIO, *, limit: int | None = None) -> StoredFile:
        """Store all of `source`; atomic and durable on return (fsync file, rename, fsync folder).
        Storing equal bytes twice costs little and makes them new for `discard`. Raises `TooLarge` past
        `limit` bytes."""

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes of a stored file in chunks, each checked against what was stored before it is handed on.
        Raises `NotFound`; `DamagedFile` while they come."""

    def size(self, sha256: str) -> int:
        """Size in bytes. Raises `NotFound`."""

    def local_path(self, sha256: str) -> Path | None:
        """A path a server on this host may send by itself, or None where there is none."""

    def direct_url(self, sha256: str, *, content_type: str, disposition: str) -> str | None:
        """An address from which a client may fetch the file itself for some minutes, with these headers,
        or None where files go through us."""

    def proxy_path(self, sha256: str, *, content_type: str, disposition: str) -> str:
        """Where a proxy that stands before the store finds the file for some minutes: path, and query if
        any, as they are written in a request; without a slash in front."""

    def remove(self, sha256: str) -> None:
        """Forget a file; no error when it is absent."""

    def discard(self, sha256: str, before: float) -> bool:
        """Forget a file unless it was stored, or stored again, since `before` (epoch seconds). Was it?"""

    def tidy(self, before: float) -> int:
        """Remove what writes that began before then have left unfinished; how much of it there was."""

    def describe(self) -> str:
        """What it is and where, for operators; without secrets. Raises `Unavailable` where it is away."""

    def addresses(self) -> Iterator[tuple[str, float]]:
        """Every stored (sha256, modification time in epoch seconds), for the clean-up of orphans."""
