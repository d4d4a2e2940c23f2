"""The prebuilt JSON document of each dataset and its entry in the index, made when the outbox says so.

Doors answer reads from these documents; the ORM is for writes.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from opendata.base.kit.errors import Unavailable
from opendata.base.kit.hashes import sha256
from opendata.base.models import (
    Dataset,
    DatasetDocument,
    DatasetTopic,
    HarvestRecord,
    HarvestSource,
    Organization,
    OutboxEntry,
    Resource,
    Topic,
)
from opendata.base.runtime import Platform, Work
from opendata.engines.search import IndexDocument, SearchIndex
from opendata.services.catalog.filters import FILTERS
from opendata.services.catalog.freshness import instant
from opendata.services.catalog.reduced import facets_of, words_of
from opendata.services.catalog.rows import row_of

BATCH = 500
NO_ID = str(UUID(int=0))
"""Before every id. An empty text is no id to PostgreSQL."""
_SEARCHED = ("words", "facets", "newest")
"""Columns that search falls back on."""


@dataclass(frozen=True, slots=True)
class Built:
    """One dataset as doors and index see it; `dataset` is its row."""

    dataset: Row[Any]
    document: dict[str, Any]
    organization: Organization
    parent: Organization | None


def apply(platform: Platform, entries: Sequence[OutboxEntry]) -> None:
    """Outbox handler: store documents and index entries; datasets that are gone are removed."""
    index = platform.part(SearchIndex)
    away = _away(index)
    with platform.work() as work:
        sequences = _sequences(work, entries)
        built = list(build(work, list(sequences)))
        _store(work, built, sequences)
        gone = set(sequences) - {item.dataset.id for item in built}
        work.session.execute(delete(DatasetDocument).where(DatasetDocument.dataset_id.in_(gone)))
    if away:  # documents are kept all the same
        raise away
    index.write(
        [index_document(item, sequences[item.dataset.id]) for item in built],
        [(dataset_id, sequences[dataset_id]) for dataset_id in sorted(gone)],
    )


def _away(index: SearchIndex) -> Unavailable | None:
    """Why nothing can be written to the index; it is made here, before the first document is kept."""
    try:
        index.prepare()
    except Unavailable as error:
        return error
    return None


def _sequences(work: Work, entries: Sequence[OutboxEntry]) -> dict[str, int]:
    """The sequence to write under: that of the entry, or the next one where a later entry was applied
    before. On PostgreSQL entries become visible in the order of commits, and what is built now is newer
    than what was built then, whichever number it was asked under."""
    sequences = {entry.object_id: entry.id for entry in entries}
    stored = select(DatasetDocument.dataset_id, DatasetDocument.sequence).where(
        DatasetDocument.dataset_id.in_(sequences)
    )
    for dataset_id, sequence in work.session.execute(stored):
        sequences[dataset_id] = max(sequences[dataset_id], sequence + (sequence > sequences[dataset_id]))
    return sequences


def following(work: Work, last: str) -> list[str]:
    """The next dataset ids behind this one, as many as are read at once; none at the end."""
    query = select(Dataset.id).where(Dataset.id > last).order_by(Dataset.id).limit(BATCH)
    return list(work.session.scalars(query))


def build(work: Work, ids: Sequence[str]) -> Iterator[Built]:
    """Documents of the datasets that still exist; five statements whatever their number.

    Rows are read as the database holds them: as objects they would take twice as long, and what a caller
    has not flushed is not seen.
    """
    datasets = work.session.execute(select(Dataset.__table__).where(Dataset.id.in_(ids))).all()
    resources = _resources(work, ids)
    topics = _topics(work, ids)
    origins = _origins(work, ids)
    organizations = _organizations(work, datasets)
    for dataset in datasets:
        organization = organizations[dataset.publisher_id]
        document = _document(
            dataset, organization, resources[dataset.id], topics[dataset.id], origins.get(dataset.id)
        )
        yield Built(dataset, document, organization, organizations.get(organization.parent_id or ""))


def _organizations(work: Work, datasets: Sequence[Row[Any]]) -> dict[str, Organization]:
    wanted = {dataset.publisher_id for dataset in datasets}
    parents = select(Organization.parent_id).where(
        Organization.id.in_(wanted), Organization.parent_id.is_not(None)
    )
    query = select(Organization).where(Organization.id.in_(wanted) | Organization.id.in_(parents))
    return {organization.id: organization for organization in work.session.scalars(query)}


def _resources(work: Work, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    table = Resource.__table__.c
    query: Any = select(table.id, table.dataset_id, table.sha256, table.content)
    groups: dict[str, list[Row[Any]]] = defaultdict(list)
    for resource in work.session.execute(query.where(table.dataset_id.in_(ids)).order_by(table.position)):
        groups[resource.dataset_id].append(resource)
    return groups


def _topics(work: Work, ids: Sequence[str]) -> dict[str, list[Topic]]:
    rows = work.session.execute(
        select(DatasetTopic.dataset_id, Topic)
        .join(Topic, Topic.id == DatasetTopic.topic_id)
        .where(DatasetTopic.dataset_id.in_(ids))
        .order_by(Topic.sort_key)
    )
    groups: dict[str, list[Topic]] = defaultdict(list)
    for dataset_id, topic in rows:
        groups[dataset_id].append(topic)
    return groups


def _origins(work: Work, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    record, source = HarvestRecord.__table__, HarvestSource.__table__
    rows = work.session.execute(
        select(record, source.c.title.label("source_title"), source.c.type.label("source_type"))
        .join_from(record, source, source.c.id == record.c.source_id)
        .where(record.c.dataset_id.in_(ids))
    )
    return {row.dataset_id: _origin(row) for row in rows}


def _origin(record: Row[Any]) -> dict[str, Any]:
    return {
        "source_id": record.source_id,
        "source_title": record.source_title,
        "source_type": record.source_type,
        "guid": record.guid,
        "url": record.url,
        "first_seen": stamp(record.first_seen),
        "last_changed": stamp(record.last_changed),
        "run_id": record.run_id,
        "raw_hash": record.raw_hash,
        "mapping_version": record.mapping_version,
    }


def _document(
    dataset: Row[Any],
    organization: Organization,
    resources: Sequence[Row[Any]],
    topics: Sequence[Topic],
    origin: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "slug": dataset.slug,
        **dataset.content,
        "publisher": {
            "id": organization.id,
            "slug": organization.slug,
            "name": organization.name,
            "abbreviation": organization.abbreviation,
        },
        "topics": [{"slug": topic.slug, "title": topic.title} for topic in topics],
        "state": dataset.state,
        "visibility": dataset.visibility,
        "version": dataset.version,
        "created": stamp(dataset.created),
        "issued": dataset.content.get("issued") or stamp(dataset.first_published),
        "modified": stamp(dataset.modified),
        "harvest": origin,
        "resources": [_resource(resource, position) for position, resource in enumerate(resources)],
    }


def _resource(resource: Row[Any], position: int) -> dict[str, Any]:
    """A stored file is had from us, by a path that holds whatever address the site has."""
    described = {"id": resource.id, "position": position, **resource.content}
    if resource.sha256:
        described["download_url"] = f"/api/v1/resources/{resource.id}/download"
    return described


def stamp(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _store(work: Work, built: Sequence[Built], sequences: Mapping[str, int]) -> None:
    if not built:
        return
    insert = postgresql_insert if work.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(DatasetDocument)
    newer = statement.excluded.sequence >= DatasetDocument.sequence
    values = {
        name: statement.excluded[name]
        for name in ("slug", "visibility", "sequence", "etag", "modified", "body", *_SEARCHED)
    }
    rows = [_row(item, sequences[item.dataset.id]) for item in built]
    # slugs swap between datasets only through the reserve list, so no two rows of a batch clash
    work.session.execute(
        statement.on_conflict_do_update(index_elements=["dataset_id"], set_=values, where=newer), rows
    )


def _row(item: Built, sequence: int) -> dict[str, Any]:
    body = orjson.dumps(item.document)
    return {
        "dataset_id": item.dataset.id,
        "slug": item.dataset.slug,
        "visibility": item.dataset.visibility,
        "sequence": sequence,
        "etag": etag_of(item.dataset.version, body),
        "modified": item.dataset.modified,
        "body": body,
        "words": words_of(_text(item)),
        "facets": facets_of(item.document),
        "newest": _newest(item.document),
    }


def etag_of(version: int, body: bytes) -> str:
    """Names the version, which `If-Match` compares, and the bytes, which change with names around it."""
    return f"v{version}-{sha256(body)[:24]}"


def current(work: Work, dataset: Dataset) -> tuple[bytes, str]:
    """(document, ETag) of a dataset just changed, before its effects have been applied."""
    work.session.flush()
    (item,) = build(work, [dataset.id])
    body = orjson.dumps(item.document)
    return body, etag_of(dataset.version, body)


def index_document(item: Built, sequence: int) -> IndexDocument:
    document = item.document
    return IndexDocument(
        id=item.dataset.id,
        sequence=sequence,
        visibility=item.dataset.visibility,
        text=_text(item),
        facets={declared.name: list(declared.values(document)) for declared in FILTERS},
        sort={
            "newest": _newest(document),
            "title": item.dataset.sort_key,
            "popularity": item.dataset.popularity,
        },
        row=row_of(document),
        period=days_of(document.get("temporal")),
    )


def _text(item: Built) -> dict[str, str]:
    document = item.document
    names = [item.organization.name, *item.organization.former_names]
    names += [item.parent.name, *item.parent.former_names] if item.parent else []
    body = [text for name in names for text in name.values()]
    return {
        "title": document["title"].get("vi", ""),
        "title_en": document["title"].get("en", ""),
        "tags": "\n".join(word for words in document["keywords"].values() for word in words),
        "body": "\n".join([*body, item.organization.abbreviation or ""]),
        "description": "\n".join([*document["description"].values(), *_codes(document), *_columns(document)]),
    }


def _codes(document: Mapping[str, Any]) -> Iterator[str]:
    """Identifiers people paste: the source's own id and values of extras that look like one."""
    yield document["slug"]
    if document["harvest"]:
        yield document["harvest"]["guid"]
    for value in document["extras"].values():
        if isinstance(value, str) and len(value) <= 200:
            yield value


def _columns(document: Mapping[str, Any]) -> Iterator[str]:
    """Their names on one line, each label on its own."""
    columns = [column for resource in document["resources"] for column in resource["columns"]]
    yield " ".join(sorted({column["name"] for column in columns}))
    yield from sorted({label for column in columns for label in column["label"].values()})


def _newest(document: Mapping[str, Any]) -> int:
    return _seconds(document.get("last_update") or document["modified"])


def _seconds(text: str) -> int:
    at = instant(text)
    return int(at.timestamp()) if at else 0


def days_of(temporal: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Days since 1970-01-01; an end of lower precision reaches to the last day of its month or year."""
    if not temporal:
        return None
    start, end = instant(temporal.get("start")), _end(temporal.get("end"))
    if start is None and end is None:
        return None
    first = (start.date() if start else date.min) - date(1970, 1, 1)
    last = (end or date.max) - date(1970, 1, 1)
    return first.days, last.days


def _end(text: str | None) -> date | None:
    at = instant(text)
    if at is None or text is None:
        return None
    precision = text.count("-")
    if precision == 0:
        return date(at.year, 12, 31)
    if precision == 1:
        return date(at.year, at.month, monthrange(at.year, at.month)[1])
    return at.date()
