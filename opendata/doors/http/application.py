"""The Flask application around the doors: request id, host check, headers, errors by path."""

import time
from collections.abc import Callable, Container, Iterable
from functools import partial
from math import inf
from secrets import token_hex
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix

from opendata.base.kit.errors import NotFound, OpenDataError
from opendata.base.runtime import ANONYMOUS, Platform
from opendata.base.runtime.database import PATIENCE, READ_SECONDS
from opendata.doors.http import (
    blocks,
    bodies,
    floor,
    gate,
    health,
    identity,
    language,
    last_answers,
    late_fields,
    limits,
    machines,
    metering,
    networks,
    ratelimit_fields,
)
from opendata.doors.http.context import EXTENSION, is_reduced, this_context, this_request
from opendata.doors.http.networks import Networks
from opendata.doors.http.problems import BadRequest, as_open_data_error, problem
from opendata.settings import Settings

HOSTS = "opendata.hosts"
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


def may_be_framed() -> str:
    """The policy of a page that other sites may show within theirs: it asks for nothing."""
    return CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *").replace(
        "form-action 'self'", "form-action 'none'"
    )


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
READABLE_BY_ALL = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", READABLE_HEADERS))
"""Public data may be read by scripts of any origin, without credentials."""
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")

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
    late_fields.install(app)
    known = Networks(platform.settings.network_multipliers)
    networks.install(app, known)
    floor.install(app, platform, known)
    blocks.install(app, platform)
    if platform.settings.trusted_proxies:
        hops = platform.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    gate.install(app, platform)
    limits.install(app, platform)
    last_answers.install(app, platform)
    app.before_request(partial(_begin, app, platform))
    app.after_request(partial(_finish, platform))
    app.register_error_handler(Exception, _render)
    health.register(app)
    return app


def _begin(app: Flask, parts: Platform) -> None:
    asked, here = this_request(), this_context()
    here["began"] = time.perf_counter()
    here["now"] = parts.clock()
    here["at"] = here["now"].timestamp()
    here["request_id"] = token_hex(6)
    PATIENCE.set(READ_SECONDS if asked.method in identity.SAFE else inf)
    clear_contextvars()
    bind_contextvars(request_id=here["request_id"])
    language.choose(asked, here)
    if "\0" in asked.path:  # names nothing, and PostgreSQL takes no text with it
        raise NotFound
    if asked.path.startswith("/health/"):  # asked by address, and answered even when sign-in cannot be
        return
    _require_known_host(asked.host, app.extensions[HOSTS])
    bodies.allow(asked)
    if machines.asked(asked):
        here["caller"], here["csrf"] = ANONYMOUS, None
    else:
        identity.identify(asked, here, app, parts)
    limits.admit(asked, here, parts)


def _require_known_host(asked: str, known: Container[str]) -> None:
    host = asked.strip("[]") if asked.endswith("]") else asked.rsplit(":", 1)[0].strip("[]")
    if host not in known:
        raise BadRequest(fields={"Host": BadRequest.message})


def _known_hosts(settings: Settings) -> frozenset[str | None]:
    known = {urlsplit(settings.base_url).hostname, *settings.allowed_hosts}
    if settings.mode != "production":
        known |= {"localhost", "127.0.0.1", "::1"}
    return frozenset(known)


def _finish(parts: Platform, response: Response) -> Response:
    asked, here = this_request(), this_context()
    headers = response.headers
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Cache-Control", "private, no-store")
    if response.status_code == 503:
        headers.setdefault("Retry-After", "5")  # forms show refusals in pages of their own
    if is_reduced():
        headers["X-Search-Mode"] = "reduced"
        headers["Cache-Control"] = "no-store"
    identity.keep_form_token(response)
    last_answers.note(response)
    gate.tell(response, here)
    late = [*limits.tell(response, here, parts), ("X-Request-Id", here.get("request_id", "")), NO_SNIFFING]
    metering.note(response, asked, here, parts)
    if asked.path.startswith("/api/"):
        late += READABLE_BY_ALL
        _answer_preflight(response, asked)
    late_fields.put(asked.environ, late)
    return response


def _answer_preflight(response: Response, asked: Request) -> None:
    if asked.method == "OPTIONS":
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
    if machines.asked(this_request()):
        machines.name_error(ours)
        return _challenged(problem(ours), ours)
    if request.path.startswith(("/api/", "/health/")) or page is None:
        return _challenged(problem(ours), ours)
    try:
        return page(ours)
    except Exception:  # noqa: BLE001  # a fault of the error page must not hide the error
        return problem(ours)
