"""Alembic's entry: migrates over the connection `run` hands in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from opendata.base.models import Base
from opendata.base.models.base import UtcDateTime


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types by name."""
    if kind == "type" and isinstance(item, JSON):
        return "types.JsonValue"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "types.UtcDateTime()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
