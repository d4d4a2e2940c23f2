"""The request as our floors see it: platform, caller, language."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import Request, current_app, g, request

from opendata.base.runtime import ANONYMOUS, Caller, Platform, Work

EXTENSION = "opendata"


def platform() -> Platform:
    return cast("Platform", current_app.extensions[EXTENSION])


def this_request() -> Request:
    """The request itself: every access through the proxy costs, and gates look many times."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


def this_context() -> dict[str, Any]:
    """What `g` holds, for the same reason: its own way in and out is a call each."""
    return cast("dict[str, Any]", vars(g._get_current_object()))  # noqa: SLF001


def caller() -> Caller:
    return cast("Caller", g.get("caller", ANONYMOUS))


def language() -> str:
    """ "vi" or "en", as `language.choose` decided for this request."""
    return cast("str", g.get("language", "vi"))


@contextmanager
def writing() -> Iterator[Work]:
    """A transaction of this request's caller; commits on leaving."""
    with platform().work(caller()) as work, _current(work):
        yield work


@contextmanager
def reading() -> Iterator[Work]:
    with platform().read(caller()) as work, _current(work):
        yield work


@contextmanager
def _current(work: Work) -> Iterator[None]:
    _opened().append(work)
    outer = current()
    g.work = work
    try:
        yield
    finally:
        g.work = outer


def current() -> Work | None:
    """The transaction this request is in. Whoever opens a second one waits for a connection while holding
    one, and so would every other request of a busy moment."""
    return cast("Work | None", g.get("work"))


def is_reduced() -> bool:
    """Whether an engine that is away was replaced by something less while this request was answered."""
    return any(work.reduced for work in _opened())


def _opened() -> list[Work]:
    opened: list[Work] = g.setdefault("opened", [])
    return opened
