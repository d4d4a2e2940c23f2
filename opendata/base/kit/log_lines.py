"""Keeps an event of a log on one line of its own, whatever the names in it hold: a line break in one would
forge an event, an escape sequence would be carried out by the terminal that shows it."""

import re
from typing import Any

TRACES = ("exception", "stack")
"""What may take several lines."""
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    """With what ends a line, steers a terminal or turns the direction of writing as `\\x1b` shows it."""
    return _UNSAFE.sub(_shown, text)


def set_in(trace: str) -> str:
    """Each of its lines behind spaces, so that none is taken for an event."""
    return "\n".join("    " + one_line(line) for line in trace.split("\n"))


def plain(_logger: Any, _method: str, event: Any) -> Any:
    """A processor of structlog, for logs that people read: JSON has signs of its own for all of this. Values
    that are no text are shown by `repr`."""
    return {name: _plain(name, value) if isinstance(value, str) else value for name, value in event.items()}


def _plain(name: str, text: str) -> str:
    return set_in(text) if name in TRACES else one_line(text)


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
