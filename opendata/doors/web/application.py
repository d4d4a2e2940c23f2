"""Registers the pages, the static files and the error page."""

from collections.abc import Callable
from functools import partial

from flask import Flask, Response, g, request, send_from_directory

from opendata.base.kit.errors import OpenDataError
from opendata.base.runtime import Platform
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.http.problems import problem, sentence
from opendata.doors.web import display
from opendata.doors.web.pages import BLUEPRINTS
from opendata.doors.web.rendering import ENVIRONMENT, environment, form_page
from opendata.doors.web.static_files import StaticFiles

YEAR = 31_536_000


def register(app: Flask, platform: Platform) -> None:
    static = StaticFiles()
    app.extensions[ENVIRONMENT] = environment(platform, static)
    app.extensions["opendata.error_page"] = error_page
    app.before_request(lambda: display.speak(g.language))
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint, name=f"page_{blueprint.name}")
        app.register_blueprint(blueprint, name=f"page_{blueprint.name}_en", url_prefix="/en")
    app.add_url_rule("/static/<path:name>", "static", _static_view(static), methods=["GET"])


def _static_view(static: StaticFiles) -> Callable[..., Response]:
    return permission(ANYONE)(partial(_static, static))


def _static(static: StaticFiles, name: str) -> Response:
    accepted = {form for form in ("br", "gzip") if request.accept_encodings.quality(form) > 0}
    stored, encoding = static.form(name, accepted)
    response = send_from_directory(static.folder, stored, max_age=YEAR, download_name=name.rsplit("/", 1)[-1])
    response.vary.add("Accept-Encoding")
    if encoding:
        response.content_encoding = encoding
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response


def error_page(error: OpenDataError) -> Response:
    """What happened, what can be done, and the request id to tell the portal team."""
    accepted = request.headers.get("Accept", "*/*")
    if "text/html" not in accepted and "*/*" not in accepted:
        return problem(error)
    display.speak(g.get("language", "vi"))
    extra = {"retry_after": error.params.get("retry_after", 5)} if error.status in {429, 503} else {}
    response = form_page(
        "errors/error.html",
        status=error.status,
        error=error,
        message=sentence(error),
        unread_notices=None,  # the database may be what is away
        **extra,
    )
    response.headers["Cache-Control"] = "no-store"
    if extra:
        response.headers["Retry-After"] = str(extra["retry_after"])
    return response
