"""Harvest sources, their runs and what is known of each record.

States of a run: queued -> running(phase) -> done | done_with_errors | awaiting_approval | failed |
cancelled | lost; awaiting_approval -> running(apply) | rejected | superseded; lost -> queued.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, Obj, Ref, Slug, UtcDateTime


class HarvestSource(Base):
    """State is one of draft, accepted, refused, paused, retired. `secret` is never shown."""

    __tablename__ = "harvest_source"

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(String(300))
    type: Mapped[Code]
    url: Mapped[str] = mapped_column(String(2000))
    config: Mapped[Obj]
    secret: Mapped[str | None] = mapped_column(Text)
    organization_id: Mapped[Ref] = mapped_column(ForeignKey("organization.id"))
    state: Mapped[Code] = mapped_column(default="draft")
    schedule: Mapped[str | None] = mapped_column(String(100))
    next_due: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mapping: Mapped[Obj]
    mapping_version: Mapped[int] = mapped_column(default=1)
    policy: Mapped[Obj]
    breaker_state: Mapped[Code] = mapped_column(default="closed")
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    last_complete_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scope_hash: Mapped[str | None] = mapped_column(String(64))
    etag: Mapped[str | None] = mapped_column(String(300))
    created: Mapped[Instant]


class HarvestRun(Base):
    """Kind is one of scheduled, manual, preview, remap, apply_preview."""

    __tablename__ = "harvest_run"

    id: Mapped[Id]
    source_id: Mapped[Ref] = mapped_column(ForeignKey("harvest_source.id", ondelete="CASCADE"))
    kind: Mapped[Code]
    state: Mapped[Code] = mapped_column(default="queued")
    phase: Mapped[Code | None]
    attempt: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    checkpoint: Mapped[Obj]
    proof: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    complete: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[Obj]
    timings: Mapped[Obj]
    diff_hash: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    error_code: Mapped[Code | None]
    error: Mapped[str | None] = mapped_column(String(2000))
    preview_of: Mapped[str | None] = mapped_column(ForeignKey("harvest_run.id", ondelete="SET NULL"))
    by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    queued_at: Mapped[Instant] = mapped_column(index=True)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HarvestRecord(Base):
    """What is known of one record of a source. State: current, quarantined, archived, deleted."""

    __tablename__ = "harvest_record"
    __table_args__ = (
        UniqueConstraint("source_id", "guid"),
        Index("ix_harvest_record_state", "source_id", "state"),
    )

    id: Mapped[Id]
    source_id: Mapped[Ref] = mapped_column(ForeignKey("harvest_source.id", ondelete="CASCADE"))
    guid: Mapped[str] = mapped_column(String(1024))
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("dataset.id", ondelete="SET NULL"), index=True)
    state: Mapped[Code] = mapped_column(default="current")
    raw_hash: Mapped[str | None] = mapped_column(String(64))
    norm_hash: Mapped[str | None] = mapped_column(String(64))
    modified: Mapped[str | None] = mapped_column(String(64))
    etag: Mapped[str | None] = mapped_column(String(300))
    size: Mapped[int | None] = mapped_column(BigInteger)
    url: Mapped[str | None] = mapped_column(String(2000))
    first_seen: Mapped[Instant]
    last_seen: Mapped[Instant]
    last_changed: Mapped[Instant]
    missing_count: Mapped[int] = mapped_column(default=0)
    missing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mapping_version: Mapped[int] = mapped_column(default=1)
    problem: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonValue)
    alias_of: Mapped[str | None] = mapped_column(String(1024))
    run_id: Mapped[str | None] = mapped_column(String(36))


class HarvestSpool(Base):
    """One record as a run saw it. `class` is new, changed, unchanged, noise, conflict, reappeared."""

    __tablename__ = "harvest_spool"
    __table_args__ = (UniqueConstraint("run_id", "guid"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("harvest_run.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    guid: Mapped[str] = mapped_column(String(1024))
    raw_hash: Mapped[str | None] = mapped_column(String(64))
    modified: Mapped[str | None] = mapped_column(String(64))
    etag: Mapped[str | None] = mapped_column(String(300))
    size: Mapped[int | None] = mapped_column(BigInteger)
    url: Mapped[str | None] = mapped_column(String(2000))
    deleted: Mapped[bool] = mapped_column(default=False)
    class_: Mapped[Code | None] = mapped_column("class")
    norm_hash: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonValue)


class HarvestEvent(Base):
    """Append-only, at most 1,000 a run; the rest is counted by code in the run."""

    __tablename__ = "harvest_event"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[Ref] = mapped_column(ForeignKey("harvest_run.id", ondelete="CASCADE"))
    source_id: Mapped[Ref]
    guid: Mapped[str | None] = mapped_column(String(1024))
    severity: Mapped[Code]
    code: Mapped[Code]
    path: Mapped[str | None] = mapped_column(String(500))
    message: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[Instant]


class HarvestApproval(Base):
    __tablename__ = "harvest_approval"

    id: Mapped[Id]
    source_id: Mapped[Ref] = mapped_column(ForeignKey("harvest_source.id", ondelete="CASCADE"))
    run_id: Mapped[Ref]
    diff_hash: Mapped[str] = mapped_column(String(64))
    decision: Mapped[Code]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    reason: Mapped[str | None] = mapped_column(String(2000))
    at: Mapped[Instant]


class HarvestOverride(Base):
    """A field a person holds against the source."""

    __tablename__ = "harvest_override"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[Code] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JsonValue)
    base_norm_hash: Mapped[str | None] = mapped_column(String(64))
    by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    at: Mapped[Instant]


class HarvestBlob(Base):
    """Raw and normalised records, zlib-compressed, by SHA-256 of the plain bytes."""

    __tablename__ = "harvest_blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[bytes]


class HarvestFile(Base):
    """A file of a source as it was stored: not read again while its size and time stay the same.

    `found` is what `catalog.files.Intake` says of it. The row keeps the stored bytes from being orphans.
    """

    __tablename__ = "harvest_file"

    source_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("harvest_source.id", ondelete="CASCADE"), primary_key=True
    )
    path_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    modified: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    found: Mapped[Obj]
