"""What a key, its limits and its metering cost a request, beside Flask-Limiter in the same application.

    python -m bench.limits

CPU time of the process, the flusher's thread included, over calls of the WSGI application itself. The bare
application is the portal's own with nothing to ask and nothing to count.
"""

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask, Response
from flask_limiter import Limiter
from sqlalchemy import event

from bench import report
from bench.report import Row, Skipped
from opendata.doors.http import application, gate, limits, metering
from opendata.doors.http.permissions import ANYONE, permission
from opendata.engines.counters import Counters
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.meter import Meter
from opendata.testing.servers import RedisServer, ServerMissing
from opendata.testing.web import City, build_city, close_city

CALLS, ROUNDS = 3000, 5
GOAL_MICROSECONDS = 15.0
PATH = "/api/v1/bench"
PLAN = ("100/second burst 1000000", "100000000/minute", "5000000000/calmonth")
PEER_LIMITS = ["1000000/second", "100000000/minute", "5000000000/month"]


def main() -> None:
    rows: list[Row | Skipped] = []
    with tempfile.TemporaryDirectory(prefix="bench-limits-") as folder:
        rows += _measured("sqlite", Path(folder) / "a", f"sqlite:///{folder}/limits.sqlite3", None)
        try:
            with RedisServer(Path(folder)) as redis:
                rows += _measured("redis", Path(folder) / "b", redis.url, redis.url)
        except ServerMissing as missing:
            rows.append(Skipped("limits on Redis", str(missing)))
    print(report.write("limits", "A key, its limits and its metering, a request", rows))


def _measured(where: str, folder: Path, url: str, redis: str | None) -> list[Row]:
    folder.mkdir()
    city = build_city(folder, engines={"counters_url": url})
    city.limit("basic", *PLAN)
    app = _portal(city)
    secret = city.key_of("member")
    city.platform.part(PlanGate).start()
    with _nothing_asked():
        bare = _cpu(app, {})
    key = {"HTTP_X_API_KEY": secret}
    _cpu(app, key, rounds=1)
    statements, trips = _counted(city, lambda: _cpu(app, key, rounds=1))
    keyed = _cpu(app, key)
    city.platform.part(Meter).flush()
    peer = _cpu(_peer(redis or "memory://"), {}) - _cpu(_peer(None), {})
    close_city(city, folder)
    name = "Flask-Limiter, 3 limits, Redis" if redis else "Flask-Limiter, 3 limits, memory"
    return [
        Row(
            name=f"key + plan + meter, counters on {where}",
            product=keyed - bare,
            unit="µs",
            against=peer,
            peer=name,
            note=f"limit {GOAL_MICROSECONDS:g} µs; {statements} statements, {trips} trips in {CALLS} calls",
        )
    ]


def _portal(city: City) -> Flask:
    app = application.build(city.platform)
    app.add_url_rule(PATH, "bench", permission(ANYONE)(lambda: Response(b"{}", mimetype="application/json")))
    return app


def _peer(storage: str | None) -> Flask:
    """The least application, with or without Flask-Limiter."""
    app = Flask("peer")
    app.add_url_rule(PATH, "bench", lambda: Response(b"{}", mimetype="application/json"))
    if storage:
        Limiter(
            lambda: "somebody",
            app=app,
            storage_uri=storage,
            default_limits=PEER_LIMITS,
            strategy="sliding-window-counter",
            headers_enabled=True,
        )
    return app


@contextmanager
def _nothing_asked() -> Iterator[None]:
    """Neither key nor limit nor meter."""
    with (
        patch.object(gate, "identify", lambda *_: False),
        patch.object(limits, "admit", lambda *_: None),
        patch.object(limits, "tell", lambda *_: []),
        patch.object(metering, "note", lambda *_: None),
        patch.object(gate, "tell", lambda *_: None),
    ):
        yield


def _cpu(app: Flask, extra: dict[str, str], *, rounds: int = ROUNDS) -> float:
    """CPU microseconds a call, the best of the rounds."""
    return min(_round(app, extra) for _ in range(rounds)) * 1e6


def _round(app: Flask, extra: dict[str, str]) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        body = app.wsgi_app(_environ(extra), _start)
        b"".join(body)
        if close := getattr(body, "close", None):
            close()
    return (time.process_time() - began) / CALLS


def _start(status: str, _headers: Any, _exc: Any = None) -> Callable[[bytes], Any]:
    if not status.startswith("200"):
        raise RuntimeError(status)
    return lambda _body: None


def _environ(extra: dict[str, str]) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.version": (1, 0),
        **extra,
    }


def _counted(city: City, run: Callable[[], Any]) -> tuple[int, int]:
    """Statements to the database and trips to the counters while it runs."""
    statements: list[str] = []
    trips: list[int] = []
    counters: Any = city.platform.part(Counters)
    take = counters.take

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT") and "change_sequence" not in statement:
            statements.append(statement)

    event.listen(city.platform.engine, "before_cursor_execute", note)
    with patch.object(counters, "take", lambda *a, **k: trips.append(1) or take(*a, **k)):
        run()
    event.remove(city.platform.engine, "before_cursor_execute", note)
    return len(statements), len(trips)


if __name__ == "__main__":
    main()
