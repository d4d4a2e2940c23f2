"""Who calls without a key: networks, cut so that nobody is alone in one, by hour and day of the city.

Hours are kept for a week and days as long as the calls themselves. Raised in the transaction that counts the
calls (`rollup`), so that they are counted once too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import add
from typing import Any, cast

from sqlalchemy import delete, func, select, tuple_

from opendata.base.models import UsageNetwork
from opendata.base.runtime import Work

KEPT = {"hour": timedelta(days=7), "day": timedelta(days=90)}
SUMS = ("calls", "throttled", "client_errors", "server_errors", "bytes")
QUARTER = 900
"""Seconds; hours and days begin at the turn of one everywhere."""
ASKED_AT_ONCE = 500
Key = tuple[str, datetime, str]
Begin = Callable[[str, float], datetime]
"""(grain, epoch) -> when its hour or day begins."""


def count(work: Work, lines: Iterable[Mapping[str, Any]], begins: Begin) -> None:
    """Calls that lost their detail name no network, and calls with a key are their application's."""
    sums: dict[Key, list[int]] = {}
    for (quarter, network), amounts in _by_quarter(lines).items():
        for grain in KEPT:
            key = (grain, begins(grain, quarter * QUARTER), network)
            sums[key] = list(map(add, sums.get(key, [0] * len(SUMS)), amounts))
    known = _known(work, sorted(sums))
    for key, amounts in sorted(sums.items()):
        _raise(work, known.get(key), key, amounts)


def _by_quarter(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = {}
    for line in lines:
        network = line.get("net", "")
        if line.get("app") or not network:
            continue
        status, calls = line["s"], line.get("n", 1)
        more = (
            calls,
            calls if status == 429 else 0,
            calls if status // 100 == 4 else 0,
            calls if status // 100 == 5 else 0,
            line.get("b", 0),
        )
        place = (int(line["t"] // QUARTER), network)
        found[place] = list(map(add, found.get(place, [0] * len(SUMS)), more))
    return found


def _known(work: Work, keys: Sequence[Key]) -> dict[Key, UsageNetwork]:
    columns = tuple_(UsageNetwork.grain, UsageNetwork.start, UsageNetwork.network)
    found: dict[Key, UsageNetwork] = {}
    for first in range(0, len(keys), ASKED_AT_ONCE):
        query = select(UsageNetwork).where(columns.in_(keys[first : first + ASKED_AT_ONCE]))
        found |= {(row.grain, row.start, row.network): row for row in work.session.scalars(query)}
    return found


def _raise(work: Work, row: UsageNetwork | None, key: Key, amounts: Sequence[int]) -> None:
    if row is None:
        grain, start, network = key
        row = UsageNetwork(grain=grain, start=start, network=network, **dict.fromkeys(SUMS, 0))
        work.session.add(row)
    for name, amount in zip(SUMS, amounts, strict=True):
        setattr(row, name, getattr(row, name) + amount)


def grain_since(now: datetime, since: datetime) -> str:
    """The finest that is kept from then on."""
    return "hour" if now - since < KEPT["hour"] else "day"


def busiest(
    work: Work, grain: str, since: datetime, until: datetime, most: int, *, throttled: bool = False
) -> list[dict[str, Any]]:
    """The networks that called most, or were told to slow down most."""
    totals = {name: func.sum(getattr(UsageNetwork, name)) for name in SUMS}
    by = totals["throttled" if throttled else "calls"]
    query = (
        select(UsageNetwork.network, *totals.values())
        .where(UsageNetwork.grain == grain, UsageNetwork.start >= since, UsageNetwork.start < until)
        .group_by(UsageNetwork.network)
        .having(by > 0)
        .order_by(by.desc(), UsageNetwork.network)
        .limit(most)
    )
    rows = work.session.execute(query)
    return [
        {"network": cast("str", network), **dict(zip(SUMS, map(int, sums), strict=True))}
        for network, *sums in rows
    ]


def prune(work: Work, now: datetime) -> None:
    for grain, kept in KEPT.items():
        old = (UsageNetwork.grain == grain) & (UsageNetwork.start < now - kept)
        work.session.execute(delete(UsageNetwork).where(old))
