"""Harvests a plain JSON list: [{"code", "name", "about", "changed", "words", "files": [{"url", "kind"}]}]."""

from collections.abc import Iterator

from opendata.plugin import (
    Access,
    Ctx,
    Cursor,
    DatasetRecord,
    End,
    Features,
    Raw,
    Rec,
    Schema,
    Source,
    SourceError,
)


class JsonList:
    """The whole source is one document; `code` is the guid."""

    type = "json_list"
    config = Schema
    needs = frozenset({"http"})
    features = Features()

    def records(self, src: Source, io: Access, cursor: Cursor | None) -> Iterator[Rec | End]:
        entries = io.http.json(src.url)
        if not isinstance(entries, list):
            raise SourceError("not_expected_type", src.url, "no list")
        for entry in entries:
            code = entry.get("code") if isinstance(entry, dict) else None
            yield Rec(guid=code if isinstance(code, str) else None, raw=entry)
        yield End()

    def dataset(self, raw: Raw, ctx: Ctx) -> DatasetRecord:
        return ctx.dataset(
            title=raw.get("name"),
            description=ctx.html(raw.get("about")),
            keywords=raw.get("words"),
            modified=ctx.date(raw.get("changed"), "$.changed"),
            resources=[
                ctx.link(file.get("url"), file.get("kind"), path=f"$.files[{index}].url")
                for index, file in enumerate(raw.get("files") or [])
            ],
        )
