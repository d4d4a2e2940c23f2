"""Who is asking: a signed-in browser, or nobody in particular; and whether a change is what it meant.

A state change is refused when the browser says it comes from another site, or when the token of the
visitor is missing. The token travels in the header `X-CSRF-Token` or, from pages, in the form field
`csrf_token`. Signed-in visitors have the token of their session, others one in a cookie of its own.
Callers of the API who bring no session have nothing a foreign page could abuse and need no token.
"""

import hmac
import secrets
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, NotAllowed
from opendata.base.runtime import ANONYMOUS, Platform
from opendata.doors.http import gate
from opendata.doors.http.context import platform
from opendata.services.access import sessions

SAFE = {"GET", "HEAD", "OPTIONS"}
COOKIE = "opendata_session"
SECURE_COOKIE = "__Host-opendata_session"
FORM_COOKIE = "opendata_form"
ERRAND_COOKIE = "opendata_errand"
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105  # a name
TOKEN_FIELD = "csrf_token"  # noqa: S105  # a name


class ForeignForm(NotAllowed):
    code = "foreign_form"
    message = N_("Biểu mẫu đã hết hạn hoặc được gửi từ trang khác. Vui lòng tải lại trang và thử lại.")


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host; browsers take it over https only."""
    return SECURE_COOKIE if _secure() else COOKIE


def _secure() -> bool:
    return cast("bool", platform().settings.base_url.startswith("https:"))


def identify(asked: Request, here: dict[str, Any], app: Flask, parts: Platform) -> None:
    """Before each request: resolve the caller and refuse forged state changes.

    A key or token speaks for itself: nothing a foreign page could make a browser send comes with it.
    """
    here["caller"], here["csrf"] = ANONYMOUS, None
    if gate.identify(asked, here, app, parts):
        return
    if "HTTP_COOKIE" in asked.environ and (token := asked.cookies.get(cookie_name())):
        with parts.read() as work:
            session = sessions.resume(work, token)
        if session is not None:
            here["caller"], here["csrf"], here["session_token"] = session.caller, session.csrf, token
    if asked.method not in SAFE:
        _require_same_site()
        _require_token()


def _require_same_site() -> None:
    """A browser says where a request comes from; another site is refused whoever is signed in."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignForm
    origin = request.headers.get("Origin")
    if origin == "null" and site == "same-origin":  # how browsers send forms of pages without a referrer
        return
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ForeignForm


def _require_token() -> None:
    over_api = request.path.startswith("/api/")
    if over_api and g.csrf is None:
        return
    expected = g.csrf or request.cookies.get(_form_cookie(), "")
    given = request.headers.get(TOKEN_HEADER) or ("" if over_api else request.form.get(TOKEN_FIELD, ""))
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise ForeignForm


def _form_cookie() -> str:
    return f"__Host-{FORM_COOKIE}" if _secure() else FORM_COOKIE


def form_token() -> str:
    """The token the forms of this page carry. A page that shows it is stored by no shared cache."""
    if "form_token" not in g:
        g.form_token = g.csrf or request.cookies.get(_form_cookie()) or secrets.token_urlsafe(24)
    return cast("str", g.form_token)


def keep_form_token(response: Response) -> None:
    """After each request: a page with a form belongs to its visitor, who gets the token it names."""
    if "form_token" not in g:
        return
    response.headers["Cache-Control"] = "private, no-store"
    if g.csrf is None and request.cookies.get(_form_cookie()) != g.form_token:
        response.set_cookie(
            _form_cookie(), g.form_token, secure=_secure(), httponly=True, samesite="Lax", path="/"
        )


def become(session: sessions.OpenSession) -> None:
    """The rest of this request is the visitor who has just signed in."""
    g.caller, g.csrf, g.session_token = session.caller, session.csrf, session.token
    g.pop("form_token", None)


def _errand_cookie() -> str:
    return f"__Host-{ERRAND_COOKIE}" if _secure() else ERRAND_COOKIE


def remember_errand(response: BaseResponse, state: str) -> None:
    """The browser that goes to a provider of identities is the one that has to come back."""
    response.set_cookie(
        _errand_cookie(), state, max_age=600, secure=_secure(), httponly=True, samesite="Lax", path="/"
    )


def errand() -> str:
    return request.cookies.get(_errand_cookie(), "")


def forget_errand(response: BaseResponse) -> None:
    response.delete_cookie(_errand_cookie(), path="/", secure=_secure(), httponly=True, samesite="Lax")


def remember(response: BaseResponse, token: str, *, hours: int) -> None:
    response.set_cookie(
        cookie_name(),
        token,
        max_age=hours * 3600,
        secure=_secure(),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget(response: BaseResponse) -> None:
    response.delete_cookie(cookie_name(), path="/", secure=_secure(), httponly=True, samesite="Lax")
