"""Digests of every MiB of a file, so that a part of it can be checked as it leaves.

A file of one block has none of its own: its address says what it must be. Those of a longer one lie beside
it, 32 bytes a block; where they are missing, as for a file that was copied in by hand, only a whole file can
be checked.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from opendata.base.kit.errors import NotFound, Unavailable
from opendata.engines.files.protocol import StoredFile

log = structlog.get_logger(__name__)
BLOCK = 1 << 20
_DIGEST = hashlib.sha256().digest_size


class DamagedFile(Unavailable):
    """The bytes that came are not those that were stored; none of the block they are in is handed on."""


def require_address(sha256: str) -> str:
    """Raises `NotFound` for what is no address, so that none ever becomes part of a path."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFound
    return sha256


class Digester:
    """Takes a file as it arrives; knows its address and its blocks at the end."""

    def __init__(self) -> None:
        self.size = 0
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._ended: list[bytes] = []

    def update(self, chunk: bytes) -> None:
        self._whole.update(chunk)
        view = memoryview(chunk)
        while view:
            taken = view[: BLOCK - self.size % BLOCK]
            self._block.update(taken)
            self.size += len(taken)
            if self.size % BLOCK == 0:
                self._ended.append(self._block.digest())
                self._block = hashlib.sha256()
            view = view[len(taken) :]

    @property
    def stored(self) -> StoredFile:
        return StoredFile(self._whole.hexdigest(), self.size)

    @property
    def blocks(self) -> bytes:
        """What is to lie beside the file; empty for one of a single block."""
        if self.size <= BLOCK:
            return b""
        return b"".join([*self._ended, self._block.digest()] if self.size % BLOCK else self._ended)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `stop` - 1, and the whole blocks around them, `first` to `last` - 1."""

    start: int
    stop: int
    size: int

    @property
    def first(self) -> int:
        return self.start // BLOCK * BLOCK

    @property
    def last(self) -> int:
        return min(self.size, -(-self.stop // BLOCK) * BLOCK)

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.last == self.size


def span(size: int, start: int, length: int | None) -> Span:
    stop = size if length is None else min(size, start + length)
    return Span(min(start, stop), stop, size)


def checked(
    sha256: str, wanted: Span, blocks: Iterable[bytes], digests: Callable[[], bytes | None]
) -> Iterator[bytes]:
    """The wanted bytes out of whole blocks of a file; raises `DamagedFile` before the first wrong block.

    `digests` is asked for what lies beside a file of several blocks. Where that is None, a whole file is
    checked by its address, its last block held back until then, and a part goes unchecked.
    """
    kept = bytes.fromhex(sha256) if wanted.size <= BLOCK else digests()
    if kept is not None:
        sound = _sound(blocks, _of_span(kept, wanted))
    else:
        sound = _by_address(blocks, sha256) if wanted.whole else iter(blocks)
    try:
        yield from _trimmed(sound, wanted)
    except DamagedFile:
        log.critical("files.damaged", sha256=sha256)
        raise


def _trimmed(found: Iterable[bytes], wanted: Span) -> Iterator[bytes]:
    place = wanted.first
    for block in found:
        yield block[max(0, wanted.start - place) : wanted.stop - place]
        place += len(block)
    if place != wanted.last:
        raise DamagedFile


def _of_span(kept: bytes, wanted: Span) -> Sequence[bytes]:
    digests = [kept[at : at + _DIGEST] for at in range(0, len(kept), _DIGEST)]
    if len(digests) != max(1, -(-wanted.size // BLOCK)):
        raise DamagedFile
    return digests[wanted.first // BLOCK : -(-wanted.last // BLOCK)]


def _sound(blocks: Iterable[bytes], digests: Sequence[bytes]) -> Iterator[bytes]:
    for place, block in enumerate(blocks):
        if place >= len(digests) or hashlib.sha256(block).digest() != digests[place]:
            raise DamagedFile
        yield block


def _by_address(blocks: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), b""
    for block in blocks:
        if held:
            yield held
        digest.update(block)
        held = block
    if digest.hexdigest() != sha256:
        raise DamagedFile
    yield held


def split(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Blocks out of a stream that may give less than it is asked for."""
    while block := _fill(read):
        yield block


def _fill(read: Callable[[int], bytes]) -> bytes:
    pieces: list[bytes] = []
    missing = BLOCK
    while missing and (piece := read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
