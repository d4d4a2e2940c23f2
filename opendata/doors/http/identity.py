"""Who is asking: a signed-in browser, or nobody in particular."""

from urllib.parse import urlsplit

from flask import Response, g, request

from opendata.base.kit.errors import N_, NotAllowed
from opendata.base.runtime import ANONYMOUS
from opendata.doors.http.context import platform
from opendata.services.access import sessions

SAFE = {"GET", "HEAD", "OPTIONS"}
COOKIE = "opendata_session"
SECURE_COOKIE = "__Host-opendata_session"


class ForeignForm(NotAllowed):
    code = "foreign_form"
    message = N_("Biểu mẫu đã hết hạn hoặc được gửi từ trang khác. Vui lòng tải lại trang và thử lại.")


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host; browsers take it over https only."""
    return SECURE_COOKIE if platform().settings.base_url.startswith("https:") else COOKIE


def identify() -> None:
    """Before each request: resolve the caller and refuse forged state changes."""
    g.caller, g.csrf = ANONYMOUS, None
    token = request.cookies.get(cookie_name())
    if token:
        with platform().read() as work:
            session = sessions.resume(work, token)
        if session is not None:
            g.caller, g.csrf, g.session_token = session.caller, session.csrf, token
    if request.method not in SAFE:
        _require_same_site()


def _require_same_site() -> None:
    """A browser says where a request comes from; another site is refused whoever is signed in."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignForm
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ForeignForm


def remember(response: Response, token: str, *, hours: int) -> None:
    response.set_cookie(
        cookie_name(),
        token,
        max_age=hours * 3600,
        secure=cookie_name() == SECURE_COOKIE,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget(response: Response) -> None:
    response.delete_cookie(
        cookie_name(), path="/", secure=cookie_name() == SECURE_COOKIE, httponly=True, samesite="Lax"
    )
