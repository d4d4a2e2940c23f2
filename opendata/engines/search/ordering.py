"""The order of hits, the same on every engine."""

from collections.abc import Mapping, Sequence
from typing import Any

SCALE = 10_000
"""Scores are added as whole ten-thousandths, so that sums are exact and equal everywhere."""


def whole(score: float) -> int:
    return round(score * SCALE)


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


def comes_after(key: Sequence[Any], cursor: Sequence[Any] | None) -> bool:
    """Does a hit with `key` stand behind the hit whose public key was `cursor`? A public key ends with
    the place of the hit among the exact or the near ones, a hint how far to read."""
    return cursor is None or tuple(key) > tuple(cursor[:-1])


def number(sorts: Mapping[str, int | str], name: str) -> int:
    value = sorts.get(name, 0)
    return min(max(int(value), 0), 2**40 - 1)


def title(sorts: Mapping[str, int | str]) -> str:
    return str(sorts.get("title") or "~")
