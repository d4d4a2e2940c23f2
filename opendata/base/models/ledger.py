"""What happened (audit), what is still to be done (outbox), what is being done (jobs) and what is done again
and again (timetable)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, Obj, Ref, UtcDateTime


class AuditEvent(Base):
    """Append-only: one row per change. `data` holds no secret and no personal identifier."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_type", "object_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[Instant]
    actor_id: Mapped[str | None] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[Code]
    object_type: Mapped[Code]
    object_id: Mapped[str] = mapped_column(String(64))
    data: Mapped[Obj]
    link: Mapped[int | None] = mapped_column(unique=True)
    """Its place in the chain of seals, from 1 without gaps; None at first, see `services.access.seals`."""
    seal: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 over the event and the seal of the link before it."""


class OutboxEntry(Base):
    """An effect to apply after commit. `id` is the sequence: it rises with every change of an object."""

    __tablename__ = "outbox"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    topic: Mapped[Code] = mapped_column(index=True)
    object_id: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(500))
    """Set when the entry is given up (dead letter); later entries go on."""


class Job(Base):
    """State of a background job; the queue itself only knows its id."""

    __tablename__ = "job"

    id: Mapped[Id]
    kind: Mapped[Code]
    state: Mapped[Code] = mapped_column(default="queued", index=True)
    arguments: Mapped[Obj]
    attempt: Mapped[int] = mapped_column(default=0)
    """Rises each time the job is taken: the fence of whoever took it."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when a running job belongs to its worker, by the clock of the database."""
    problem: Mapped[str | None] = mapped_column(String(2000))
    queued_at: Mapped[Instant]
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    by_id: Mapped[Ref | None]


class TimetableEntry(Base):
    """When a task is next due, and which worker has it. See `runtime.timetable`."""

    __tablename__ = "timetable"

    name: Mapped[Code] = mapped_column(primary_key=True)
    next_due: Mapped[Instant]
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when it belongs to whoever does it, by the clock of the database."""
    fence: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    """In a row."""
    problem: Mapped[str | None] = mapped_column(String(500))
    """Of the last time, if it failed."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    """What it found the last time it did not fail."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
