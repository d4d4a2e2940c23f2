"""The web application: the platform with its HTTP doors."""

import time

import structlog
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.assembly import NotMigrated, assemble
from opendata.base.kit.errors import Unavailable
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

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 2.0


def serving_app(settings: Settings | None = None, *, patient: bool = False) -> Flask:
    """What a server runs: the application, in embedded mode with the worker beside it.

    Raises `NotMigrated` where the database is behind the program, and `Unavailable` where it is away; if
    `patient`, waits for it instead.
    """
    platform = assemble(settings)
    if _is_behind(platform.engine, patient=patient):
        raise NotMigrated
    app = create_app(platform=platform)
    platform.part(Changes).start()
    platform.part(PlanGate).start()
    platform.part(Meter).start()
    if platform.settings.worker_in_web:
        Worker(platform).start()
    return app


def _is_behind(engine: Engine, *, patient: bool) -> bool:
    while True:
        try:
            return migrations.pending(engine)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("start.without_database", error=str(error)[:300])
            if not patient:
                raise Unavailable from error
        time.sleep(AGAIN_SECONDS)


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
