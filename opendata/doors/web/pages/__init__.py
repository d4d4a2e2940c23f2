"""The pages, one file a subject."""

from opendata.doors.web.pages import (
    about,
    account,
    apps,
    datasets,
    desk,
    developers,
    docs,
    home,
    new_source,
    operator,
    organizations,
)

BLUEPRINTS = (
    home.blueprint,
    datasets.blueprint,
    organizations.blueprint,
    about.blueprint,
    docs.blueprint,
    account.blueprint,
    developers.blueprint,
    apps.blueprint,
    desk.blueprint,
    new_source.blueprint,
    operator.blueprint,
)
