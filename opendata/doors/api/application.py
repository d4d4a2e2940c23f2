"""Registers the REST blueprints and serves the OpenAPI document."""

from typing import Any

from flask import Flask
from flask_smorest import Api

from opendata import __version__
from opendata.doors.api import datasets, resources
from opendata.doors.http.permissions import ANYONE, permission

PREFIX = "/api/v1"


class RestApi(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """Leaves errors to the application, which renders them by path."""

    def _register_error_handlers(self) -> None:
        return


def register(app: Flask) -> None:
    app.config.update(
        API_TITLE="Hai Phong Open Data API",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = RestApi(app)
    for blueprint in (datasets.blueprint, resources.blueprint):
        api.register_blueprint(blueprint, url_prefix=PREFIX + blueprint.url_prefix)
    _declare_document(app)


def _declare_document(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("api-docs."):
            app.view_functions[endpoint] = permission(ANYONE)(_wrapped(view))


def _wrapped(view: Any) -> Any:
    def document(**arguments: Any) -> Any:
        return view(**arguments)

    return document
