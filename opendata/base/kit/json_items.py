"""Read a huge JSON document one array item at a time, so that one bad item fails alone.

The document is cut along its brackets without parsing the items; whoever asked for an item parses it.
Memory is bounded by one item and by what stands around the array. An event parser would read the same
documents, but resolves repeated keys silently and stops for good at the first odd character.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from opendata.base.kit.strict_json import NotJson, loads

_CHUNK = 1 << 18
_ENVELOPE = 4 << 20
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}"]?)', re.DOTALL)
_TO_QUOTE = re.compile(rb"[^\"\\]*+(?:\\.[^\"\\]*+)*+", re.DOTALL)
_QUOTE = b'"'


class JsonItems:
    """Iterates over the items of the array `key` of the top-level object in `file`, as raw JSON bytes.

    An item longer than `item_limit` bytes comes as None. After the iteration `envelope` is the document
    with that array emptied (the key is missing or no list if the document has no such array). Raises
    NotJson where the structure breaks; the items before have been yielded.
    """

    def __init__(self, file: BinaryIO, key: str, *, item_limit: int = 8 << 20) -> None:
        self._file = file
        self._cutter = _Cutter(key.encode(), item_limit)
        self.envelope: dict[str, Any] = {}

    def __iter__(self) -> Iterator[bytes | None]:
        while chunk := self._file.read(_CHUNK):
            self._cutter.buffer += chunk
            yield from self._cutter.cut()
        self.envelope = self._cutter.envelope()


class _Cutter:
    """`buffer[mark:at]` is the piece being read: of the envelope, of a gap between items, or of an item.

    `level` counts open brackets of the envelope, `inner` those of the item.
    """

    def __init__(self, key: bytes, item_limit: int) -> None:
        self._key_before = re.compile(rb'(?:^|[{,\s])"' + re.escape(key) + rb'"[ \t\r\n]*:[ \t\r\n]*\Z')
        self._limit = item_limit
        self.buffer = b""
        self._mark = self._at = 0
        self._level = self._inner = 0
        self._in_array = self._in_string = self._oversize = False
        self._gap_start = b"["
        self._outer = bytearray()

    def cut(self) -> Iterator[bytes | None]:
        """The items that end in the buffer; what is unfinished stays in it."""
        while self._at < len(self.buffer):
            if self._in_string and not self._leave_string():
                break
            found = _TO_BRACKET.match(self.buffer, self._at)
            token = found[1] if found else b""
            start = found.start(1) if found else self._at
            if token == _QUOTE and not self._enter_string(start):
                break
            if token != _QUOTE:
                self._at = start + len(token)
            if token and token != _QUOTE:
                yield from self._bracket(token, start)
        self._keep_unfinished()

    def envelope(self) -> dict[str, Any]:
        if self._level or self._in_string or _QUOTE in self.buffer:
            raise NotJson("parse", "the document ends too early")
        value = loads(bytes(self._outer), limit=_ENVELOPE, bom=True)
        if not isinstance(value, dict):
            raise NotJson("parse", "the document is not an object")
        return value

    def _enter_string(self, start: int) -> bool:
        """A string that does not end in the buffer: wait for more unless it is a long one."""
        self._at = start
        if len(self.buffer) - start < _CHUNK:
            return False
        self._at += 1
        self._in_string = True
        return True

    def _leave_string(self) -> bool:
        found = _TO_QUOTE.match(self.buffer, self._at)
        self._at = found.end() if found else self._at
        if self.buffer[self._at : self._at + 1] != _QUOTE:
            return False
        self._at += 1
        self._in_string = False
        return True

    def _bracket(self, token: bytes, start: int) -> Iterator[bytes | None]:
        if not self._in_array:
            self._outside(token, start)
        elif self._inner:
            yield from self._inside(token)
        elif token in b"[{":
            yield from self._gap(start, b"0]")
            self._inner = 1
            self._mark = start
        else:
            yield from self._gap(start, b"]")
            self._in_array = False
            self._level -= 1
            self._mark = start

    def _outside(self, token: bytes, start: int) -> None:
        if token in b"]}":
            self._level -= 1
            return
        self._level += 1
        if token == b"[" and self._level == 2 and self._key_before.search(self._text_before(start)):
            self._outer += self.buffer[self._mark : self._at]
            self._mark = self._at
            self._in_array = True
            self._gap_start = b"["

    def _inside(self, token: bytes) -> Iterator[bytes | None]:
        self._inner += 1 if token in b"[{" else -1
        if self._inner:
            return
        item = self.buffer[self._mark : self._at]
        yield None if self._oversize or len(item) > self._limit else item
        self._oversize = False
        self._mark = self._at
        self._gap_start = b"[0"

    def _gap(self, end: int, closing: bytes) -> Iterator[bytes]:
        """Between two bracketed items stands a comma, or items without brackets: null, numbers, strings."""
        gap = self.buffer[self._mark : end]
        if gap.strip(b" \t\r\n") == (b"," if self._gap_start == b"[0" and closing == b"0]" else b""):
            return
        values = loads(self._gap_start + gap + closing, limit=self._limit + 16)
        values = values[len(self._gap_start) - 1 : len(values) - len(closing) + 1]
        for value in values:
            yield json.dumps(value).encode()

    def _text_before(self, start: int) -> bytes:
        return bytes(self._outer[-1024:]) + self.buffer[self._mark : start]

    def _keep_unfinished(self) -> None:
        if not self._in_array:
            self._outer += self.buffer[self._mark : self._at]
            self._mark = self._at
        if self._at - self._mark > self._limit or len(self._outer) > _ENVELOPE:
            self._give_up_piece()
        self.buffer = self.buffer[self._mark :]
        self._at -= self._mark
        self._mark = 0

    def _give_up_piece(self) -> None:
        if not self._inner:
            raise NotJson("too_large", "the text around the items")
        self._oversize = True
        self._mark = self._at
