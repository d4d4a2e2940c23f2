"""Content codings undone piece by piece, under a budget of what comes out."""

import zlib
from collections.abc import Iterator

from opendata.base.kit.fetch.errors import BodyCut, BodyTooLarge, NotExpectedType, SourceFailed

#: What requests offer; an answer in another coding is refused.
ACCEPT_ENCODING = "gzip, deflate"
_STEP = 1 << 18
_FREE = 1 << 20
_RATIO = 100


class Budget:
    """At most `limit` bytes out, and beyond 1 MB at most a hundred for each byte of the wire."""

    def __init__(self, limit: int, where: str) -> None:
        self._limit = limit
        self._where = where
        self.wire = 0
        self.decoded = 0

    def take(self, count: int) -> None:
        self.decoded += count
        if self.decoded > self._limit:
            raise BodyTooLarge(self._where, f"more than {self._limit} bytes")
        if self.decoded > _FREE and self.decoded > self.wire * _RATIO:
            raise BodyTooLarge(self._where, f"expands more than {_RATIO} times")


class Decoder:
    """Undoes one content coding: identity, gzip or deflate."""

    def __init__(self, coding: str, budget: Budget, where: str) -> None:
        self._coding = coding.strip().lower().removeprefix("x-")
        if self._coding not in {"", "identity", "gzip", "deflate"}:
            raise NotExpectedType(where, f"content coding {coding[:40]}")
        self._budget = budget
        self._where = where
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._budget.wire += len(data)
        if self._coding in {"", "identity"}:
            self._budget.take(len(data))
            yield data
            return
        try:
            yield from self._inflated(data)
        except zlib.error as error:
            raise SourceFailed(self._where, "damaged compression") from error

    def finish(self) -> None:
        """Raises BodyCut when the compressed stream has not reached its end."""
        if self._inflate is not None and not self._inflate.eof:
            raise BodyCut(self._where, "compressed body ends too early")

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate is None or self._inflate.eof:
                if self._inflate is not None and not data.startswith(b"\x1f\x8b"):
                    return  # padding after the last member
                self._inflate = self._start(data)
            out = self._inflate.decompress(data, _STEP)
            self._budget.take(len(out))
            if out:
                yield out
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if not data and len(out) == _STEP:
                yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        while self._inflate is not None and (out := self._inflate.decompress(b"", _STEP)):
            self._budget.take(len(out))
            yield out

    def _start(self, data: bytes) -> "zlib._Decompress":
        if self._coding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        has_header = data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0)
        return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
