"""Registers the REST blueprints and serves the OpenAPI document."""

from flask import Flask, Response

from opendata import __version__
from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.api import (
    account,
    applications,
    clients,
    datasets,
    editing,
    harvest,
    integrations,
    keys,
    me,
    members,
    notices,
    openapi,
    operator,
    organizations,
    places,
    plans,
    resources,
    subscriptions,
    transfers,
    usage,
    vocabularies,
    webhooks,
)
from opendata.doors.api.arguments import refuse_undeclared
from opendata.doors.http import answers
from opendata.doors.http.context import EXTENSION
from opendata.doors.http.permissions import ANYONE, permission

PREFIX = "/api/v1"
BLUEPRINTS = (
    datasets.blueprint,
    editing.blueprint,
    resources.blueprint,
    organizations.blueprint,
    vocabularies.blueprint,
    places.blueprint,
    harvest.blueprint,
    applications.blueprint,
    keys.blueprint,
    clients.blueprint,
    members.blueprint,
    me.blueprint,
    account.blueprint,
    integrations.blueprint,
    plans.blueprint,
    usage.blueprint,
    subscriptions.blueprint,
    notices.blueprint,
    webhooks.blueprint,
    transfers.blueprint,
    operator.blueprint,
)


def register(app: Flask) -> None:
    platform = app.extensions[EXTENSION]
    app.config.update(API_TITLE="Hai Phong Open Data API", API_VERSION=__version__, OPENAPI_VERSION="3.1.0")
    api = openapi.RestApi(app, platform.part(Vocabularies))
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=PREFIX + blueprint.url_prefix)
    body = openapi.Document(api, platform.settings.base_url)
    app.extensions["opendata.openapi"] = body  # the reference page shows it

    @permission(ANYONE)
    def document() -> Response:
        refuse_undeclared()
        return answers.json_bytes(body())

    app.add_url_rule(f"{PREFIX}/openapi.json", "openapi", document)
