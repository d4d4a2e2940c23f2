"""The contract between a harvester and the engine: a harvester lists and translates, nothing else."""

from collections.abc import Iterator
from typing import Protocol

from marshmallow import Schema

from opendata.base.formats.record import DatasetRecord
from opendata.services.harvest.access import Access
from opendata.services.harvest.ctx import Ctx
from opendata.services.harvest.items import (
    Cursor,
    End,
    Features,
    Mark,
    Raw,
    Rec,
    RecordError,
    Source,
    SourceError,
    Unread,
)

ConfigSchema = type[Schema]


class Harvester(Protocol):
    """A source type, found through the entry point group `opendata.harvesters`.

    `type` is stable: it stands in settings and in the database. `config` is a marshmallow schema whose
    fields carry labels and help in `metadata` and mark secrets with `{"secret": True}`. `needs` is of
    {"http", "folder", "sftp", "s3", "sql"}; the engine hands over nothing else.
    """

    type: str
    config: ConfigSchema
    needs: frozenset[str]
    features: Features

    def records(self, src: Source, io: Access, cursor: Cursor | None) -> Iterator[Rec | Mark | Unread | End]:
        """Every record in the source's order, `Mark` at each point a run may resume from, `End` last.

        Raises SourceError. A listing that stops without `End` is partial.
        """

    def dataset(self, raw: Raw, ctx: Ctx) -> DatasetRecord:
        """Translate one record. Pure: no I/O, no clock; the same input gives the same output.

        Raises RecordError; smaller troubles are told by `ctx.warn`.
        """


__all__ = [
    "Access",
    "ConfigSchema",
    "Ctx",
    "Cursor",
    "End",
    "Features",
    "Harvester",
    "Mark",
    "Raw",
    "Rec",
    "RecordError",
    "Source",
    "SourceError",
    "Unread",
]
