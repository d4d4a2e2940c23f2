"""The Flask application around the doors: request id, host check, headers, errors by path."""

from collections.abc import Callable, Iterable
from math import inf
from secrets import token_hex
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix

from opendata.base.kit.errors import OpenDataError
from opendata.base.runtime import ANONYMOUS, Platform
from opendata.base.runtime.database import PATIENCE
from opendata.doors.http import (
    bodies,
    floor,
    gate,
    health,
    identity,
    language,
    last_answers,
    limits,
    machines,
    metering,
    ratelimit_fields,
)
from opendata.doors.http.context import EXTENSION, is_reduced
from opendata.doors.http.problems import BadRequest, as_open_data_error, problem
from opendata.settings import Settings

HOSTS = "opendata.hosts"
READ_SECONDS = 5.0
"""How long one answer of the database is waited for where nothing is written."""
BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a request body outside uploads."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)


def forms_may_lead_to(origins: Iterable[str]) -> str:
    """The policy of a page whose form ends at another site."""
    own = "form-action 'self'"
    return CONTENT_SECURITY_POLICY.replace(own, " ".join((own, *origins)))


READABLE_HEADERS = ", ".join(
    (
        "Accept-Ranges",
        "Allow",
        "Content-Disposition",
        "Content-Range",
        "ETag",
        "Location",
        "Retry-After",
        "WWW-Authenticate",
        last_answers.MODE,
        "X-Credential-Expires",
        "X-Data-Synthetic",
        "X-Environment",
        "X-Request-Id",
        "X-Search-Mode",
        *ratelimit_fields.READABLE,
    )
)
"""What a script of another origin may read of an answer of the API."""

ErrorPage = Callable[[OpenDataError], Response]


def build(platform: Platform) -> Flask:
    """An application that tells of its health; doors register their routes."""
    app = Flask("opendata", static_folder=None, template_folder=None)
    app.extensions[EXTENSION] = platform
    app.extensions[HOSTS] = _known_hosts(platform.settings)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    floor.install(app, platform)
    if platform.settings.trusted_proxies:
        hops = platform.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    gate.install(app)
    last_answers.install(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, _render)
    health.register(app)
    return app


def _begin() -> None:
    metering.begin()
    PATIENCE.set(READ_SECONDS if request.method in identity.SAFE else inf)
    clear_contextvars()
    g.request_id = token_hex(6)
    bind_contextvars(request_id=g.request_id)
    language.choose()
    if request.path.startswith("/health/"):  # asked by address, and answered even when sign-in cannot be
        return
    _require_known_host()
    bodies.allow()
    if machines.asked():
        g.caller, g.csrf = ANONYMOUS, None
    else:
        identity.identify()
    limits.admit()


def _require_known_host() -> None:
    host = (
        request.host.rsplit(":", 1)[0].strip("[]")
        if not request.host.endswith("]")
        else request.host.strip("[]")
    )
    if host not in current_app.extensions[HOSTS]:
        raise BadRequest(fields={"Host": BadRequest.message})


def _known_hosts(settings: Settings) -> frozenset[str | None]:
    known = {urlsplit(settings.base_url).hostname, *settings.allowed_hosts}
    if settings.mode != "production":
        known |= {"localhost", "127.0.0.1", "::1"}
    return frozenset(known)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Cache-Control", "private, no-store")
    if is_reduced():
        headers["X-Search-Mode"] = "reduced"
        headers["Cache-Control"] = "no-store"
    identity.keep_form_token(response)
    last_answers.note(response)
    gate.tell(response)
    limits.tell(response)
    metering.note(response)
    if request.path.startswith("/api/"):
        _allow_reading_from_anywhere(response)
    return response


def _allow_reading_from_anywhere(response: Response) -> None:
    """Public data may be read by scripts of any origin, without credentials."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
    if request.method == "OPTIONS":
        asked_with = (
            "Accept, Accept-Language, Authorization, If-Match, If-None-Match, If-Range, Range, X-Api-Key"
        )
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = asked_with
        response.headers["Access-Control-Max-Age"] = "86400"


def _challenged(response: Response, error: OpenDataError) -> Response:
    for text in gate.challenge(error):
        response.headers.add("WWW-Authenticate", text)
    return response


def _render(error: Exception) -> Response:
    """API paths answer problem+json; pages ask the page door for its error page."""
    ours = as_open_data_error(error)
    g.error_code = ours.code
    if (stale := last_answers.instead_of(ours)) is not None:
        return stale
    page: ErrorPage | None = current_app.extensions.get("opendata.error_page")
    if request.path.startswith(("/api/", "/health/")) or page is None or machines.asked():
        return _challenged(problem(ours), ours)
    try:
        return page(ours)
    except Exception:  # noqa: BLE001  # a fault of the error page must not hide the error
        return problem(ours)
