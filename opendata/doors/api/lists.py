"""Lists in their common form: data, meta, links; every one bounded and paged by cursor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request

from opendata.base.kit import cursors
from opendata.doors.http import answers
from opendata.doors.http.context import platform

T = TypeVar("T")
PAGE = 100


def answer(
    data: Sequence[Any], *, total: int, following: str | None = None, meta: Mapping[str, Any] | None = None
) -> Response:
    """`following` is the cursor of the next page."""
    links = {"self": _address(None), "next": _address(following) if following else None}
    return answers.json({"data": data, "meta": {"total": total, **(meta or {})}, "links": links})


def _address(cursor: str | None) -> str:
    """This request's address, at another page when `cursor` is given."""
    pairs = [
        (name, value) for name, value in request.args.items(multi=True) if not (cursor and name == "cursor")
    ]
    query = urlencode([*pairs, ("cursor", cursor)] if cursor else pairs)
    base: str = platform().settings.base_url
    return base.rstrip("/") + request.path + (f"?{query}" if query else "")


def window(
    items: Sequence[T], key: Callable[[T], str], *, size: int, cursor: str | None
) -> tuple[Sequence[T], str | None]:
    """The page of an ordered list that begins behind the item `cursor` names, and the cursor of the next.

    Raises `Invalid` when the cursor names nothing in the list.
    """
    start = 0
    if cursor:
        wanted = cursors.decode(cursor)
        places = [place for place, item in enumerate(items) if (key(item),) == wanted]
        if not places:
            raise cursors.refused()
        start = places[0] + 1
    page = items[start : start + size]
    more = start + size < len(items) and page
    return page, cursors.encode((key(page[-1]),)) if more else None
