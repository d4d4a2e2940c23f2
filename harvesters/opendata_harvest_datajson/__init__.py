"""Harvests a data.json document: Project Open Data 1.1 or DCAT-US 3, of any size."""

from collections.abc import Iterator
from typing import Any

from opendata.plugin import (
    JSON_TYPES,
    Access,
    Ctx,
    Cursor,
    DatasetRecord,
    End,
    Features,
    JsonItems,
    Mark,
    NotJson,
    Raw,
    Rec,
    RecordError,
    Schema,
    Source,
    SourceError,
    Unread,
    datajson_dataset,
    datajson_identifier,
    fields,
    parse_json,
)


class DataJsonConfig(Schema):
    """What a person fills in for a data.json source; the address is that of the file itself."""

    authorization = fields.String(
        load_default="",
        metadata={
            "secret": True,
            "label": {"vi": "Tiêu đề Authorization", "en": "Authorization header"},
            "help": {
                "vi": "Chỉ cần khi tệp không công khai, ví dụ “Bearer …”.",
                "en": "Only when the file is not public, for example “Bearer …”.",
            },
        },
    )


class DataJson:
    """One document, read whole before it is cut into records; each record is parsed and may fail alone."""

    type = "datajson"
    config = DataJsonConfig
    needs = frozenset({"http"})
    features = Features()

    def records(
        self,
        src: Source,
        io: Access,
        cursor: Cursor | None,  # noqa: ARG002  # one document has no middle
    ) -> Iterator[Rec | Mark | Unread | End]:
        secret = src.config.get("authorization")
        http = io.http.with_credentials({"Authorization": secret}) if secret else io.http
        with http.stream(src.url, accept=JSON_TYPES) as file:
            items = JsonItems(file, "dataset")
            count = 0
            try:
                for count, item in enumerate(items, start=1):
                    yield _record(item, f"$.dataset[{count - 1}]")
            except NotJson as error:
                if not count:
                    raise SourceError("parse", src.url, f"{error.reason} {error.where}".strip()) from error
                yield Unread(f"$.dataset[{count}]", f"parse: {error.reason}")
                return
            if not isinstance(items.envelope.get("dataset"), list):
                raise SourceError("not_expected_type", src.url, "the document has no list of datasets")
        yield End()

    def dataset(self, raw: Raw, ctx: Ctx) -> DatasetRecord:
        return datajson_dataset(raw, ctx)


def _record(item: bytes | None, path: str) -> Rec:
    if item is None:
        return Rec(guid=None, error=RecordError(None, path, "too_large"))
    try:
        entry = parse_json(item, clean=True)
    except NotJson as error:
        return Rec(guid=None, error=RecordError(None, path, error.reason, error.where))
    if not isinstance(entry, dict):
        return Rec(guid=None, error=RecordError(None, path, "not_an_object", entry))
    guid = datajson_identifier(entry)
    if guid is None:
        return Rec(
            guid=None,
            raw=entry,
            error=RecordError(None, f"{path}.identifier", "missing_guid", entry.get("title")),
        )
    return Rec(
        guid=guid, raw=entry, modified=_text(entry.get("modified")), url=_page(entry.get("landingPage"))
    )


def _page(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
