"""What the child of `opendata serve` loads."""

from importlib import import_module
from typing import Any

from opendata.doors.cli.invocation import Invocation


def application(invocation: Invocation, port: int, workers: int = 1, *, patient: bool = False) -> Any:
    """The WSGI application; `patient` waits for the database. Imported here and not above, so that the
    watching parent stays small."""
    settings = import_module("opendata.settings")
    overrides = {"base_url": f"http://127.0.0.1:{port}", **invocation.settings}
    shared = {"workers": workers, **invocation.settings} if workers > 1 else invocation.settings
    loaded = settings.load(invocation.config, overrides=shared)
    if loaded.base_url == settings.Settings().base_url:
        loaded = settings.load(invocation.config, overrides={**shared, **overrides})
    return import_module("opendata.app").serving_app(loaded, patient=patient)
