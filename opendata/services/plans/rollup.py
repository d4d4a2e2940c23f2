"""From lines of the spool to sums by minute, hour, day and month.

All sums of a piece of a file are raised in the transaction that writes how far the file was read, so what a
killed process left behind is neither lost nor counted twice. Days and months are those of the city.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import add
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import delete, or_, select, tuple_

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Dataset, FailedCall, Resource, UsageRollup, UsageSpool
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.plans import ledger, network_sums
from opendata.services.plans.rules import period
from opendata.services.plans.spool import CALLS, FAILED, METHOD, SPENT, Spool, is_over, kind_of, read

log = structlog.get_logger(__name__)
GRAINS = ("minute", "hour", "day", "month")
BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
"""Upper ends of the latency buckets in ms; the last bucket has none."""
SUMS = ("calls", "throttled", "bytes", "rows", "ms_sum")

KEY = ("grain", "start", "application_id", "key_id", "route", "dataset_id", "status_class", "cache")
ASKED_AT_ONCE = 500
TURN = 0x7573616765
"""Sums are read and written raised, so hosts take turns."""
Key = tuple[str, datetime, str, str, str, str, int, str]
Minute = tuple[int, str, str, str, str, int, str]
"""Minutes since the epoch, and the key without grain and start."""
Sums = list[int]


def run(platform: Platform, spool: Spool) -> int:
    """Count everything that waits; the lines. One process of a host counts at a time, others pass by."""
    files = spool.waiting()
    if not files:
        return 0
    try:
        with FileLock(spool.folder / "rollup.lock", timeout=0):
            known = consumed(platform, files)
            return sum(_count_or_skip(platform, path, known.get(path.name, 0)) for path in files)
    except Timeout:
        return 0


def consumed(platform: Platform, files: Sequence[Path]) -> dict[str, int]:
    """How far files were counted, by name."""
    query = select(UsageSpool.name, UsageSpool.consumed)
    with platform.read(SYSTEM) as work:
        found = work.session.execute(query.where(UsageSpool.name.in_([path.name for path in files])))
        return dict(found.all())


def _count_or_skip(platform: Platform, path: Path, start: int) -> int:
    """A file that cannot be counted waits alone; where the database is away, all of them do."""
    try:
        return _count(platform, path, start)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  # the other files are counted still
        log.warning("usage.file", name=path.name, error=repr(error)[:300])
        return 0


def _count(platform: Platform, path: Path, start: int) -> int:
    counted = 0
    while (step := _step(platform, path, start)) is not None:
        lines, start = step
        counted += lines
    now = platform.clock().astimezone(ZoneInfo(platform.settings.time_zone))
    if kind_of(path) != CALLS and is_over(path, now):
        _forget(platform, path)
    return counted


def _step(platform: Platform, path: Path, start: int) -> tuple[int, int] | None:
    """Count one piece: its lines, and where the next begins. None at the end of the file, or where somebody
    else counted it meanwhile."""
    try:
        lines, end = read(path, start)
    except FileNotFoundError:
        return None
    if end == start:
        return None
    with platform.work(SYSTEM) as work:
        work.wait_for_turn(TURN)
        if not _claim(work, path.name, start, end):
            return None
        APPLY[kind_of(path)](work, lines)
    return len(lines), end


def _claim(work: Work, name: str, start: int, end: int) -> bool:
    """Whether this transaction is the one that counts these bytes."""
    row = work.session.get(UsageSpool, name, with_for_update=True)
    if row is None:
        row = UsageSpool(name=name, consumed=0)
        work.session.add(row)
    if row.consumed != start:
        return False
    row.consumed = end
    work.session.flush()
    return True


def _forget(platform: Platform, path: Path) -> None:
    """A file that was counted whole and gets no more lines. The file goes first: a name without a file
    counts nothing."""
    with suppress(FileNotFoundError):
        path.unlink()
    with platform.work(SYSTEM) as work:
        work.session.execute(delete(UsageSpool).where(UsageSpool.name == path.name))


def apply_calls(work: Work, lines: Iterable[Mapping[str, Any]]) -> None:
    zone = ZoneInfo(work.platform.settings.time_zone)
    lines = list(lines)
    datasets = _datasets(work, lines)
    sums: dict[Key, tuple[Sums, Sums]] = {}
    for minute, counted in _by_minute(lines, datasets).items():
        _add(sums, minute, counted, zone)
    known = _known(work, sorted(sums))
    for key, (amounts, buckets) in sorted(sums.items()):
        _raise(work, known.get(key), key, amounts, buckets)
    network_sums.count(work, lines, lambda grain, at: begin(grain, datetime.fromtimestamp(at, UTC), zone))


def _by_minute(
    lines: Iterable[Mapping[str, Any]], datasets: Mapping[str, str]
) -> dict[Minute, tuple[Sums, Sums]]:
    """Sums and latencies of the calls that fall into one: the rest is made of few of these."""
    found: dict[Minute, tuple[Sums, Sums]] = {}
    for line in lines:
        asked, status, calls = line.get, line["s"], line.get("n", 1)
        minute = (
            int(line["t"] // 60),
            asked("app", ""),
            asked("key", ""),
            asked("route", "")[:120],
            _dataset_of(line, datasets),
            status // 100,
            asked("cache", ""),
        )
        if (sums := found.get(minute)) is None:
            sums = found[minute] = [0] * len(SUMS), [0] * (len(BOUNDS) + 1)
        amounts, buckets = sums
        amounts[0] += calls
        amounts[1] += calls if status == 429 else 0
        amounts[2] += asked("b", 0)
        amounts[3] += asked("rows", 0)
        if (ms := asked("ms")) is not None:
            amounts[4] += round(ms)
            buckets[bucket_of(ms)] += calls
    return found


def _add(
    sums: dict[Key, tuple[Sums, Sums]], minute: Minute, counted: tuple[Sums, Sums], zone: ZoneInfo
) -> None:
    """Raise the sums of the minute, hour, day and month."""
    at = datetime.fromtimestamp(minute[0] * 60, UTC)
    for grain in GRAINS:
        key = (grain, begin(grain, at, zone), *minute[1:])
        before = sums.setdefault(key, ([0] * len(SUMS), [0] * (len(BOUNDS) + 1)))
        for amounts, more in zip(before, counted, strict=True):
            amounts[:] = map(add, amounts, more)


def bucket_of(ms: float) -> int:
    return bisect_left(BOUNDS, ms)


def begin(grain: str, at: datetime, zone: ZoneInfo) -> datetime:
    """When the minute, hour, day or month of `at` begins, in UTC."""
    if grain == "minute":
        return at.replace(second=0, microsecond=0)
    if grain == "hour":
        local = at.astimezone(zone)
        return (at - timedelta(minutes=local.minute, seconds=local.second)).replace(microsecond=0)
    begins, _ = period("calday" if grain == "day" else "calmonth", at, zone)
    return begins.astimezone(UTC)


def _known(work: Work, keys: Sequence[Key]) -> dict[Key, UsageRollup]:
    """The rows that are there, asked for many at once: a minute names hundreds of datasets."""
    columns = tuple_(*(getattr(UsageRollup, name) for name in KEY))
    found: dict[Key, UsageRollup] = {}
    for first in range(0, len(keys), ASKED_AT_ONCE):
        query = select(UsageRollup).where(columns.in_(keys[first : first + ASKED_AT_ONCE]))
        found |= {_key_of(row): row for row in work.session.scalars(query)}
    return found


def _key_of(row: UsageRollup) -> Key:
    return cast("Key", tuple(getattr(row, name) for name in KEY))


def _raise(work: Work, row: UsageRollup | None, key: Key, amounts: Sums, buckets: list[int]) -> None:
    grain, start, app, api_key, route, dataset, status_class, cache = key
    if row is None:
        row = UsageRollup(
            grain=grain,
            start=start,
            application_id=app,
            key_id=api_key,
            route=route,
            dataset_id=dataset,
            status_class=status_class,
            cache=cache,
            buckets=[0] * len(buckets),
            **dict.fromkeys(SUMS, 0),
        )
        work.session.add(row)
    for name, amount in zip(SUMS, amounts, strict=True):
        setattr(row, name, getattr(row, name) + amount)
    row.buckets = [before + more for before, more in zip(row.buckets, buckets, strict=True)]


def _datasets(work: Work, lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Ids of datasets by what calls named them: id, slug, or id of a resource."""
    lines = [line for line in lines if line["s"] < 400]
    named = {str(line["ds"]) for line in lines if line.get("ds")}
    ids = {name for name in named if _is_id(name)}
    found = {}
    if named:
        query = select(Dataset.id, Dataset.slug).where(
            or_(Dataset.slug.in_(named - ids), Dataset.id.in_(ids))
        )
        for dataset_id, slug in work.session.execute(query):
            found[dataset_id] = found[slug] = dataset_id
    resources = {str(line["res"]) for line in lines if line.get("res") and _is_id(str(line["res"]))}
    if resources:
        query = select(Resource.id, Resource.dataset_id).where(Resource.id.in_(resources))
        found |= dict(work.session.execute(query).all())
    return found


def _dataset_of(line: Mapping[str, Any], known: Mapping[str, str]) -> str:
    """What was not served counts for no dataset."""
    if not known or line["s"] >= 400:
        return ""
    return known.get(str(line.get("ds", ""))) or known.get(str(line.get("res", "")), "")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def apply_failed(work: Work, lines: Iterable[Mapping[str, Any]]) -> None:
    work.session.add_all(
        FailedCall(
            at=datetime.fromtimestamp(float(line["t"]), UTC),
            application_id=line["app"],
            key_id=line["key"],
            method=line["m"][:METHOD],
            path=line["path"],
            query=line["query"],
            status=line["s"],
            code=line["code"],
            request_id=line["id"],
        )
        for line in lines
    )


def apply_spent(work: Work, lines: Iterable[Mapping[str, Any]]) -> None:
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    limits: dict[tuple[str, str, str], int] = {}
    for line in lines:
        key = (line["subject"], line["rule"], line["period"])
        sums[key] += int(line["n"])
        limits[key] = int(line["limit"])
    for key in sorted(sums):
        ledger.add(work, *key, amount=sums[key], limit=limits[key])


APPLY = {CALLS: apply_calls, SPENT: apply_spent, FAILED: apply_failed}
