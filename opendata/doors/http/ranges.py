"""Byte ranges of RFC 9110 §14: which parts of a representation a request asks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_RANGES = 32
"""More than this is no reader but a burden; the whole file is sent instead, as the RFC allows."""

_HEADER = re.compile(r"bytes=(.+)", re.IGNORECASE)
_RANGE = re.compile(r"(\d{0,30})-(\d{0,30})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `stop` - 1."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{size}"


class Unsatisfiable(ValueError):
    """No byte of the representation is in any of the ranges."""


def parse(header: str | None, size: int) -> tuple[Part, ...] | None:
    """The parts a `Range` header asks for, in its order; None where it does not count.

    A header that is malformed, names another unit, asks for too many parts or for more bytes than there
    are is ignored, so the whole is sent. Raises `Unsatisfiable`.
    """
    wanted = _specifications(header)
    if wanted is None or (size == 0 and all(first == "" for first, _ in wanted)):
        return None
    parts = [part for first, last in wanted if (part := _part(first, last, size))]
    if not parts:
        raise Unsatisfiable
    if len(parts) > 1 and sum(part.length for part in parts) > size:
        return None
    return tuple(parts)


def _specifications(header: str | None) -> Sequence[tuple[str, str]] | None:
    matched = _HEADER.fullmatch(header.strip()) if header and len(header) <= 2000 else None
    if matched is None:
        return None
    texts = [text.strip(" \t") for text in matched.group(1).split(",")]
    found = [_RANGE.fullmatch(text) for text in texts if text]
    if not 1 <= len(found) <= MAX_RANGES:
        return None
    pairs = [(item.group(1), item.group(2)) for item in found if item]
    sound = len(pairs) == len(found) and all(_is_sound(first, last) for first, last in pairs)
    return pairs if sound else None


def _is_sound(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or int(first) <= int(last)


def _part(first: str, last: str, size: int) -> Part | None:
    if not first:
        start = max(0, size - int(last))
        return Part(start, size) if start < size else None
    start = int(first)
    stop = min(size, int(last) + 1) if last else size
    return Part(start, stop) if start < stop else None
