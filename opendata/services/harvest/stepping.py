"""How one page leads to the next: six styles, each a pure function of the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from opendata.base.kit.fetch.errors import SchemeNotAllowed
from opendata.base.kit.fetch.urls import join_url, parse_url
from opendata.services.harvest.items import Cursor

Style = Literal["offset", "page", "cursor", "token", "link", "next"]
#: A dotted path into the page ("result.results") or a function of it.
Where = str | Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How a source pages.

    `offset` counts records in `offset_param`, `page` counts pages in `page_param`. `cursor` and `token` put
    the value found at `next` into `cursor_param`; a token replaces all other parameters, as OAI-PMH wants.
    `next`: the address found at `next` is the next page; `link`: the Link header names it. `size` goes into
    `size_param`. `check` may refuse a body by raising SourceError.
    """

    url: str
    style: Style
    items: Where
    id: Where
    size: int | None = None
    total: Where | None = None
    next: Where = "next"
    params: Mapping[str, Any] = field(default_factory=dict)
    offset_param: str = "offset"
    size_param: str = "limit"
    page_param: str = "page"
    cursor_param: str = "cursor"
    first_page: int = 1
    check: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One page as it came: where from, the parsed body, the target of a Link header with rel=next."""

    url: str
    body: Any
    next_link: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A page to ask for. `cursor` leads here again.

    `offset` is set where rows are counted; `overlaps` says that the page should begin with the last row read.
    """

    url: str
    params: Mapping[str, Any]
    cursor: Cursor
    offset: int | None = None
    overlaps: bool = False


def first_step(listing: Listing, cursor: Cursor | None) -> Step:
    """Where the listing begins, or goes on from a cursor."""
    cursor = cursor or {}
    if listing.style == "offset":
        return at_offset(listing, int(cursor.get("offset", 0)), overlaps=bool(cursor.get("overlaps")))
    if listing.style == "page":
        return _at_page(listing, int(cursor.get("page", listing.first_page)))
    if listing.style in {"cursor", "token"}:
        return _at_token(listing, cursor.get("token"))
    return _at_url(listing, cursor.get("url"))


def next_step(listing: Listing, step: Step, answer: Answer, count: int) -> Step | None:
    """The page after this one, which had `count` records; None when this was the last."""
    if listing.style == "offset":
        return _after_rows(listing, step.offset or 0, count)
    if listing.style == "page":
        return _at_page(listing, int(step.cursor["page"]) + 1) if count else None
    if listing.style in {"cursor", "token"}:
        token = pick(answer.body, listing.next)
        return None if token in (None, "") else _at_token(listing, token)
    target = answer.next_link if listing.style == "link" else pick(answer.body, listing.next)
    return _at_url(listing, _resolved(answer.url, target)) if target else None


def at_offset(listing: Listing, offset: int, *, overlaps: bool) -> Step:
    params = _sized(listing, {listing.offset_param: offset})
    return Step(listing.url, params, {"offset": offset, "overlaps": overlaps}, offset, overlaps)


def _after_rows(listing: Listing, offset: int, count: int) -> Step | None:
    """One row is read twice, unless a page holds no more than one."""
    if not count:
        return None
    overlaps = count > 1
    return at_offset(listing, offset + count - overlaps, overlaps=overlaps)


def pick(body: Any, where: Where) -> Any:
    """The value at a dotted path, None when there is none."""
    if callable(where):
        return where(body)
    for name in where.split(".") if where else ():
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def _at_page(listing: Listing, page: int) -> Step:
    return Step(listing.url, _sized(listing, {listing.page_param: page}), {"page": page})


def _at_token(listing: Listing, token: Any) -> Step:
    if token is None:
        return Step(listing.url, _sized(listing, {}), {"token": None})
    own = {listing.cursor_param: token}
    params = own if listing.style == "token" else _sized(listing, own)
    return Step(listing.url, params, {"token": token})


def _at_url(listing: Listing, url: str | None) -> Step:
    if url is None:
        return Step(listing.url, _sized(listing, {}), {"url": None})
    return Step(url, {}, {"url": url})


def _sized(listing: Listing, own: Mapping[str, Any]) -> dict[str, Any]:
    size = {} if listing.size is None else {listing.size_param: listing.size}
    return {**listing.params, **size, **own}


def _resolved(base: str, target: Any) -> str:
    """The absolute address; one that is none is handed on, for the request to be refused."""
    text = str(target).strip()
    try:
        return str(join_url(parse_url(base), text))
    except SchemeNotAllowed:
        return text
