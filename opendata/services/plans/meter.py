"""What every call was, put down beside the request and never in its way.

A call leaves one record in a buffer of bounded size. A thread turns records into lines of spool files each
second and counts them (`rollup`). When the buffer is full, records lose their detail and keep their number.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from opendata.base.runtime import Platform
from opendata.services.plans import archive, rollup
from opendata.services.plans.gate import Context
from opendata.services.plans.rules import period, period_name
from opendata.services.plans.spool import CALLS, FAILED, HOUR, METHOD, SPENT, Spool

log = structlog.get_logger(__name__)
CAPACITY = 8192
EVERY = 1.0
PUT_AWAY = timedelta(hours=1)
QUARTER = 900
VALUE = 200
"""Characters kept of the query of a failed call."""


class Record(NamedTuple):
    """One call. `at` in seconds since the epoch; `requests`, `rows` and `charged` (bytes) are what was
    charged, `bytes` what was sent. `path` and `query` are looked at where the call failed, and only then."""

    at: float
    request_id: str
    context: Context | None
    route: str
    method: str
    status: int
    code: str
    ms: float
    bytes: int
    rows: int
    requests: int
    charged: int
    network: str
    agent: str
    dataset: str
    resource: str
    path: str
    query: str


class Meter:
    """One per process."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._zone = ZoneInfo(platform.settings.time_zone)
        self._ring: deque[Record] = deque()
        self._lock = threading.Lock()
        self._blurred: defaultdict[tuple[str, str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        self._unwritten: deque[tuple[str, str, list[dict[str, Any]]]] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.spool = Spool(platform.settings.data / "usage" / "spool")
        self._put_away_at = datetime.min.replace(tzinfo=UTC)
        self.dropped = 0
        """Records that lost their detail since the start."""

    def note(self, record: Record) -> None:
        if len(self._ring) < CAPACITY:
            self._ring.append(record)
        else:
            self._blur(record)

    def flush(self) -> int:
        """Write what is in the buffer to the spool; the number of calls. What finds no room on the disk is
        written the next time, before the buffer is emptied again."""
        with self._lock:
            self._write()
            records = [self._ring.popleft() for _ in range(len(self._ring))]
            blurred = dict(self._blurred)
            self._blurred.clear()
            self._put(CALLS, [(record.at, _line(record)) for record in records])
            self._put(CALLS, [(time.time(), _blurred(key, sums)) for key, sums in blurred.items()])
            self._put(FAILED, [(r.at, _failed(r)) for r in records if _is_shown(r)])
            self._put(SPENT, self._spent(records))
            self._write()
        return len(records) + len(blurred)

    def count(self) -> int:
        """Flush, and count what is in the spool unless another process of the host does; the lines."""
        self.flush()
        counted = rollup.run(self._platform, self.spool)
        self._put_away()
        return counted

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="opendata-meter", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.flush()

    def _work(self) -> None:
        while not self._stopping.wait(EVERY):
            try:
                self.count()
            except Exception as error:  # noqa: BLE001  # what was not counted waits in the spool
                log.warning("meter.round", error=repr(error))

    def _put_away(self) -> None:
        """Once an hour, where it is not left to the job of the night (`archive`)."""
        now = self._platform.clock()
        if self._platform.has_other_hosts and now >= self._put_away_at:
            self._put_away_at = now + PUT_AWAY
            archive.put_away(self._platform, self.spool)

    def _blur(self, record: Record) -> None:
        """Keep the number of a call whose detail finds no place."""
        key = (*_who(record.context), record.route, record.status)
        with self._lock:
            self.dropped += 1
            sums = self._blurred[key]
            sums[0] += 1
            sums[1] += record.bytes
            sums[2] += record.rows

    def _put(self, kind: str, lines: Iterable[tuple[float, dict[str, Any]]]) -> None:
        by_hour: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for at, line in lines:
            by_hour[_hour(int(at // 3600), self._zone)].append(line)
        for hour, found in by_hour.items():
            self._unwritten.append((kind, hour, found))

    def _write(self) -> None:
        while self._unwritten:
            kind, hour, lines = self._unwritten.popleft()
            try:
                self.spool.append(kind, hour, lines)
            except OSError:
                self._unwritten.appendleft((kind, hour, lines))
                raise

    def _spent(self, records: Iterable[Record]) -> list[tuple[float, dict[str, Any]]]:
        """What the calendar rules of applications and people were charged, added up."""
        sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        limits: dict[tuple[str, str, str], tuple[int, float]] = {}
        for record in records:
            if record.context is None or not (record.requests or record.rows or record.charged):
                continue
            for rule in record.context.terms.counted:
                subject = record.context.subject(rule.partition)
                amount = {"requests": record.requests, "rows": record.rows}.get(rule.unit, record.charged)
                if rule.algorithm != "calendar" or subject.startswith("ip:") or not amount:
                    continue
                key = (subject, rule.name, _period(rule.window, int(record.at // QUARTER), self._zone))
                sums[key] += amount
                limits[key] = (rule.amount if rule.hard else 0, record.at)
        return [
            (
                limits[key][1],
                {"subject": key[0], "rule": key[1], "period": key[2], "n": n, "limit": limits[key][0]},
            )
            for key, n in sums.items()
        ]


def _line(record: Record) -> dict[str, Any]:
    app, key = _who(record.context)
    return {
        "t": round(record.at, 3),
        "id": record.request_id,
        "app": app,
        "key": key,
        "sub": record.context.terms.subscription if record.context else "",
        "v": _version(record.route),
        "route": record.route,
        "m": record.method,
        "s": record.status,
        "code": record.code,
        "cache": "hit" if record.status == 304 else "",
        "ms": round(record.ms, 2),
        "b": record.bytes,
        "rows": record.rows,
        "net": _cut(record.network),
        "ua": family(record.agent),
        "ds": record.dataset,
        "res": record.resource,
        "n": 1,
    }


def _blurred(key: tuple[str, str, str, int], sums: list[int]) -> dict[str, Any]:
    app, api_key, route, status = key
    calls, size, rows = sums
    return {
        "t": round(time.time(), 3),
        "app": app,
        "key": api_key,
        "route": route,
        "s": status,
        "b": size,
        "rows": rows,
        "n": calls,
    }


def _failed(record: Record) -> dict[str, Any]:
    app, key = _who(record.context)
    return {
        "t": round(record.at, 3),
        "app": app,
        "key": key,
        "m": record.method[:METHOD],
        "path": record.path[:500],
        "query": "&".join(part[:VALUE] for part in record.query.split("&"))[:1000],
        "s": record.status,
        "code": record.code,
        "id": record.request_id,
    }


def _is_shown(record: Record) -> bool:
    """Failed calls of an application are for the eyes of its owner."""
    return record.status >= 400 and record.context is not None and bool(record.context.app)


def _who(context: Context | None) -> tuple[str, str]:
    return (context.app, context.key) if context is not None else ("", "")


@lru_cache(maxsize=1024)
def _version(route: str) -> str:
    parts = route.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[1] == "api" else ""


@lru_cache(maxsize=64)
def _period(window: str, quarters: int, zone: ZoneInfo) -> str:
    """The calendar period that a quarter of an hour lies in; midnight is at the turn of one everywhere."""
    begins, _ = period(window, datetime.fromtimestamp(quarters * QUARTER, zone), zone)
    return period_name(window, begins)


@lru_cache(maxsize=64)
def _hour(hours: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(hours * 3600, zone).strftime(HOUR)


@lru_cache(maxsize=20_000)
def _cut(network: str) -> str:
    """A network in which nobody is alone: /24 or /48."""
    try:
        found = ip_network(network)
    except ValueError:
        return ""
    return str(found.supernet(new_prefix=24 if found.version == 4 else 48))


@lru_cache(maxsize=4096)
def family(agent: str) -> str:
    """curl, python-requests, Firefox…: a name without version, machine or person."""
    for name in ("Edg", "Firefox", "Chrome", "Safari"):
        if agent.startswith("Mozilla/") and name in agent:
            return name
    return agent.partition("/")[0].split(" ")[0][:40]
