"""The queries that the design names, on the demo city's catalogue, on both engines."""

from typing import Any


def queries() -> list[Any]:
    pass
