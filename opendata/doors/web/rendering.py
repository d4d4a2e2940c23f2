"""Renders a template with what every page needs."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Response, current_app, g, request
from jinja2 import Environment, PackageLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from nh3 import clean as sanitise

from opendata.base.kit.hashes import sha256
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Platform
from opendata.doors.http import answers, identity
from opendata.doors.http.context import caller, current, platform, reading
from opendata.doors.web import display
from opendata.doors.web.static_files import StaticFiles
from opendata.services.access import notices

ENVIRONMENT = "opendata.templates"
ALLOWED_TAGS = {
    "p",
    "br",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "a",
    "code",
    "pre",
    "blockquote",
    "h3",
    "h4",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def environment(platform: Platform, static: StaticFiles) -> Environment:
    """Templates of the package, escaped by default, compiled once."""
    env = Environment(
        loader=PackageLoader("opendata.doors.web", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        auto_reload=platform.settings.mode == "development",
    )
    display.install(env, vocabularies=platform.part(Vocabularies), static=static)
    return env


def html(template: str, values: Mapping[str, Any]) -> str:
    env: Environment = current_app.extensions[ENVIRONMENT]
    return env.get_template(template).render(_common() | dict(values))


def page(template: str, /, *, status: int = 200, vary: str = "", **values: Any) -> Response:
    """A page with its caching rules: shared for anonymous readers, private for everybody else."""
    body = html(template, values).encode()
    if caller().signed_in or status != 200 or "messages" in values:
        return Response(body, status=status, content_type="text/html; charset=utf-8")
    return answers.cached(body, "text/html; charset=utf-8", etag=sha256(body)[:32], vary=vary)


def form_page(template: str, /, *, status: int = 200, **values: Any) -> Response:
    """A page with a form: never stored."""
    body = html(template, {"status": status, **values})
    return Response(body, status=status, content_type="text/html; charset=utf-8")


def markdown(text: str) -> Markup:
    """Markdown of a publisher as safe HTML: parsed without raw HTML, then reduced to an allow-list."""
    rendered = _parser().render(text)
    safe = sanitise(
        rendered, tags=ALLOWED_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
    return Markup(safe)  # noqa: S704  # the line above is the sanitiser


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("js-default", {"html": False, "linkify": False}).enable("table")


def here() -> str:
    """Path and query of this page without the language prefix."""
    path = request.full_path.rstrip("?")
    if path == "/en" or path.startswith(("/en/", "/en?")):
        path = path[3:]
    return path if path.startswith("/") else "/" + path


def unread_notices() -> int:
    """For the head of every page of somebody who is signed in."""
    if not caller().signed_in:
        return 0
    if (open_already := current()) is not None:
        return notices.unread(open_already)
    with reading() as work:
        return notices.unread(work)


def _common() -> dict[str, Any]:
    settings = platform().settings
    return {
        "path": here(),
        "canonical": settings.base_url.rstrip("/") + request.path,
        "caller": caller(),
        "csrf_token": identity.form_token,
        "unread_notices": unread_notices,
        "request_id": g.get("request_id"),
        "portal": {
            "name": {"vi": settings.portal_name_vi, "en": settings.portal_name_en},
            "contact_email": settings.contact_email,
        },
    }
