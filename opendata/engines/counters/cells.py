"""The arithmetic of cells, without a store. The script for Redis follows the same lines."""

from collections.abc import Sequence
from math import ceil, floor

from opendata.engines.counters.protocol import Cell, Reading

State = tuple[float, float, float]
"""gcra: the time at which all is back. sliding: number of the window, its count, the count before it.
calendar: the count, the end of its period."""

NEW: State = (0.0, 0.0, 0.0)
SLACK = 1e-3
"""Of a unit: seconds since the epoch are too large for more digits."""


def free(cell: Cell, state: State, now: float) -> int:
    """Units left; below 0 where more was spent than there is."""
    if cell.algorithm == "gcra":
        return floor((now + cell.limit * cell.span - max(state[0], now)) / cell.span + SLACK)
    if cell.algorithm == "sliding":
        _, current, previous = rolled(cell, state, now)
        return cell.limit - ceil(current + previous * _share(cell, now) - SLACK)
    return cell.limit - int(_used(state, now))


def granted(cells: Sequence[Cell], states: Sequence[State], now: float, need: int, want: int) -> int:
    """How much all hard cells can give, 0 where that is less than needed."""
    give = want
    for cell, state in zip(cells, states, strict=True):
        if not cell.hard:
            continue
        left = free(cell, state, now)
        give = min(give, left // cell.weight if cell.weight else give * (left >= 1))
    return give if give >= need else 0


def added(cell: Cell, state: State, now: float, amount: int) -> State:
    """The state after `amount` more; negative amounts give back."""
    if cell.algorithm == "gcra":
        begin = max(state[0], now) if amount > 0 else state[0]
        return begin + amount * cell.span, 0.0, 0.0
    if cell.algorithm == "sliding":
        index, current, previous = rolled(cell, state, now)
        return index, max(0.0, current + amount), previous
    ends = state[1] if state[1] > now else cell.span
    return max(0.0, _used(state, now) + amount), ends, 0.0


def moved(cells: Sequence[Cell], states: Sequence[State], now: float, units: int) -> list[State]:
    """All states after `units` more were granted."""
    return [
        added(cell, state, now, units * cell.weight) if units and cell.weight else state
        for cell, state in zip(cells, states, strict=True)
    ]


def expires(cell: Cell, state: State) -> float:
    """When the state says no more than none would."""
    if cell.algorithm == "gcra":
        return state[0] + 1
    if cell.algorithm == "sliding":
        return (state[0] + 2) * cell.span
    return state[1]


def readings(cells: Sequence[Cell], states: Sequence[State], now: float, need: int) -> tuple[Reading, ...]:
    return tuple(reading(cell, state, now, need) for cell, state in zip(cells, states, strict=True))


def reading(cell: Cell, state: State, now: float, need: int) -> Reading:
    left = free(cell, state, now)
    needed = need * cell.weight or 1
    wait = 0.0 if left >= needed or not cell.hard else _wait(cell, state, now, min(needed, cell.limit))
    return Reading(max(0, left), wait, _reset(cell, state, now), max(0, -left))


def rolled(cell: Cell, state: State, now: float) -> State:
    """A sliding state as seen in the present window."""
    index = float(floor(now / cell.span))
    if state[0] == index:
        return state
    return index, 0.0, state[1] if state[0] == index - 1 else 0.0


def _share(cell: Cell, now: float) -> float:
    """The part of the window before that still counts."""
    return 1.0 - (now % cell.span) / cell.span


def _used(state: State, now: float) -> float:
    return state[0] if state[1] > now else 0.0


def _wait(cell: Cell, state: State, now: float, needed: int) -> float:
    if cell.algorithm == "gcra":
        return max(state[0], now) + (needed - cell.limit) * cell.span - now
    if cell.algorithm == "calendar":
        return (state[1] if state[1] > now else cell.span) - now
    _, current, previous = rolled(cell, state, now)
    room = cell.limit - needed
    if current <= room:
        return (_share(cell, now) - (room - current) / previous) * cell.span
    return _share(cell, now) * cell.span + (1.0 - room / current) * cell.span


def _reset(cell: Cell, state: State, now: float) -> float:
    if cell.algorithm == "gcra":
        return max(0.0, state[0] - now)
    if cell.algorithm == "calendar":
        return (state[1] if state[1] > now else cell.span) - now
    _, current, previous = rolled(cell, state, now)
    return _share(cell, now) * cell.span if current or previous else 0.0
