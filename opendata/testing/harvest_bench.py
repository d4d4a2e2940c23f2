"""Building blocks for tests of harvests: a source that says what the test wants, and a run in one call."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select

from opendata.base.formats.record import Contact, DatasetRecord, LegalBasis, Scope
from opendata.base.models import Dataset, HarvestRecord, HarvestRun, HarvestSource, Organization
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.harvest import pipeline, runs, sources
from opendata.services.harvest.contract import Access, Ctx, Cursor, End, Features, Mark, Rec, Source, Unread
from opendata.services.harvest.registry import HarvesterTypes

Item = Rec | Mark | Unread | End | BaseException
Listing = Callable[[Access], Iterable[Item]] | Iterable[Item]


class ScriptedConfig(Schema):
    token = fields.String(load_default="", metadata={"secret": True})
    flavour = fields.String(load_default="")


class Scripted:
    """A harvester that lists what `listing` holds; records are fields of a dataset beside `urls`.

    A record {"explode": "…"} raises KeyError while it is translated.
    """

    type = "scripted"
    config = ScriptedConfig
    needs: frozenset[str] = frozenset()
    features = Features()

    def __init__(self, listing: Listing = ()) -> None:
        self.listing: Listing = listing
        self.cursors: list[Cursor | None] = []
        self.seen: list[Source] = []

    def records(self, src: Source, io: Access, cursor: Cursor | None) -> Iterator[Rec | Mark | Unread | End]:
        self.cursors.append(cursor)
        self.seen.append(src)
        items = self.listing(io) if callable(self.listing) else self.listing
        for item in items:
            if isinstance(item, BaseException):
                raise item
            yield item

    def dataset(self, raw: Any, ctx: Ctx) -> DatasetRecord:
        self.seen.append(ctx.src)
        if "explode" in raw:
            raise KeyError(raw["explode"])
        given = {name: value for name, value in raw.items() if name != "urls"}
        links = [ctx.link(url, path=f"$.urls[{at}]") for at, url in enumerate(raw.get("urls", ()))]
        return ctx.dataset(**{**COMPLETE, **given, "resources": links})


COMPLETE: Mapping[str, Any] = {
    "description": "Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng.",
    "themes": ["TRAN"],
    "contact": (Contact(name={"vi": "Văn phòng"}, email="vp@haiphong.example"),),
    "license": "cc-by-4.0",
    "frequency": "MONTHLY",
    "access_level": "public",
    "legal_basis": (LegalBasis(code="Luật 20/2023/QH15"),),
    "pham_vi": Scope(mode="none"),
}
"""With a title and a link to a table, enough to pass the publish gate."""


def raw(number: int, **changes: Any) -> dict[str, Any]:
    return {"title": f"Bộ số {number}", "urls": [f"https://a.example/{number}.csv"], **changes}


def rec(number: int, **changes: Any) -> Rec:
    return Rec(guid=f"g{number}", raw=raw(number, **changes), url=f"https://a.example/{number}")


def recs(count: int, **changes: Any) -> list[Item]:
    return [*(rec(number, **changes) for number in range(count)), End()]


def install(platform: Platform, harvester: Any) -> None:
    """Make a harvester known to the platform beside the installed ones."""
    installed = platform.part(HarvesterTypes)

    def loader(name: str) -> Callable[[], Any]:
        return lambda: installed.get(name)

    loaders = {name: loader(name) for name in installed.names}
    platform.register(HarvesterTypes, HarvesterTypes({**loaders, harvester.type: lambda: harvester}))


def an_organization(work: Work, code: str = "SXD", **changes: Any) -> Organization:
    found = work.session.scalar(select(Organization).where(Organization.code == code))
    if found is None:
        values = {
            "slug": code.lower(),
            "code": code,
            "name": {"vi": f"Cơ quan {code}"},
            "description": {},
            "modified": work.now,
        }
        found = Organization(**{**values, **changes})
        work.session.add(found)
        work.session.flush()
    return found


@dataclass(slots=True)
class HarvestBench:
    """One accepted source on a platform. `run` starts a run and carries it to its end."""

    platform: Platform
    source_id: str

    def run(self, kind: str = "manual") -> HarvestRun:
        with self.platform.work(SYSTEM) as work:
            run = runs.start(work, work.session.get_one(HarvestSource, self.source_id), kind)
        pipeline.run(self.platform, run.id)
        return self.reload(run.id)

    def apply_preview(self, preview: HarvestRun) -> HarvestRun:
        with self.platform.work(SYSTEM) as work:
            run = runs.apply_preview(work, work.session.get_one(HarvestRun, preview.id))
        pipeline.run(self.platform, run.id)
        return self.reload(run.id)

    def reload(self, run_id: str) -> HarvestRun:
        with self.platform.read(SYSTEM) as work:
            return work.session.get_one(HarvestRun, run_id)

    @property
    def source(self) -> HarvestSource:
        with self.platform.read(SYSTEM) as work:
            return work.session.get_one(HarvestSource, self.source_id)

    def records(self) -> dict[str, HarvestRecord]:
        with self.platform.read(SYSTEM) as work:
            query = select(HarvestRecord).where(HarvestRecord.source_id == self.source_id)
            return {record.guid: record for record in work.session.scalars(query)}

    def datasets(self) -> list[Dataset]:
        with self.platform.read(SYSTEM) as work:
            query = select(Dataset).where(Dataset.source_id == self.source_id).order_by(Dataset.slug)
            return list(work.session.scalars(query))


def a_source(
    platform: Platform, harvester: Any = None, *, code: str = "SXD", accept: bool = True, **changes: Any
) -> HarvestBench:
    """A source of the department `code`, of the scripted type unless `harvester` is another."""
    if harvester is not None:
        install(platform, harvester)
    with platform.work(SYSTEM) as work:
        organization = an_organization(work, code)
        values = {
            "type": getattr(harvester, "type", "scripted"),
            "url": "https://a.example/",
            "title": "Nguồn",
        }
        source = sources.create(work, organization_id=organization.id, **{**values, **changes})
        if accept:
            sources.accept(work, source)
        return HarvestBench(platform, source.id)
