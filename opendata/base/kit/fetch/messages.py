"""What is asked for and what comes back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from urllib3 import HTTPHeaderDict
from urllib3.response import HTTPResponse

from opendata.base.kit.fetch import errors
from opendata.base.kit.fetch.decoding import Budget, Decoder
from opendata.base.kit.fetch.naming import named_failures
from opendata.base.kit.fetch.urls import Url, parse_url

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_PIECE = 1 << 16
_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers for one origin (RFC 6454). They are sent nowhere else, whatever redirects say."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    def for_origin(self, origin: str) -> Mapping[str, str]:
        return self.headers if parse_url(self.url).origin == origin else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted and at what cost.

    `accept` lists media types; "application/*" and "+json" endings may stand for many. `limit_bytes`
    counts decoded bytes. `seconds` is the deadline of one attempt over resolution, connection, TLS,
    headers and body; waiting for one's turn or between attempts does not count. With `etag` or
    `last_modified` the answer may be 304. A `body` is sent once: it follows no redirect. `readable` are
    refusals whose body tells more; they come back as answers.
    """

    method: str = "GET"
    body: bytes | None = None
    content_type: str = ""
    accept: tuple[str, ...] = ("*/*",)
    limit_bytes: int = _LIMIT
    seconds: float = 60.0
    credentials: Credentials | None = None
    etag: str | None = None
    last_modified: str | None = None
    tries: int = 3
    readable: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that was read to its end. `body` is empty when it went into a file."""

    status: int
    url: str
    headers: HTTPHeaderDict
    body: bytes
    size: int
    tries: int = 1

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        return self.headers.get("last-modified")


class Response:
    """An answer whose body is still on the wire. Use it as a context manager."""

    def __init__(self, url: Url, raw: HTTPResponse, ask: Ask, release: Callable[[bool], None]) -> None:
        self.status = raw.status
        self.url = str(url)
        self.headers = raw.headers
        self._raw = raw
        self._release = release
        self._budget = Budget(ask.limit_bytes, self.url)
        self._decoder = Decoder(raw.headers.get("content-encoding", ""), self._budget, self.url)
        self._open = True

    @property
    def media_type(self) -> str:
        return media_type(self.headers)

    @property
    def wire_bytes(self) -> int:
        return self._budget.wire

    def chunks(self) -> Iterator[bytes]:
        """The decoded body in pieces. Raises FetchError."""
        with named_failures(self.url):
            while piece := self._raw.read(_PIECE, decode_content=False):
                yield from self._decoder.feed(piece)
            self._decoder.finish()
        self._end(reusable=True)

    def read(self) -> bytes:
        return b"".join(self.chunks())

    def close(self) -> None:
        self._end(reusable=False)

    def _end(self, *, reusable: bool) -> None:
        if self._open:
            self._open = False
            self._release(reusable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_answer(response: Response, ask: Ask, wait: float | None) -> None:
    """Whether the final answer is what was asked for. Raises FetchError; `wait` is from Retry-After."""
    status, where = response.status, response.url
    if status in ask.readable:
        return
    if status == 401:
        raise errors.AuthRefused(where, answer=status)
    if status == 403:
        raise errors.SourceForbids(where, answer=status)
    if status in _AGAIN:
        raise errors.SourceBusy(where, f"HTTP {status}", answer=status, wait=wait)
    conditional = bool(ask.etag or ask.last_modified)
    if not (200 <= status < 300 or (status == 304 and conditional)):
        raise errors.SourceFailed(where, f"HTTP {status}", answer=status)
    if status != 304 and not is_accepted(response.media_type, ask.accept):
        raise errors.NotExpectedType(where, response.media_type[:100], answer=status)


def media_type(headers: Mapping[str, str]) -> str:
    """The type and subtype of Content-Type, lower case, without parameters; empty if not given."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_accepted(media: str, accept: tuple[str, ...]) -> bool:
    """Whether a listed type covers `media`. An answer that names no type is left to the parser."""
    if not media or "*/*" in accept:
        return True
    return any(
        media == wanted
        or (wanted.endswith("/*") and media.startswith(wanted[:-1]))
        or (wanted.startswith("+") and media.endswith(wanted))
        for wanted in accept
    )
