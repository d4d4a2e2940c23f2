"""`ctx`: the pure helpers a harvester translates with, and the list of what it found odd."""

from dataclasses import replace
from typing import Any

from opendata.base.formats.reading import Reading, Remark
from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.harvest.file_list import FileList
from opendata.services.harvest.items import Source

MAX_SIZE = 2**53
"""Bytes; as much as a client may tell over REST."""


class Ctx(Reading):
    """One for each record. `src` holds no secret; `warnings` is read by the engine afterwards.

    Whose a record is, and which stored file is meant, is not the source's to say: publisher, resource ids
    and digests it claims are set aside.
    """

    def __init__(
        self, src: Source, vocabularies: Vocabularies, *, guid: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(vocabularies, language=src.language, guid=guid)
        self.src = src
        self.page = url
        self.files = FileList()

    def dataset(self, **fields: Any) -> DatasetRecord:
        record = super().dataset(**fields)
        extras = dict(record.extras)
        if record.publisher:
            extras.setdefault("source_publisher", record.publisher)
        return replace(unclaimed(record), publisher=None, extras=extras)


def unclaimed(record: DatasetRecord) -> DatasetRecord:
    """Without ids and digests: who names one of either in the catalogue has what belongs to it. Those of
    files that are stored for the record are put in afterwards, as measured. Nor with a size no file has."""
    resources = tuple(
        replace(resource, id=None, sha256=None, byte_size=possible_size(resource.byte_size))
        for resource in record.resources
    )
    return replace(record, resources=resources)


def possible_size(size: int | None) -> int | None:
    return size if size is not None and 0 <= size <= MAX_SIZE else None


__all__ = ["Ctx", "Remark", "possible_size", "unclaimed"]
