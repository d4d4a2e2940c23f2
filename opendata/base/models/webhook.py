"""Endpoints that an application is called at when something happens to it, and what was sent to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, UtcDateTime


class WebhookEndpoint(Base):
    """`kinds` are the events it wants, empty for all. `secret` and `old_secret` are sealed: both sign until
    `old_until`. `state` is active or off."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[Id]
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(String(2000))
    kinds: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    secret: Mapped[str] = mapped_column(String(300))
    old_secret: Mapped[str | None] = mapped_column(String(300))
    old_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    display: Mapped[str] = mapped_column(String(30))
    state: Mapped[Code] = mapped_column(default="active")
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last began to fail; None while it answers."""
    created: Mapped[Instant]


class WebhookDelivery(Base):
    """One event for one endpoint. `state` is waiting, delivered or dead; `next_at` is when a waiting one is
    tried, which whoever tries it moves on first."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_state_next_at", "state", "next_at"),
        Index("ix_webhook_delivery_endpoint_id_created", "endpoint_id", "created"),
    )

    id: Mapped[Id]
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(40))
    """The id of the event, the same at every endpoint and every try."""
    kind: Mapped[Code]
    body: Mapped[str]
    state: Mapped[Code] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Instant]
    created: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    """HTTP status of the last answer; None where none came."""
    problem: Mapped[str | None] = mapped_column(String(200))
