"""The web application: the platform with its HTTP doors."""

from flask import Flask

from opendata.assembly import NotMigrated, assemble
from opendata.base.models import migrations
from opendata.base.runtime import Platform
from opendata.doors import api, oauth, web
from opendata.doors.http import application, control_limits, plugin_routes
from opendata.doors.http.permissions import require_all_declared
from opendata.doors.worker import Worker
from opendata.services.access.changes import Changes
from opendata.services.catalog.hooks import Plugins
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.meter import Meter
from opendata.settings import Settings


def serving_app(settings: Settings | None = None) -> Flask:
    """What a server runs: the application, in embedded mode with the worker beside it.

    Raises `NotMigrated` where the database is behind the program.
    """
    platform = assemble(settings)
    if migrations.pending(platform.engine):
        raise NotMigrated
    app = create_app(platform=platform)
    platform.part(Changes).start()
    platform.part(PlanGate).start()
    platform.part(Meter).start()
    if platform.settings.worker_in_web:
        Worker(platform).start()
    return app


def create_app(settings: Settings | None = None, *, platform: Platform | None = None) -> Flask:
    """The web application: REST, pages, health. Raises `RuntimeError` for an undeclared permission."""
    platform = platform or assemble(settings)
    app = application.build(platform)
    api.register(app)
    web.register(app, platform)
    oauth.register(app, platform)
    plugin_routes.register(app, platform.part(Plugins))
    require_all_declared(app)
    control_limits.install(app, platform)
    return app
