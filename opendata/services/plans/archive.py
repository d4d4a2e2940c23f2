"""What happens to usage that is over: raw calls into one Parquet file a day, sums checked against them, and
what is too old dropped.

The files of calls lie on the host that answered them. On a single host the job of the night sees to them;
where hosts share a database each web host puts away its own, since the job runs on one that has none.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import structlog
from filelock import FileLock, Timeout
from sqlalchemy import delete, func, select

from opendata.base.models import FailedCall, Job, Notice, UsageRollup, UsageSpool
from opendata.base.runtime import SYSTEM, Platform, Work, jobs
from opendata.services.plans import network_sums
from opendata.services.plans.rollup import begin, consumed
from opendata.services.plans.spool import Spool, hour_of, is_over, read, read_all

log = structlog.get_logger(__name__)
JOB = "usage.nightly"
FROM_HOUR = 1
SOURCES = b"opendata.files"
KEPT = {"minute": timedelta(days=7), "hour": timedelta(days=90), "day": timedelta(days=5 * 366)}
RAW_KEPT = timedelta(days=90)
FAILED_KEPT = timedelta(hours=24)
AT_ONCE = 20_000
"""Calls of a day held in memory: it is done beside the answering of requests."""
COLUMNS = (
    "t", "id", "app", "key", "sub", "v", "route", "m", "s", "code", "cache", "ms", "b", "rows", "net", "ua",
    "ds", "res", "n",
)  # fmt: skip
NUMBERS = {"t": "float64", "ms": "float64", "s": "int16", "b": "int64", "rows": "int64", "n": "int64"}


def nightly(platform: Platform, arguments: Mapping[str, Any] | None = None) -> None:  # noqa: ARG001  # a job
    """What one does for all hosts, and on a single host all there is to do."""
    if not platform.has_other_hosts:
        put_away(platform, Spool(platform.settings.data / "usage" / "spool"))
    prune(platform)


def put_away(platform: Platform, spool: Spool) -> None:
    """The files of this host, for every day that is over; one process at a time, others pass by. Sums of a
    shared database are those of all hosts, and are not compared with the calls of one."""
    spool.folder.mkdir(parents=True, exist_ok=True)
    with suppress(Timeout), FileLock(spool.folder / "archive.lock", timeout=0):
        for day in days_over(platform, spool):
            if not platform.has_other_hosts:
                reconcile(platform, spool, day)
            archive(platform, spool, day)
        _prune_raw(platform)


def ask(platform: Platform) -> int:
    """Put the job into the queue once a day of the city, from one o'clock on; 1 where it was put."""
    zone = ZoneInfo(platform.settings.time_zone)
    now = platform.clock().astimezone(zone)
    if now.hour < FROM_HOUR:
        return 0
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with platform.work(SYSTEM) as work:
        known = select(Job.id).where(Job.kind == JOB, Job.queued_at >= midnight).limit(1)
        if work.session.scalar(known) is not None:
            return 0
        jobs.enqueue(work, JOB, {})
    return 1


def days_over(platform: Platform, spool: Spool) -> list[str]:
    """Days of the city whose files get no more lines and were counted whole."""
    now = platform.clock().astimezone(ZoneInfo(platform.settings.time_zone))
    files = spool.of_day("")
    days = sorted({hour_of(path)[:10] for path in files})
    known = consumed(platform, files)
    return [
        day
        for day in days
        if day < now.strftime("%Y-%m-%d")
        and all(
            is_over(path, now) and _is_counted(path, known.get(path.name, 0))
            for path in files
            if hour_of(path).startswith(day)
        )
    ]


def _is_counted(path: Path, consumed: int) -> bool:
    """Whether no whole line is left; half a line of a killed process stays where it is."""
    return read(path, consumed)[1] == consumed


def archive(platform: Platform, spool: Spool, day: str) -> Path:
    """The calls of a day as `<data>/usage/raw/<day>.parquet`; their files are dropped afterwards. The file
    names those it was made of, so that one who was killed in between adds nothing twice."""
    import pyarrow as pa  # large, and needed once a night
    import pyarrow.parquet as pq

    files, target = spool.of_day(day), _archive_of(platform, day)
    held = _sources(target)
    lines = (line for path in files if path.name not in held for line in read_all(path))
    names = sorted({*held, *(path.name for path in files)})
    schema = pa.schema([(name, _type(pa, name)) for name in COLUMNS], metadata={SOURCES: orjson.dumps(names)})
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.new")
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        if target.exists():
            for batch in pq.ParquetFile(target).iter_batches(AT_ONCE):
                writer.write_batch(batch)
        while piece := list(islice(lines, AT_ONCE)):
            columns = {name: [_value(line, name) for line in piece] for name in COLUMNS}
            writer.write_table(pa.table(columns, schema))
    draft.replace(target)
    _drop(platform, files)
    return target


def _archive_of(platform: Platform, day: str) -> Path:
    folder: Path = platform.settings.data / "usage" / "raw"
    return folder / f"{day}.parquet"


def _sources(target: Path) -> frozenset[str]:
    """Names of the files an archive was made of."""
    import pyarrow.parquet as pq

    if not target.exists():
        return frozenset()
    return frozenset(orjson.loads((pq.read_schema(target).metadata or {}).get(SOURCES, b"[]")))


def _value(line: Mapping[str, Any], name: str) -> Any:
    return line.get(name, 0 if name in NUMBERS else "")


def _type(pa: Any, name: str) -> Any:
    return getattr(pa, NUMBERS[name])() if name in NUMBERS else pa.string()


def _drop(platform: Platform, files: Sequence[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
    with platform.work(SYSTEM) as work:
        work.session.execute(delete(UsageSpool).where(UsageSpool.name.in_([path.name for path in files])))


def reconcile(platform: Platform, spool: Spool, day: str) -> bool:
    """Whether the sums of a day are the sum of its calls; an alarm where they are not."""
    held = _sources(_archive_of(platform, day))
    files = [path for path in spool.of_day(day) if path.name not in held]
    raw = sum(int(line.get("n", 1)) for path in files for line in read_all(path))
    raw += archived_calls(platform, day)
    with platform.work(SYSTEM) as work:
        counted = _counted(work, day)
        if raw != counted:
            _alarm(work, day, raw, counted)
    return raw == counted


def archived_calls(platform: Platform, day: str) -> int:
    """Calls in the archive of a day."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    target = _archive_of(platform, day)
    return pc.sum(pq.read_table(target, columns=["n"])["n"]).as_py() or 0 if target.exists() else 0


def _counted(work: Work, day: str) -> int:
    zone = ZoneInfo(work.platform.settings.time_zone)
    start = begin("day", datetime.strptime(day, "%Y-%m-%d").replace(hour=12, tzinfo=zone), zone)
    query = select(func.sum(UsageRollup.calls)).where(UsageRollup.grain == "day", UsageRollup.start == start)
    return int(work.session.scalar(query) or 0)


def _alarm(work: Work, day: str, raw: int, counted: int) -> None:
    log.error("usage.mismatch", day=day, raw=raw, counted=counted)
    known = select(Notice.id).where(Notice.kind == "usage.mismatch", Notice.period == day)
    if work.session.scalar(known) is None:
        data = {"raw": raw, "counted": counted}
        work.session.add(
            Notice(kind="usage.mismatch", subject="platform", period=day, data=data, created=work.now)
        )


def prune(platform: Platform) -> None:
    """Drop rows older than they are kept for; months stay."""
    now = platform.clock().astimezone(UTC)
    with platform.work(SYSTEM) as work:
        for grain, kept in KEPT.items():
            old = (UsageRollup.grain == grain) & (UsageRollup.start < now - kept)
            work.session.execute(delete(UsageRollup).where(old))
        network_sums.prune(work, now)
        work.session.execute(delete(FailedCall).where(FailedCall.at < now - FAILED_KEPT))


def _prune_raw(platform: Platform) -> None:
    oldest = (platform.clock().astimezone(UTC) - RAW_KEPT).strftime("%Y-%m-%d")
    for path in (platform.settings.data / "usage" / "raw").glob("*.parquet"):
        if path.stem < oldest:
            path.unlink(missing_ok=True)
