"""The web application: the platform with its HTTP doors."""

from flask import Flask

from opendata.assembly import assemble
from opendata.base.runtime import Platform
from opendata.doors import api, web
from opendata.doors.http import application
from opendata.doors.http.permissions import require_all_declared
from opendata.settings import Settings


def create_app(settings: Settings | None = None, *, platform: Platform | None = None) -> Flask:
    """The web application: REST, pages, health. Raises `RuntimeError` for an undeclared permission."""
    platform = platform or assemble(settings)
    app = application.build(platform)
    api.register(app)
    web.register(app, platform)
    require_all_declared(app)
    return app
