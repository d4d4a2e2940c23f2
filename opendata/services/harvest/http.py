"""`io.http`: listing and reading over HTTP with the guarded client, and a log of how it went."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from opendata.base.kit import strict_json
from opendata.base.kit.fetch.client import PATIENCE, Fetcher
from opendata.base.kit.fetch.errors import FetchError
from opendata.base.kit.fetch.messages import Ask, Credentials, Document
from opendata.base.kit.fetch.urls import join_url, parse_url, without_secrets
from opendata.base.runtime.jobs import Postponed
from opendata.services.harvest.charset import to_utf8
from opendata.services.harvest.items import Cursor, SourceError
from opendata.services.harvest.listing import ListingLog, NotModified
from opendata.services.harvest.paging import Pages
from opendata.services.harvest.stepping import Answer, Listing, Style, Where

#: JSON comes under all these names in the field; a login page does not.
JSON_TYPES = (
    "application/json",
    "+json",
    "text/json",
    "text/plain",
    "application/octet-stream",
    "application/javascript",
    "text/javascript",
)
_NEXT_LINK = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?', re.IGNORECASE)
_SPOOL_IN_MEMORY = 1 << 20


class AskedToWait(Postponed):
    """The source wants to be left alone for longer than a run at work may wait. No record's or page's
    trouble: it goes past the harvester, and ends this attempt of the run."""

    message = FetchError.message

    def __init__(self, where: str, hint: str, delay: float) -> None:
        super().__init__()
        self.where, self.hint, self.delay = where, hint, delay


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Seconds of one attempt and bytes after decoding, for pages of a listing and for whole documents."""

    page_seconds: float = 60.0
    document_seconds: float = 900.0
    page_bytes: int = 32 << 20
    document_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """What the last complete run noted of the source's one document; empty when it is to be read anyway."""

    etag: str | None = None
    last_modified: str | None = None


class HttpAccess:
    """get, json, stream, links and pages; every fault is written to the listing's log.

    `source_url` is the only origin that ever sees the credentials. Where it asks for a long wait the run is
    put off, and once that `may_wait` no more it is a fault like others: a page of a listing costs that page.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        source_url: str,
        log: ListingLog,
        known: Known = Known(),  # frozen
        limits: HttpLimits = HttpLimits(),  # frozen
        credentials: Credentials | None = None,
        may_wait: Callable[[], bool] = lambda: True,
    ) -> None:
        self._fetcher = fetcher
        self._source_url = source_url
        self._log = log
        self._known = known
        self._limits = limits
        self._credentials = credentials
        self._may_wait = may_wait

    def with_credentials(self, headers: Mapping[str, str]) -> "HttpAccess":
        """The same access, sending these headers to the source's own origin and nowhere else."""
        return HttpAccess(
            self._fetcher,
            source_url=self._source_url,
            log=self._log,
            known=self._known,
            limits=self._limits,
            credentials=Credentials(self._source_url, headers),
            may_wait=self._may_wait,
        )

    def get(
        self, url: str, *, params: Mapping[str, Any] | None = None, accept: tuple[str, ...] = ("*/*",)
    ) -> Document:
        """The whole answer in memory. Raises SourceError."""
        ask = Ask(accept=accept, limit_bytes=self._limits.page_bytes, seconds=self._limits.page_seconds)
        return self._noted(with_params(url, params), ask, self._fetcher.read)

    def json(self, url: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON value at an address; numbers no store can hold come as text. Raises SourceError."""
        return self._parsed(self.get(url, params=params, accept=JSON_TYPES))

    @contextmanager
    def stream(self, url: str, *, accept: tuple[str, ...] = ("*/*",)) -> Iterator[BinaryIO]:
        """The source's one document as a file, complete before it is handed over. Raises SourceError.

        Where the last complete run is still true the engine ends the run here.
        """
        ask = Ask(
            accept=accept,
            limit_bytes=self._limits.document_bytes,
            seconds=self._limits.document_seconds,
            etag=self._known.etag,
            last_modified=self._known.last_modified,
        )
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY) as spool:
            file = cast("BinaryIO", spool)
            document = self._noted(url, ask, lambda address, what: self._fetcher.save(address, file, what))
            if document.not_modified:
                self._log.not_modified = True
                raise NotModified
            self._log.etag, self._log.last_modified = document.etag, document.last_modified
            with to_utf8(file, document.headers.get("content-type", ""), self._log) as text:
                yield text

    def links(self, url: str) -> list[str]:
        """The absolute addresses an HTML listing links to, in order, each once. Raises SourceError."""
        document = self.get(url, accept=("text/html", "application/xhtml+xml"))
        finder = _Links()
        finder.feed(document.body.decode("utf-8", "replace"))
        base = parse_url(document.url)
        found: dict[str, None] = {}
        for target in finder.targets:
            try:
                found[str(join_url(base, target.strip()))] = None
            except FetchError:
                continue  # mailto, javascript and the like are no listing entries
        return list(found)

    def pages(
        self,
        url: str,
        *,
        style: Style,
        items: Where,
        id: Where,  # noqa: A002  # the word of the source
        size: int | None = None,
        total: Where | None = None,
        next: Where = "next",  # noqa: A002
        params: Mapping[str, Any] | None = None,
        cursor: Cursor | None = None,
        check: Callable[[Any], None] | None = None,
        **names: Any,
    ) -> Pages:
        """A JSON listing page by page, see `Pages`; `names` are the parameter names of `Listing`."""
        listing = Listing(
            url=url,
            style=style,
            items=items,
            id=id,
            size=size,
            total=total,
            next=next,
            params=params or {},
            check=check,
            **names,
        )
        return Pages(listing, self._page, self._log, cursor)

    def _page(self, url: str, params: Mapping[str, Any]) -> Answer:
        document = self.get(url, params=params, accept=JSON_TYPES)
        link = _NEXT_LINK.search(document.headers.get("link", ""))
        return Answer(document.url, self._parsed(document), link[1] if link else None)

    def _parsed(self, document: Document) -> Any:
        with to_utf8(document.body, document.headers.get("content-type", ""), self._log) as text:
            body = text.read()
        where = without_secrets(document.url)
        if body.lstrip()[:1] == b"<":
            raise SourceError("not_expected_type", where, "a page instead of JSON")
        try:
            return strict_json.loads(body, limit=self._limits.page_bytes, bom=True, clean=True)
        except strict_json.NotJson as error:
            raise SourceError("parse", where, f"{error.reason} {error.where}".strip()) from error

    def _noted(self, url: str, ask: Ask, read: Callable[[str, Ask], Document]) -> Document:
        self._log.requests += 1
        try:
            document = read(url, replace(ask, credentials=self._credentials))
        except FetchError as error:
            if error.answer is not None:
                self._log.statuses[error.answer] += 1
            if error.wait is not None and error.wait > PATIENCE and self._may_wait():
                raise AskedToWait(without_secrets(error.where), error.hint, error.wait) from error
            raise SourceError(error.code, without_secrets(error.where), error.hint) from error
        self._log.statuses[document.status] += 1
        self._log.retries += document.tries - 1
        self._log.bytes += document.size
        return document


def with_params(url: str, params: Mapping[str, Any] | None) -> str:
    """The address with more query parameters; lists repeat theirs, None is left out."""
    pairs = [
        (name, item)
        for name, value in (params or {}).items()
        for item in (value if isinstance(value, list | tuple) else [value])
        if item is not None
    ]
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.targets.append(target)
