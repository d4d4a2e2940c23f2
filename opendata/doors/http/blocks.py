"""Refuses what comes from a blocked network, before anything of the request is read.

Checks of health pass: those who ask them are few, and ask for all.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Flask

from opendata.base.i18n import translations
from opendata.base.kit.errors import N_, NotAllowed
from opendata.base.kit.ids import new_id
from opendata.base.runtime import Platform
from opendata.doors.http import address
from opendata.services.access.blocks import Blocks

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class NetworkBlocked(NotAllowed):
    code = "network_blocked"
    message = N_("Mạng này đang bị chặn. Hãy liên hệ %(contact)s.")


class Guard:
    def __init__(self, application: Application, platform: Platform) -> None:
        self._application = application
        self._blocks = platform.part(Blocks)
        self._settings = platform.settings

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/health/") and self._blocks.stop(
            address.canonical(environ.get("REMOTE_ADDR"))
        ):
            return self._refuse(environ, start_response)
        return self._application(environ, start_response)

    def _refuse(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request_id = new_id()[:13]
        kind, body = self._body(environ["PATH_INFO"], request_id)
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Request-Id", request_id),
            ("X-Content-Type-Options", "nosniff"),
            ("Access-Control-Allow-Origin", "*"),
        ]
        start_response("403 Forbidden", headers)
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []

    def _body(self, path: str, request_id: str) -> tuple[str, bytes]:
        """Both languages: nothing was read that would tell which one is wanted."""
        said = {
            lang: translations(lang).gettext(NetworkBlocked.message)
            % {"contact": self._settings.contact_email}
            for lang in ("vi", "en")
        }
        if not path.startswith("/api/"):
            return "text/plain; charset=utf-8", f"{said['vi']}\n{said['en']}\n{request_id}\n".encode()
        code = NetworkBlocked.code
        problem = {
            "type": f"{self._settings.base_url.rstrip('/')}/docs/errors/{code}",
            "title": said["vi"],
            "detail": said["en"],
            "status": 403,
            "code": code,
            "request_id": request_id,
        }
        return "application/problem+json", orjson.dumps(problem)


def install(app: Flask, platform: Platform) -> None:
    """Inside of what reads the address a proxy vouches for, outside of everything else."""
    app.wsgi_app = Guard(app.wsgi_app, platform)  # type: ignore[method-assign]
