"""Keeps keys out of logs, whoever writes them and wherever in an event they stand."""

import logging
from collections.abc import Mapping
from typing import Any

from opendata.base.kit.log_lines import one_line, set_in
from opendata.base.kit.secrets import redact

_formatter = logging.Formatter()


def cut(_logger: Any, _method: str, event: Any) -> Any:
    """A processor of structlog: everything that looks like a secret is cut to what may be shown."""
    return _cut(event)


class _Record(logging.LogRecord):
    """What libraries log by themselves, cut in the same way, a message on one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info:
            self.exc_text = set_in(redact(_formatter.formatException(self.exc_info)))

    def getMessage(self) -> str:  # noqa: N802  # as logging names it
        return one_line(redact(super().getMessage()))


def install() -> None:
    """For every logger of this process."""
    logging.setLogRecordFactory(_Record)
    logging.getLogger("authlib").setLevel(logging.WARNING)  # at DEBUG it prints tokens


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {_cut(name): _cut(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value]
    return value if value is None or isinstance(value, int | float) else redact(str(value))
