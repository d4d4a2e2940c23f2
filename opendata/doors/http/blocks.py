"""Refuses what comes from a blocked network, before anything of the request is read.

Checks of health pass: those who ask them are few, and ask for all.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from opendata.base.kit.errors import N_, NotAllowed
from opendata.base.runtime import Platform
from opendata.base.runtime.database import PATIENCE, READ_SECONDS
from opendata.doors.http import address, early
from opendata.doors.http.early import Application
from opendata.services.access.blocks import Blocks


class NetworkBlocked(NotAllowed):
    code = "network_blocked"
    message = N_("Mạng này đang bị chặn. Hãy liên hệ %(contact)s.")


class Guard:
    def __init__(self, application: Application, platform: Platform) -> None:
        self._application = application
        self._blocks = platform.part(Blocks)
        self._settings = platform.settings

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        PATIENCE.set(READ_SECONDS)  # where the list has to be read; what stands there is of another request
        if not environ["PATH_INFO"].startswith("/health/") and self._blocks.stop(
            address.canonical(environ.get("REMOTE_ADDR"))
        ):
            error = NetworkBlocked(contact=self._settings.contact_email)
            as_text = not environ["PATH_INFO"].startswith("/api/")
            return early.refuse(environ, start_response, error, as_text=as_text)
        return self._application(environ, start_response)


def install(app: Flask, platform: Platform) -> None:
    """Inside of what reads the address a proxy vouches for, outside of everything else."""
    app.wsgi_app = Guard(app.wsgi_app, platform)  # type: ignore[method-assign]
