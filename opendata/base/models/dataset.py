"""A dataset, its resources, its earlier names, its revisions and its prebuilt document.

What SQL has to ask about stands in columns; the whole description stands in `content`, the JSON form
of `DatasetRecord` without its resources (each resource has its own row and `content`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, Ref, Slug, UtcDateTime


class Dataset(Base):
    __tablename__ = "dataset"

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True)
    publisher_id: Mapped[Ref] = mapped_column(ForeignKey("organization.id"))
    source_id: Mapped[str | None] = mapped_column(ForeignKey("harvest_source.id"), index=True)
    series_id: Mapped[str | None] = mapped_column(ForeignKey("series.id"), index=True)
    state: Mapped[Code] = mapped_column(default="draft", index=True)
    visibility: Mapped[str] = mapped_column(String(64), index=True)
    """The token a caller must hold to see it: "public" or "org:<publisher id>"."""
    access_level: Mapped[Code | None]
    synthetic: Mapped[bool] = mapped_column(default=False)
    content: Mapped[dict[str, Any]] = mapped_column(JsonValue)
    sort_key: Mapped[str] = mapped_column(String(1000), default="")
    version: Mapped[int] = mapped_column(default=1)
    """Object version: the strong ETag of writes, raised by every change."""
    popularity: Mapped[int] = mapped_column(default=0)
    created: Mapped[Instant]
    modified: Mapped[Instant] = mapped_column(index=True)
    first_published: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str | None] = mapped_column(String(2000))
    """What the last step of the workflow said to the department."""


class Resource(Base):
    __tablename__ = "resource"
    __table_args__ = (Index("ix_resource_dataset_position", "dataset_id", "position"),)

    id: Mapped[Id]
    dataset_id: Mapped[Ref] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"))
    position: Mapped[int]
    format: Mapped[Code | None]
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    """Address of the stored file; None for links."""
    file_name: Mapped[str | None] = mapped_column(String(400))
    media_type: Mapped[str | None] = mapped_column(String(200))
    byte_size: Mapped[int | None] = mapped_column(BigInteger)
    access_level: Mapped[Code | None]
    content: Mapped[dict[str, Any]] = mapped_column(JsonValue)


class DatasetTopic(Base):
    __tablename__ = "dataset_topic"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[str] = mapped_column(
        ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class FormerSlug(Base):
    """A slug once used stays reserved for ever and redirects to its object."""

    __tablename__ = "former_slug"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    slug: Mapped[Slug] = mapped_column(primary_key=True)
    object_id: Mapped[Ref]


class DatasetRevision(Base):
    """The description after each change. `changes` lists {path, before, after}."""

    __tablename__ = "dataset_revision"
    __table_args__ = (UniqueConstraint("dataset_id", "version"),)

    id: Mapped[Id]
    dataset_id: Mapped[Ref] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"))
    version: Mapped[int]
    at: Mapped[Instant]
    by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[Code]
    state: Mapped[Code]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonValue, default=list)
    record: Mapped[dict[str, Any]] = mapped_column(JsonValue)


class DatasetDocument(Base):
    """The JSON document doors answer with, built once per change. `body` is UTF-8 JSON."""

    __tablename__ = "dataset_document"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    slug: Mapped[Slug] = mapped_column(unique=True)
    visibility: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(index=True)
    etag: Mapped[str] = mapped_column(String(64))
    modified: Mapped[Instant]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Folded words, each between two spaces, for the search without the index."""
    facets: Mapped[str] = mapped_column(Text, default="", server_default="")
    """`name=value` of every filter, each on a line of its own."""
    newest: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Epoch seconds of the newest data, to sort by."""
