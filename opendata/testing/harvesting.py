"""Drive a harvester without an engine behind it: against a loopback server, with everything it said kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opendata.base.formats.record import DatasetRecord
from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.politeness import Politeness
from opendata.base.kit.vocabularies import Vocabularies
from opendata.services.harvest.access import Access, open_access
from opendata.services.harvest.contract import (
    Ctx,
    Cursor,
    End,
    Harvester,
    Mark,
    Rec,
    Source,
    SourceError,
    Unread,
)
from opendata.services.harvest.ctx import Remark
from opendata.services.harvest.http import Known
from opendata.services.harvest.listing import ListingLog, NotModified

_NOTHING_KNOWN = Known()


@dataclass(slots=True)
class Listed:
    """What one listing gave. `failure` is the SourceError it ended with."""

    log: ListingLog
    items: list[Rec | Mark | Unread | End] = field(default_factory=list)
    failure: SourceError | None = None
    not_modified: bool = False

    @property
    def records(self) -> list[Rec]:
        return [item for item in self.items if isinstance(item, Rec)]

    @property
    def usable(self) -> list[Rec]:
        return [record for record in self.records if record.guid and record.error is None]

    @property
    def guids(self) -> list[str]:
        return [record.guid for record in self.usable if record.guid]

    @property
    def troubles(self) -> list[str]:
        """Codes of records that were seen but cannot be used."""
        return [
            record.error.code if record.error else "missing_guid"
            for record in self.records
            if record not in self.usable
        ]

    @property
    def marks(self) -> list[Mark]:
        return [item for item in self.items if isinstance(item, Mark)]

    @property
    def end(self) -> End | None:
        return self.items[-1] if self.items and isinstance(self.items[-1], End) else None

    @property
    def complete(self) -> bool:
        """Whether nothing speaks against the listing; totals are the engine's to compare."""
        unread = any(isinstance(item, Unread) for item in self.items)
        return self.end is not None and not unread and self.log.complete and self.failure is None

    @property
    def faults(self) -> list[str]:
        return [fault.code for fault in self.log.faults]


@contextmanager
def quick_fetcher() -> Iterator[Fetcher]:
    """A client that may reach loopback, never sleeps and is not polite."""
    fetcher = Fetcher(
        AddressPolicy(allow_loopback=True),
        user_agent="opendata-harvest/test",
        politeness=Politeness(per_second=1e9),
        sleep=lambda _: None,
    )
    try:
        yield fetcher
    finally:
        fetcher.close()


def drive(harvester: Harvester, source: Source, io: Access, cursor: Cursor | None = None) -> Listed:
    """Everything the harvester lists, up to the end or the failure."""
    listed = Listed(io.log)
    try:
        listed.items.extend(harvester.records(source, io, cursor))
    except SourceError as error:
        listed.failure = error
    except NotModified:
        listed.not_modified = True
    return listed


def list_url(
    harvester: Harvester,
    url: str,
    *,
    config: dict[str, Any] | None = None,
    known: Known = _NOTHING_KNOWN,
    cursor: Cursor | None = None,
) -> tuple[Source, Listed]:
    """Drive an HTTP harvester against an address, with the defaults of its own schema."""
    source = source_of(harvester, url, config)
    with quick_fetcher() as fetcher:
        io = open_access(source, harvester.needs, fetcher=fetcher, known=known)
        return source, drive(harvester, source, io, cursor)


def source_of(harvester: Harvester, url: str, config: dict[str, Any] | None = None) -> Source:
    loaded: dict[str, Any] = dict(harvester.config().load(config or {}))
    return Source(id="nguon-1", type=harvester.type, url=url, title="Nguồn thử", config=loaded)


def translate(harvester: Harvester, source: Source, record: Rec) -> tuple[DatasetRecord, list[Remark]]:
    """The record's dataset and the remarks made on the way. Raises RecordError."""
    raw = record.fetch() if record.fetch else record.raw
    ctx = Ctx(source, _vocabularies(), guid=record.guid, url=record.url)
    return harvester.dataset(raw, ctx), ctx.warnings


def _vocabularies() -> Vocabularies:
    return Vocabularies()
