"""The newest public answer to each question, which stands in for an hour while the database is away.

It is told with its age (RFC 9111 §5.1), marked `X-Answer-Mode: stale`, on pages by a line too, and is for no
cache to keep. Callers with a key or a session that is known get the public answer as well, never one of
their own: none of those is kept. What moved or is gone is forgotten when that is first seen, and everything
when a dataset was taken from the public: pages and lists of any address may name it.
"""

import time
from math import inf
from typing import cast

from flask import Flask, Response, current_app, g, request
from markupsafe import escape

from opendata.base.i18n import translations
from opendata.base.kit.errors import N_, OpenDataError, Unavailable
from opendata.base.runtime import Platform
from opendata.doors.http import answers, remembered
from opendata.doors.http.context import caller, language
from opendata.doors.http.remembered import Kept, Remembered
from opendata.services.access.changes import Changes
from opendata.services.catalog import withdrawals
from opendata.services.catalog.withdrawals import Withdrawals

EXTENSION = "opendata.last_answers"
CAPACITY = 16 << 20
STALE_SECONDS = 3600
MODE = "X-Answer-Mode"
NOTICE = N_("Máy chủ dữ liệu đang tạm gián đoạn. Trang này là bản ghi lại từ %(minutes)s phút trước.")
_ALWAYS_VARIED = {"Cookie", "Accept-Language"}
"""Sessions are told apart by who may keep an answer, languages by the question."""
_TOLD_AGAIN = (
    "X-Data-Synthetic",
    "Link",
    "Content-Language",
    "Content-Security-Policy",
    "Content-Disposition",
)
_MAIN = b'<main id="main" tabindex="-1">'


def install(app: Flask, platform: Platform) -> None:
    app.extensions[EXTENSION] = memory = Remembered(CAPACITY)
    platform.part(Changes).also(Withdrawals(platform, memory.clear).look, seconds=withdrawals.EVERY)


def note(response: Response) -> None:
    """After each request, before what it says of its caller is added."""
    if request.method != "GET" or "from_memory" in g or caller().kind != "anonymous":
        return
    if remembered.may_be_kept(response):
        _memory().put(_question(), _kept(response), began=g.get("began", -inf))
    elif response.status_code in {301, 302, 401, 403, 404, 410}:
        _memory().drop(_question())


def instead_of(error: OpenDataError) -> Response | None:
    """What was last told to the same question, where it may stand for this error."""
    if not isinstance(error, Unavailable) or request.method not in {"GET", "HEAD"} or _credential_is_unread():
        return None
    kept = _memory().get(_question())
    if kept is None or time.monotonic() - kept.at > STALE_SECONDS or _varied(kept) != kept.varied:
        return None
    return _stale(kept)


def _memory() -> Remembered:
    return cast("Remembered", current_app.extensions[EXTENSION])


def _question() -> tuple[str, bytes, str]:
    return request.path, request.query_string, language()


def _credential_is_unread() -> bool:
    """A key that cannot be looked up is neither good nor nobody's."""
    return bool(g.get("credential_shown")) and g.get("credential") is None


def _kept(response: Response) -> Kept:
    etag, _weak = response.get_etag()
    headers = response.headers
    told = tuple((name, headers[name]) for name in _TOLD_AGAIN if name in headers)
    names = [name for name in headers.get("Vary", "").split(", ") if name and name not in _ALWAYS_VARIED]
    varied = tuple((name, request.headers.get(name)) for name in names)
    return Kept(response.get_data(), response.content_type or "", etag or "", headers=told, varied=varied)


def _varied(kept: Kept) -> tuple[tuple[str, str | None], ...]:
    return tuple((name, request.headers.get(name)) for name, _ in kept.varied)


def _stale(kept: Kept) -> Response:
    age = int(time.monotonic() - kept.at)
    body = kept.body
    if kept.content_type.startswith("text/html"):
        body = body.replace(_MAIN, _MAIN + _line(age), 1)
    response = answers.cached(body, kept.content_type, etag=kept.etag)
    for name, value in kept.headers:
        response.headers[name] = value
    response.headers["Age"] = str(age)
    response.headers[MODE] = "stale"
    response.headers["Cache-Control"] = "no-store"
    return response


def _line(age: int) -> bytes:
    text = translations(language()).gettext(NOTICE) % {"minutes": max(1, age // 60)}
    return f'<div class="page"><p class="small soft" role="status">{escape(text)}</p></div>'.encode()
