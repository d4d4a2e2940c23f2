"""The floor below everything: so many requests a second from one network, whatever they ask for.

It counts before routing, sign-in and parsing, every answer whatever its status, so that storms of unknown
addresses and wrong keys cost little. Checks of health pass: those who ask them are few and ask for all.
"""

from collections.abc import Callable, Iterable
from math import ceil
from typing import Any

import structlog
from flask import Flask

from opendata.base.kit.errors import RateLimited, Unavailable
from opendata.base.runtime import Platform
from opendata.doors.http import address, early
from opendata.doors.http.early import Application
from opendata.doors.http.networks import Networks
from opendata.engines.counters import Cell, Counters
from opendata.engines.counters.leases import Asked, Leases

log = structlog.get_logger(__name__)
BURST_SECONDS = 4
"""A page brings its pictures and scripts with it."""
ABUSE_TYPE = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected"
EXTENSION = "opendata.floor"


class Floor:
    def __init__(self, application: Application, platform: Platform, networks: Networks) -> None:
        self._application = application
        self._rate = platform.settings.floor_per_second
        self._platform = platform
        self._networks = networks
        self._leases = Leases(platform.part(Counters), workers=platform.settings.workers, clock=self._now)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/health/"):
            return self._application(environ, start_response)
        wait = self._wait(environ.get("REMOTE_ADDR"))
        if wait:
            error = RateLimited(type=ABUSE_TYPE, retry_after=wait)
            return early.refuse(environ, start_response, error)
        return self._application(environ, start_response)

    def _now(self) -> float:
        return self._platform.clock().timestamp()

    def _wait(self, remote: str | None) -> int:
        """Seconds to wait, 0 for none. A fault of the counters stops nobody."""
        network = address.network(remote)
        try:
            good, lease = self._leases.take(network, lambda: self._asked(network, remote))
        except Unavailable as error:
            log.warning("floor.failed", error=repr(error))
            return 0
        return 0 if good else max(1, ceil(lease.readings[0].wait))

    def _asked(self, network: str, remote: str | None) -> Asked:
        rate = self._rate * self._networks.factor(remote)
        cell = Cell(f"f:{{{network}}}", "gcra", rate * BURST_SECONDS, 1 / rate)
        return Asked([cell], float(rate), self._now() + 3600)


def install(app: Flask, platform: Platform, networks: Networks) -> None:
    """Inside of what reads the address a proxy vouches for, outside of everything else."""
    if platform.settings.floor_per_second:
        floor = Floor(app.wsgi_app, platform, networks)
        app.extensions[EXTENSION] = floor
        app.wsgi_app = floor  # type: ignore[method-assign]
