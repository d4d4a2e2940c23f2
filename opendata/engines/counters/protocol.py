"""Counters that many processes share: how much is left, and taking it, in one step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from opendata.base.kit.errors import Unavailable

Algorithm = Literal["gcra", "sliding", "calendar"]
Seconds = Callable[[], float]
"""A clock: seconds since the epoch."""
BATCH_SECONDS = 7 * 24 * 3600.0
"""How long the name of a batch that was spent is remembered."""


class CountersUnavailable(Unavailable):
    """The store of the counters does not answer."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One counter and its limit.

    `gcra` refills evenly: `limit` is the burst and `span` the seconds one unit takes to come back.
    `sliding` looks back over `span` seconds: the present window and the share of the one before.
    `calendar` starts anew at `span`, in seconds since the epoch; the period stands in `key`.

    `weight` units are taken for each one granted; with 0 the cell takes none and only has to have one
    left. Where `hard` is false it counts and never refuses. `key` holds no secret: stores show it. `name`
    is of the rule that is counted, for whoever keeps a ledger of it.
    """

    key: str
    algorithm: Algorithm
    limit: int
    span: float
    weight: int = 1
    hard: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell says: units left (never below 0), seconds until what was needed fits (0 where it does
    now), seconds until the cell is as new, and units spent beyond the limit."""

    remaining: int
    wait: float
    reset: float
    over: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """`granted` of what was wanted, 0 where less than needed was left. One reading for each cell."""

    granted: int
    readings: tuple[Reading, ...]


class Counters(Protocol):
    """Every method may raise `CountersUnavailable`."""

    def take(self, cells: Sequence[Cell], need: int = 1, want: int = 1, *, back: int = 0) -> Taken:
        """Give `back` what an earlier call granted on the same cells; then take as much as all hard cells
        have left, `want` at most. With less than `need` no cell changes beyond what was given back."""

    def spend(self, charges: Sequence[tuple[Cell, int]], *, once: str = "") -> bool:
        """Add to each cell whatever its limit; negative amounts give back. `once` names the batch: one
        that was spent before changes nothing and gives False."""

    def peek(self, cells: Sequence[Cell], need: int = 1) -> Taken:
        """Readings without taking."""

    def enter(self, slots: str, limit: int, holder: str, seconds: float) -> int | None:
        """Hold one of `limit` places for `seconds` at most; the places left, None where all are held."""

    def leave(self, slots: str, holder: str) -> None:
        """Free a place; no error when it is free."""

    def describe(self) -> str:
        """What counts, for operators; without secrets."""

    def forget(self, keys: Sequence[str]) -> None:
        """Set cells back to the beginning."""

    def check(self) -> bool:
        """Whether the store answers."""

    def close(self) -> None: ...
