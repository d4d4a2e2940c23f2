"""The pages, one file a subject."""

from opendata.doors.web.pages import (
    about,
    account,
    apps,
    clients,
    datasets,
    desk,
    developers,
    docs,
    home,
    mailbox,
    new_source,
    operator,
    organizations,
    signing_in,
    teams,
    usage,
)

BLUEPRINTS = (
    home.blueprint,
    datasets.blueprint,
    organizations.blueprint,
    about.blueprint,
    docs.blueprint,
    signing_in.blueprint,
    account.blueprint,
    mailbox.blueprint,
    developers.blueprint,
    apps.blueprint,
    clients.blueprint,
    teams.blueprint,
    usage.blueprint,
    desk.blueprint,
    new_source.blueprint,
    operator.blueprint,
)
