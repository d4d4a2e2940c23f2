"""Harvests a CKAN portal through its action API (package_search)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from opendata.plugin import (
    Access,
    Ctx,
    Cursor,
    DatasetRecord,
    End,
    Features,
    Mark,
    Raw,
    Rec,
    RecordError,
    Schema,
    Source,
    SourceError,
    Unread,
    ckan_dataset,
    fields,
    validate,
)

ROWS = 500
MOST_ROWS = 1_000
OVERLAP = timedelta(hours=1)
"""How far an incremental listing reaches back: the server's clock and index may lag."""


class CkanConfig(Schema):
    """What a person fills in for a CKAN source."""

    api_key = fields.String(
        load_default="",
        metadata={
            "secret": True,
            "label": {"vi": "Khóa API", "en": "API key"},
            "help": {
                "vi": "Chỉ cần khi nguồn có bộ dữ liệu không công khai.",
                "en": "Only for sources with datasets that are not public.",
            },
        },
    )
    filter = fields.String(
        load_default="",
        validate=validate.Length(max=1_000),
        metadata={
            "label": {"vi": "Bộ lọc (fq)", "en": "Filter (fq)"},
            "help": {
                "vi": "Ví dụ organization:so-giao-thong; để trống để lấy tất cả.",
                "en": "For example organization:so-giao-thong; empty for everything.",
            },
        },
    )
    rows = fields.Integer(
        load_default=ROWS,
        validate=validate.Range(min=1, max=MOST_ROWS),
        metadata={
            "label": {"vi": "Số bản ghi mỗi trang", "en": "Records a page"},
            "help": {
                "vi": "Giảm khi máy chủ nguồn yếu; nhiều máy chủ giới hạn ở 1.000.",
                "en": "Lower it for weak servers; many allow no more than 1,000.",
            },
        },
    )


class Ckan:
    """The guid is the package's id, never its name.

    With an instant under "since" in the cursor only later changes are listed.
    """

    type = "ckan"
    config = CkanConfig
    needs = frozenset({"http"})
    features = Features(incremental=True, gives_total=True)

    def records(self, src: Source, io: Access, cursor: Cursor | None) -> Iterator[Rec | Mark | Unread | End]:
        base = src.url.rstrip("/")
        key = src.config.get("api_key")
        http = io.http.with_credentials({"Authorization": key}) if key else io.http
        since = (cursor or {}).get("since")
        pages = http.pages(
            f"{base}/api/3/action/package_search",
            style="offset",
            offset_param="start",
            size_param="rows",
            size=src.config.get("rows", ROWS),
            items="result.results",
            total="result.count",
            id="id",
            params={"q": "*:*", "sort": "id asc", "fq": _filter(src.config.get("filter"), since)},
            cursor=cursor,
            check=_check,
        )
        for page in pages:
            for package in page.items:
                yield _record(package, base)
            yield page.mark if since is None else Mark({**page.mark.cursor, "since": since})
        yield End(expected=pages.total, incremental=since is not None)

    def dataset(self, raw: Raw, ctx: Ctx) -> DatasetRecord:
        return ckan_dataset(raw, ctx)


def _record(package: Any, base: str) -> Rec:
    if not isinstance(package, dict):
        return Rec(guid=None, error=RecordError(None, "$", "not_an_object", package))
    guid = package.get("id")
    if not isinstance(guid, str) or not guid:
        return Rec(
            guid=None, raw=package, error=RecordError(None, "$.id", "missing_guid", package.get("name"))
        )
    name = package.get("name")
    return Rec(
        guid=guid,
        raw=package,
        modified=_text(package.get("metadata_modified")),
        url=f"{base}/dataset/{name if isinstance(name, str) else guid}",
    )


def _check(body: Any) -> None:
    """CKAN tells its own failures with status 200 as well."""
    if not isinstance(body, dict) or "success" not in body:
        raise SourceError("not_expected_type", hint="not an answer of the CKAN API")
    if body["success"] is not True:
        error = body.get("error")
        message = error.get("message") or error.get("__type") if isinstance(error, dict) else error
        raise SourceError("source_error", hint=str(message or "success is false")[:200])


def _filter(own: str | None, since: str | None) -> str | None:
    parts = [own] if own else []
    if since:
        start = datetime.fromisoformat(since).astimezone(UTC) - OVERLAP
        parts.append(f"metadata_modified:[{start:%Y-%m-%dT%H:%M:%SZ} TO *]")
    return " AND ".join(f"({part})" if own and since else part for part in parts) or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
