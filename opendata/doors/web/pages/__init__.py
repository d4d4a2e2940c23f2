"""The pages, one file a subject."""

from opendata.doors.web.pages import about, account, datasets, home, operator, organizations

BLUEPRINTS = (
    home.blueprint,
    datasets.blueprint,
    organizations.blueprint,
    about.blueprint,
    account.blueprint,
    operator.blueprint,
)
