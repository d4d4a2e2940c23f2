"""Counters for limits behind one protocol: in memory, in a SQLite file, on Redis."""

from opendata.engines.counters.limits_storage import CountersStorage
from opendata.engines.counters.opening import open_counters
from opendata.engines.counters.protocol import Cell, Counters, CountersUnavailable, Reading, Taken

__all__ = [
    "Cell",
    "Counters",
    "CountersStorage",
    "CountersUnavailable",
    "Reading",
    "Taken",
    "open_counters",
]
