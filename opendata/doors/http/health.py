"""Is the process alive, and can it serve: /health/live and /health/ready."""

from collections.abc import Callable, Mapping
from typing import Literal

import structlog
from flask import Flask, Response
from sqlalchemy import text

from opendata.base.kit.errors import NotFound
from opendata.base.runtime import Platform
from opendata.doors.http import answers, limits
from opendata.doors.http.context import platform
from opendata.doors.http.permissions import ANYONE, permission
from opendata.engines.files import FileStore
from opendata.engines.jobs import Queue
from opendata.engines.search import SearchIndex
from opendata.services.access.changes import Changes

log = structlog.get_logger(__name__)
State = Literal["ok", "degraded", "down"]
VITAL = {"database", "changes"}
"""Without these nothing can be answered; without the others something can."""
ABSENT = "0" * 64
BLIND_SECONDS = 30


def register(app: Flask) -> None:
    app.add_url_rule("/health/live", "health_live", permission(ANYONE)(live))
    app.add_url_rule("/health/ready", "health_ready", permission(ANYONE)(ready))


def live() -> Response:
    """The process answers. Asks nothing of anybody."""
    return _told({"status": "ok"}, 200)


def ready() -> Response:
    """Each dependency as ok, degraded or down, without address, version or message; 503 when a vital one
    is down. And how many calls this process did not hold against their plan, by a fault of its own."""
    parts = {name: _state(name, probe) for name, probe in PROBES.items()}
    down = any(parts[name] == "down" for name in VITAL)
    status: State = "down" if down else "degraded" if set(parts.values()) != {"ok"} else "ok"
    told = {"status": status, "parts": parts, "limit_faults": limits.faults().count}
    return _told(told, 503 if down else 200)


def _told(value: Mapping[str, object], status: int) -> Response:
    response = answers.json(value, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _state(name: str, probe: Callable[[Platform], None]) -> State:
    try:
        probe(platform())
    except Exception as error:  # noqa: BLE001  # any fault of a dependency is its state
        log.warning("health.down", part=name, error=repr(error))
        return "down" if name in VITAL else "degraded"
    return "ok"


def _database(asked: Platform) -> None:
    with asked.read() as work:
        work.session.execute(text("SELECT 1"))


def _search(asked: Platform) -> None:
    asked.part(SearchIndex).info()


def _files(asked: Platform) -> None:
    try:
        asked.part(FileStore).size(ABSENT)
    except NotFound:
        return


def _jobs(asked: Platform) -> None:
    asked.part(Queue).waiting()


def _changes(asked: Platform) -> None:
    """A worker that has not learnt of revocations for half a minute takes no more calls."""
    changes = asked.part(Changes)
    changes.current()
    if changes.age > BLIND_SECONDS:
        raise TimeoutError(f"changes unseen for {changes.age:.0f} s")


def _limits(_asked: Platform) -> None:
    """Plans that do not count are no reason to close; somebody has to hear of it."""
    if limits.faults().recent:
        raise RuntimeError("calls are not held against their plans")


PROBES: dict[str, Callable[[Platform], None]] = {
    "database": _database,
    "changes": _changes,
    "search": _search,
    "files": _files,
    "jobs": _jobs,
    "limits": _limits,
}
