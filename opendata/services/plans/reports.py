"""Usage as its three readers may see it: the owner of an application, a publisher, operators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.vietnamese import sort_key
from opendata.base.models import (
    ApiKey,
    Application,
    Dataset,
    FailedCall,
    Organization,
    QuotaLedger,
    UsageRollup,
)
from opendata.base.runtime import Work
from opendata.services.access import applications, blocks, policy
from opendata.services.access.policy import Action
from opendata.services.plans import network_sums
from opendata.services.plans.rollup import ASKED_AT_ONCE, BOUNDS, GRAINS, begin

GROUPS = ("none", "route", "key", "status", "dataset")
MOST_ROWS = 50_000
"""Rows of one report; more are refused, since part of them would be taken for all."""
SHOWN_FAILURES = 50
TOP = 20
FAILED_FOR = timedelta(hours=24)
LONGEST = {
    "minute": timedelta(days=1),
    "hour": timedelta(days=31),
    "day": timedelta(days=800),
    "month": timedelta(days=36_500),
}
"""How much time one report of each grain may span."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` on, until `end`, in steps of `grain`."""

    start: datetime
    end: datetime
    grain: str


def span(work: Work, start: datetime | None, end: datetime | None, grain: str) -> Span:
    """Checked and rounded down to whole steps; without `start` what a reader of the grain wants to see.

    Raises `Invalid`.
    """
    zone = ZoneInfo(work.platform.settings.time_zone)
    until = end or work.now
    usual = {"minute": timedelta(hours=1), "hour": timedelta(days=1), "day": timedelta(days=30)}
    since = start or until - usual.get(grain, timedelta(days=365))
    if grain not in GRAINS:
        raise Invalid(fields={"grain": N_("Chỉ có minute, hour, day hoặc month.")})
    if since >= until or until - since > LONGEST[grain]:
        raise Invalid(fields={"from": N_("Khoảng thời gian không hợp với độ chia.")})
    return Span(begin(grain, since, zone), until, grain)


@dataclass(slots=True)
class Usage:
    """Calls of one group in one step of time."""

    start: datetime
    group: str
    calls: int = 0
    throttled: int = 0
    client_errors: int = 0
    server_errors: int = 0
    not_modified: int = 0
    bytes: int = 0
    rows: int = 0
    ms_sum: int = 0
    buckets: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)

    def as_row(self) -> dict[str, Any]:
        return {
            "start": self.start,
            "group": self.group,
            "calls": self.calls,
            "throttled": self.throttled,
            "client_errors": self.client_errors,
            "server_errors": self.server_errors,
            "not_modified": self.not_modified,
            "bytes": self.bytes,
            "rows": self.rows,
            "p50_ms": percentile(self.buckets, 0.5),
            "p95_ms": percentile(self.buckets, 0.95),
        }


COLUMNS = (
    "start",
    "group",
    "calls",
    "throttled",
    "client_errors",
    "server_errors",
    "not_modified",
    "bytes",
    "rows",
    "p50_ms",
    "p95_ms",
)
"""The fields of a row, in their order."""


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """The upper end of the bucket in which the share is reached; None without calls."""
    total = sum(buckets)
    if not total:
        return None
    seen = 0
    for place, count in enumerate(buckets):
        seen += count
        if seen >= total * share:
            return float(BOUNDS[min(place, len(BOUNDS) - 1)])
    return float(BOUNDS[-1])


def of_application(work: Work, application: Application, asked: Span, group_by: str = "none") -> list[Usage]:
    """For those who may see the application (`applications.get`)."""
    return _usage(work, asked, group_by, UsageRollup.application_id == application.id)


def failures(work: Work, application: Application) -> Sequence[FailedCall]:
    """The newest failed calls of the last day, for the eyes of its owner alone."""
    applications.require_edit(work, application)
    query = (
        select(FailedCall)
        .where(FailedCall.application_id == application.id, FailedCall.at > work.now - FAILED_FOR)
        .order_by(FailedCall.at.desc(), FailedCall.id.desc())
        .limit(SHOWN_FAILURES)
    )
    return work.session.scalars(query).all()


def by_key(work: Work, application: Application, asked: Span) -> list[tuple[ApiKey, int]]:
    """Calls of each key, those that were replaced included; the busiest first."""
    calls = select(UsageRollup.key_id, func.sum(UsageRollup.calls)).where(
        *_within(asked), UsageRollup.application_id == application.id
    )
    counted = dict(work.session.execute(calls.group_by(UsageRollup.key_id)).all())
    keys = work.session.scalars(select(ApiKey).where(ApiKey.application_id == application.id).limit(500))
    return sorted(((key, int(counted.get(key.id, 0))) for key in keys), key=lambda pair: -pair[1])


def exhausted_on(cell: QuotaLedger, now: datetime, begins: datetime, ends: datetime) -> datetime | None:
    """The day on which a quota will be used up if things go on as they did; None where it will last."""
    passed = (now - begins).total_seconds()
    if cell.used <= 0 or cell.limit <= 0 or passed <= 0:
        return None
    needed = passed * cell.limit / cell.used  # of a quota that is hardly touched more than a date can tell
    return begins + timedelta(seconds=needed) if needed < (ends - begins).total_seconds() else None


def of_publisher(work: Work, organization: Organization, asked: Span) -> list[dict[str, Any]]:
    """By dataset of a department: calls, bytes and how many applications; never who they are."""
    policy.require(work.caller, Action.VIEW_HISTORY, organization.id)
    titles = {
        row.id: row
        for row in work.session.execute(
            select(Dataset.id, Dataset.slug, Dataset.content)
            .where(Dataset.publisher_id == organization.id)
            .limit(MOST_ROWS)
        )
    }
    listed = [
        {
            "id": dataset_id,
            "slug": titles[dataset_id].slug,
            "title": titles[dataset_id].content.get("title", {}),
            **sums,
        }
        for dataset_id, sums in _of_datasets(work, asked, list(titles))
    ]
    return sorted(listed, key=lambda row: (-row["calls"], row["slug"]))


def _of_datasets(work: Work, asked: Span, ids: Sequence[str]) -> Iterator[tuple[str, dict[str, int]]]:
    """Sums of each of these that was called; applications for trying things out are left out."""
    dataset, calls, app = UsageRollup.dataset_id, UsageRollup.calls, UsageRollup.application_id
    tests = select(Application.id).where(Application.env == "test")
    sums = {
        "calls": func.sum(calls),
        "downloads": func.sum(case((UsageRollup.route.endswith("/download"), calls), else_=0)),
        "bytes": func.sum(UsageRollup.bytes),
        "applications": func.count(func.nullif(app, "").distinct()),
    }
    query = select(dataset, *sums.values()).where(*_within(asked), app.not_in(tests)).group_by(dataset)
    for first in range(0, len(ids), ASKED_AT_ONCE):
        some = query.where(dataset.in_(ids[first : first + ASKED_AT_ONCE]))
        for dataset_id, *found in work.session.execute(some):
            yield dataset_id, dict(zip(sums, map(int, found), strict=True))


@dataclass(frozen=True, slots=True)
class Overview:
    """What operators look at: the busiest applications and routes, the networks that call most without a key,
    and who was slowed down."""

    total: Usage
    course: list[Usage]
    applications: list[dict[str, Any]]
    routes: list[dict[str, Any]]
    networks: list[dict[str, Any]]
    throttled: list[dict[str, Any]]
    """The applications that were slowed down most, however seldom they called."""
    throttled_networks: list[dict[str, Any]]
    suspended: list[dict[str, Any]]
    blocked: list[dict[str, Any]]
    """Networks that nothing is answered to: their calls are in none of the other figures."""


def of_platform(work: Work, asked: Span) -> Overview:
    """For operators."""
    policy.require(work.caller, Action.PLATFORM)
    busiest = _busiest(work, asked, UsageRollup.application_id)
    slowed = _busiest(work, asked, UsageRollup.application_id, by=UsageRollup.throttled)
    names = _names(work, {usage.group for usage in (*busiest, *slowed)})
    stopped = select(Application).where(Application.status == "suspended").order_by(Application.id).limit(TOP)
    return Overview(
        total=_usage_of(asked.start, "", work.session.execute(_summed(asked)).one()),
        course=_usage(work, asked, "none"),
        applications=[_named(usage, names) for usage in busiest],
        routes=[
            {"route": usage.group, **_brief(usage)} for usage in _busiest(work, asked, UsageRollup.route)
        ],
        networks=_networks(work, asked),
        throttled=[_named(usage, names) for usage in slowed if usage.throttled and usage.group],
        throttled_networks=_networks(work, asked, throttled=True),
        suspended=[
            {"id": row.id, "name": row.name, "reason": row.status_reason}
            for row in sorted(work.session.scalars(stopped), key=lambda one: (sort_key(one.name), one.id))
        ],
        blocked=[
            {"network": row.network, "refused": row.refused, "refused_at": row.refused_at}
            for row in sorted(blocks.listing(work), key=lambda one: (-one.refused, one.id))[:TOP]
        ],
    )


def _networks(work: Work, asked: Span, *, throttled: bool = False) -> list[dict[str, Any]]:
    """By whole hours or days: a first one that began before the time asked for is counted whole."""
    grain = network_sums.grain_since(work.now, asked.start)
    since = begin(grain, asked.start, ZoneInfo(work.platform.settings.time_zone))
    return network_sums.busiest(work, grain, since, asked.end, TOP, throttled=throttled)


def _named(usage: Usage, names: Mapping[str, str]) -> dict[str, Any]:
    return {"id": usage.group, "name": names.get(usage.group, ""), **_brief(usage)}


def _brief(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "throttled": usage.throttled,
        "client_errors": usage.client_errors,
        "server_errors": usage.server_errors,
        "bytes": usage.bytes,
        "p95_ms": percentile(usage.buckets, 0.95),
    }


def _busiest(
    work: Work,
    asked: Span,
    column: InstrumentedAttribute[str],
    by: InstrumentedAttribute[int] = UsageRollup.calls,
) -> list[Usage]:
    query = _summed(asked, column).order_by(func.sum(by).desc(), column).limit(TOP)
    found = [_usage_of(asked.start, group, sums) for group, *sums in work.session.execute(query)]
    return sorted(found, key=lambda usage: (-getattr(usage, by.key), usage.group))


def _names(work: Work, ids: set[str]) -> dict[str, str]:
    query = select(Application.id, Application.name).where(Application.id.in_(ids - {""}))
    return dict(work.session.execute(query).all())


def _usage(work: Work, asked: Span, group_by: str, *conditions: ColumnElement[bool]) -> list[Usage]:
    if group_by not in GROUPS:
        raise Invalid(fields={"group_by": N_("Không nhóm được theo mục này.")})
    columns = (UsageRollup.start, *([_GROUP[group_by]] if group_by in _GROUP else []))
    query = _summed(asked, *columns).where(*conditions).limit(MOST_ROWS + 1)
    found = [
        _usage_of(start, _name(group_by, values[: len(columns) - 1]), values[len(columns) - 1 :])
        for start, *values in work.session.execute(query)
    ]
    if len(found) > MOST_ROWS:
        raise Invalid(fields={"from": N_("Báo cáo có quá nhiều dòng; hãy chọn khoảng thời gian ngắn hơn.")})
    return sorted(found, key=lambda usage: (usage.start, usage.group))


_GROUP: Mapping[str, InstrumentedAttribute[Any]] = {
    "route": UsageRollup.route,
    "key": UsageRollup.key_id,
    "status": UsageRollup.status_class,
    "dataset": UsageRollup.dataset_id,
}


def _name(group_by: str, values: Sequence[Any]) -> str:
    return "".join(f"{value}xx" if group_by == "status" else value for value in values)


def _summed(asked: Span, *columns: InstrumentedAttribute[Any]) -> Select[Any]:
    """What a `Usage` counts, in its order, summed for each value of the columns: by the database, since the
    rows of a busy month are more than one wants to fetch."""
    calls = UsageRollup.calls
    sums = (
        calls,
        UsageRollup.throttled,
        case((UsageRollup.status_class == 4, calls), else_=0),
        case((UsageRollup.status_class == 5, calls), else_=0),
        case((UsageRollup.cache == "hit", calls), else_=0),
        UsageRollup.bytes,
        UsageRollup.rows,
        UsageRollup.ms_sum,
        *(UsageRollup.buckets[place].as_integer() for place in range(len(BOUNDS) + 1)),
    )
    totals = (func.coalesce(func.sum(amount), 0) for amount in sums)
    return select(*columns, *totals).where(*_within(asked)).group_by(*columns)


def _usage_of(start: datetime, group: str, sums: Sequence[Any]) -> Usage:
    calls, throttled, theirs, ours, hits, size, rows, ms_sum, *buckets = map(
        int, sums
    )  # PostgreSQL: decimals
    return Usage(start, group, calls, throttled, theirs, ours, hits, size, rows, ms_sum, tuple(buckets))


def _within(asked: Span) -> tuple[ColumnElement[bool], ...]:
    return (
        UsageRollup.grain == asked.grain,
        UsageRollup.start >= asked.start,
        UsageRollup.start < asked.end,
    )
