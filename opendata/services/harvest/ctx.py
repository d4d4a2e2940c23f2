"""`ctx`: the pure helpers a harvester translates with, and the list of what it found odd."""

from dataclasses import replace
from typing import Any

from opendata.base.formats.reading import Reading, Remark
from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.harvest.file_list import FileList
from opendata.services.harvest.items import Source


class Ctx(Reading):
    """One for each record. `src` holds no secret; `warnings` is read by the engine afterwards.

    Whose a record is, is not the source's to say: publisher and resource ids it claims are set aside.
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
        resources = tuple(replace(resource, id=None) for resource in record.resources)
        return replace(record, publisher=None, extras=extras, resources=resources)


__all__ = ["Ctx", "Remark"]
