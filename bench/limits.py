"""What a key, its limits and its metering cost a request, beside Flask-Limiter in the same application.

CPU time of the thread that answers, over calls of the portal's own WSGI application. The bare application is
the same with nothing to ask, to limit and to count; Flask-Limiter is put into that one. Variants take turns
in small rounds and the best round counts, so that what else the machine does falls on none of them. What the
meter's thread does with a call afterwards is a row of its own.
"""

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask, Response
from flask_limiter import Limiter

from bench.measuring import Bench
from bench.report import Row, Skipped, within
from opendata.base.models import Application
from opendata.base.runtime import SYSTEM
from opendata.doors.http import application, gate, limits, metering
from opendata.doors.http.permissions import ANYONE, permission
from opendata.engines.counters import Counters
from opendata.services.access import keys
from opendata.services.plans.gate import PlanGate
from opendata.services.plans.meter import Meter
from opendata.testing.queries import counted
from opendata.testing.servers import RedisServer, ServerMissing
from opendata.testing.web import City, build_city, close_city

CALLS, ROUNDS = 100, 150
MOST = 15.0
"""Microseconds that a key and its limits may add."""
PATH = "/api/v1/bench"
LONG = ("100000000/minute", "5000000000/calmonth")
PLANS = {"basic": "100000/second burst 1000000", "department": "100/second burst 1000000"}
"""The first has a lease left at every call; the second asks the counters at every 25th."""
PEER_LIMITS = ("1000000/second", "100000000/minute", "5000000000/month")


def measure(bench: Bench, scratch: Path) -> None:
    """On SQLite and on Redis, within a minute or two."""
    bench.measure("limits on SQLite", lambda: _measured("SQLite", scratch, None))
    try:
        with RedisServer(scratch) as redis:
            bench.measure("limits on Redis", lambda: _measured("Redis", scratch, redis.url))
    except ServerMissing as missing:
        bench.add([Skipped("limits on Redis", str(missing))])


def _measured(where: str, scratch: Path, redis: str | None) -> list[Row]:
    folder = scratch / where
    folder.mkdir()
    city = build_city(folder, engines={"counters_url": redis or f"sqlite:///{folder}/limits.sqlite3"})
    for plan, rate in PLANS.items():
        city.limit(plan, rate, *LONG)
    city.platform.part(PlanGate).start()
    peer = "memory" if redis is None else "Redis"
    app = _portal(city)
    leased, asking = ({"HTTP_X_API_KEY": secret} for secret in (city.key_of("member"), _key_of_body(city)))
    took = _microseconds(
        city.platform.part(Meter),
        {
            "bare": (app, {}, False),
            "leased": (app, leased, True),
            "asking": (app, asking, True),
            "peer": (_with_flask_limiter(city, redis or "memory://"), {}, False),
        },
    )
    calls = 1000
    statements, trips = _counted(city, lambda: _round(app, asking, calls))
    beside = _flushed(city.platform.part(Meter), lambda: _round(app, asking, calls), calls)
    close_city(city, folder)
    added = took["asking"] - took["bare"]
    return [
        within(
            f"key, plan of 3 rules and metering of a call with a lease left, counters on {where}",
            took["leased"] - took["bare"],
            "µs",
            MOST,
            note=f"{took['bare']:.0f} µs without",
        ),
        Row(
            name="the same at 100 a second, where every 25th call asks the counters",
            product=added,
            unit="µs",
            against=took["peer"] - took["bare"],
            peer=f"Flask-Limiter, 3 limits, {peer}",
            note=f"{statements} statements and {trips} trips in {calls} calls",
        ),
        Row(
            name="what the meter's thread does with the call",
            product=beside,
            unit="µs",
            note="spool and sums",
        ),
    ]


def _portal(city: City) -> Flask:
    app = application.build(city.platform)
    app.add_url_rule(PATH, "bench", permission(ANYONE)(lambda: Response(b"{}", mimetype="application/json")))
    return app


def _key_of_body(city: City) -> str:
    """The secret of a key of a department."""
    with city.platform.work(SYSTEM) as work:
        application = work.session.get_one(Application, city.application)
        return keys.create(work, application, "bench").secret


def _with_flask_limiter(city: City, storage: str) -> Flask:
    app = _portal(city)
    Limiter(
        lambda: "somebody",
        app=app,
        storage_uri=storage,
        default_limits=[*PEER_LIMITS],
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


def _microseconds(
    meter: Meter, variants: Mapping[str, tuple[Flask, dict[str, str], bool]]
) -> dict[str, float]:
    """CPU of a call of each variant, the best of its rounds. A variant is an application, what its calls
    carry, and whether they are asked, limited and counted."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, (app, extra, guarded) in variants.items():
            with nullcontext() if guarded else _nothing_asked():
                best[name] = min(best.get(name, 1e9), _round(app, extra, CALLS))
            meter.flush()
    return best


def _round(app: Flask, extra: dict[str, str], calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        body = app.wsgi_app(_environ(extra), _start)
        b"".join(body)
        if close := getattr(body, "close", None):
            close()
    return (time.thread_time() - began) / calls * 1e6


def _flushed(meter: Meter, run: Callable[[], Any], calls: int) -> float:
    """CPU microseconds a call, the best of a few rounds."""
    meter.count()
    found = []
    for _ in range(5):
        run()
        began = time.thread_time()
        meter.count()
        found.append((time.thread_time() - began) / calls * 1e6)
    return min(found)


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
    counters: Any = city.platform.part(Counters)
    with counted(city.platform) as sent, patch.object(counters, "take", wraps=counters.take) as take:
        run()
    read = [one for one in sent if one.startswith("SELECT") and "change_sequence" not in one]
    return len(read), take.call_count
