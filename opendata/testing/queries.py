"""Counts the SQL statements a piece of code sends, so that tests can pin them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import event

from opendata.base.runtime import Platform
from opendata.services.access.blocks import Blocks
from opendata.services.access.changes import Changes


@contextmanager
def counted(platform: Platform) -> Iterator[list[str]]:
    """The statements sent while the block runs, in order; BEGIN and ROLLBACK are not among them. Nor is what
    a process looks at beside its requests while its watch runs, as it does where it serves."""
    statements: list[str] = []
    with suppress(KeyError):  # a platform of fewer parts
        platform.part(Changes).look()
        platform.part(Blocks).stop(None)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(" ", 1)[0] not in {"BEGIN", "ROLLBACK", "COMMIT"}:
            statements.append(statement)

    event.listen(platform.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(platform.engine, "before_cursor_execute", note)
