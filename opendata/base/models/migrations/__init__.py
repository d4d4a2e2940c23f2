"""Schema changes, run by `opendata migrate` on SQLite and PostgreSQL alike."""

from opendata.base.models.migrations.run import current, head, pending, upgrade

__all__ = ["current", "head", "pending", "upgrade"]
