"""Schema changes, run by `opendata migrate` on SQLite and PostgreSQL alike."""

from opendata.base.models.migrations.run import current, downgrade, head, knows, pending, upgrade

__all__ = ["current", "downgrade", "head", "knows", "pending", "upgrade"]
