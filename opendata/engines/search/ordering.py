"""The order of hits, the same on every engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from opendata.base.kit import cursors
from opendata.engines.search.protocol import Best, Clause, Plan, Term
from opendata.engines.search.telling import is_written

SCALE = 10_000
"""Scores are added as whole ten-thousandths, so that sums are exact and equal everywhere."""
EXACT_SUM = 2**23
"""No sum reaches this: 32-bit floats hold all whole numbers up to twice as much, and an engine may use
the other half for a mark of its own."""
_KEYS: Mapping[str, tuple[type, ...]] = {
    "relevance": (bool, int, int, str, str, int),
    "newest": (bool, int, str, int),
    "title": (bool, str, int, str, int),
    "popularity": (bool, int, int, str, int),
}
_LARGEST = 2**53
MAX_TITLE = 1000
"""Signs of a title key that decide the order."""


def whole(score: float) -> int:
    return round(score * SCALE)


def coarseness(clause: Clause) -> int:
    """By how much whole scores must be divided so that every sum stays below `EXACT_SUM`."""
    bound = highest(clause)
    divisor = 1
    while bound // divisor >= EXACT_SUM:
        divisor *= 2
    return divisor


def highest(clause: Clause) -> int:
    """No document scores more whole ten-thousandths."""
    if isinstance(clause, Term):
        return abs(whole(clause.score))
    if isinstance(clause, Best):
        return max(map(highest, clause.clauses), default=0)
    return sum(map(highest, (*clause.required, *clause.optional)))


def order_key(
    sort: str, sorts: Mapping[str, int | str], ident: str, *, near: bool, score: int
) -> tuple[Any, ...]:
    """Ascending. Near matches come last in any order; ties: newer data first, then id."""
    newest = number(sorts, "newest")
    if sort == "newest":
        return (near, -newest, ident)
    if sort == "title":
        return (near, title(sorts), -newest, ident)
    if sort == "popularity":
        return (near, -number(sorts, "popularity"), -newest, ident)
    return (near, -score, -newest, ident)


def sort_of(plan: Plan) -> str:
    """The order of its hits: where nothing is scored, none is more relevant than another."""
    return "newest" if plan.where is None and plan.sort == "relevance" else plan.sort


def key_end(plan: Plan, place: int, common: str) -> tuple[Any, ...]:
    """What the public key of a hit tells behind its order key: where hits are scored the common terms, as
    `telling.judged` writes them, and its place among the exact or the near ones, a hint how far to read."""
    return (common, place) if sort_of(plan) == "relevance" else (place,)


def common_before(plan: Plan) -> str | None:
    """The common terms of the page before; None on a first page, and where nothing is scored."""
    return str(plan.after[-2]) if plan.after is not None and sort_of(plan) == "relevance" else None


def require_cursor(plan: Plan) -> None:
    """Raises `Invalid` for the key of another order, or one that no hit can have had."""
    if plan.after is not None and not fits(plan.after, sort_of(plan)):
        raise cursors.refused()


def fits(key: Sequence[Any], sort: str) -> bool:
    """Whether a hit in this order may have this public key."""
    numbers = (part for part in key if type(part) is int)
    if tuple(map(type, key)) != _KEYS[sort] or any(abs(part) >= _LARGEST for part in numbers):
        return False
    return sort != "relevance" or is_written(key[-2])


def comes_after(key: Sequence[Any], cursor: Sequence[Any] | None) -> bool:
    """Does a hit with `key` stand behind the hit whose public key was `cursor`, one of the same order?"""
    return cursor is None or tuple(key) > tuple(cursor[: len(key)])


def number(sorts: Mapping[str, int | str], name: str) -> int:
    value = sorts.get(name, 0)
    return min(max(int(value), 0), 2**40 - 1)


def title(sorts: Mapping[str, int | str]) -> str:
    return str(sorts.get("title") or "~")[:MAX_TITLE]
