"""`opendata …`: one file a noun under `commands`, loaded when it is asked for."""

from opendata.doors.cli.root import main, run

__all__ = ["main", "run"]
