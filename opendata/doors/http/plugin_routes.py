"""Mounts the reading routes of plugins."""

from collections.abc import Callable

from flask import Flask, Response, request

from opendata.base.kit.hashes import sha256
from opendata.doors.http import answers
from opendata.doors.http.context import language, platform, reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.services.catalog.hooks import Plugins, Route, Visit


def register(app: Flask, plugins: Plugins) -> None:
    for number, route in enumerate(plugins.routes()):
        app.add_url_rule(route.path, f"plugin_{number}", _view(route), methods=["GET"])


def _view(route: Route) -> Callable[..., Response]:
    @permission(ANYONE)
    def view(**parts: str) -> Response:
        base_url = platform().settings.base_url.rstrip("/")
        with reading() as work:
            visit = Visit(work, parts, request.args.to_dict(), language(), base_url)
            answer = route.view(visit)
        return answers.cached(answer.body, answer.content_type, etag=sha256(answer.body)[:32])

    return view
