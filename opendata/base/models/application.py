"""Applications of developers and their API keys. Secrets are stored as keyed digests only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Instant, JsonValue, Ref, UtcDateTime


class ChangeSequence(Base):
    """The one counter behind every `version` that workers poll for. A single row."""

    __tablename__ = "change_sequence"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class Application(Base):
    """Owned by a person or by an organisation, never both. `env` is live or test; `status` is active,
    suspended or closed (final). `scopes` is the upper bound of what its keys and tokens may do."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("(owner_user_id IS NULL) <> (owner_org_id IS NULL)", name="one_owner"),
        *(
            Index(
                f"uq_application_{owner}_name",
                owner,
                "name",
                unique=True,
                sqlite_where=text("status <> 'closed'"),
                postgresql_where=text("status <> 'closed'"),
            )
            for owner in ("owner_user_id", "owner_org_id")
        ),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    owner_user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"), index=True)
    owner_org_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    purpose: Mapped[str | None] = mapped_column(String(1000))
    contact_email: Mapped[str | None] = mapped_column(String(320))
    homepage: Mapped[str | None] = mapped_column(String(2000))
    env: Mapped[Code] = mapped_column(default="live")
    status: Mapped[Code] = mapped_column(default="active")
    status_reason: Mapped[str | None] = mapped_column(String(1000))
    scopes: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    created: Mapped[Instant]


class ApiKey(Base):
    """`digest` is HMAC-SHA256 under the pepper `pepper_kid` of the whole key; `display` its first
    characters. Empty lists mean any product, network or origin."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    pepper_kid: Mapped[str] = mapped_column(String(20))
    display: Mapped[str] = mapped_column(String(30))
    scopes: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    products: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    cidrs: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    origins: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    created: Mapped[Instant]
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_reason: Mapped[str | None] = mapped_column(String(500))
    replaced_by: Mapped[str | None] = mapped_column(String(26))
    last_used_on: Mapped[date | None]


class UserToken(Base):
    """Something that opens a door once: a link sent by mail (`purpose` confirm, reset, invite), the second
    step of a sign-in (second; spare, recovery) or its way to a provider (provider). Only the digest is
    kept."""

    __tablename__ = "user_token"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[Code]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JsonValue, default=dict)
    created: Mapped[Instant]
    expires: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Mail(Base):
    """A message waiting to be sent. Bodies never hold a key, a password or a link that opens something:
    such a link is a place in the text that the sender fills."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    to: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str]
    created: Mapped[Instant]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(500))


class Notice(Base):
    """Something a person or an organisation is told once: key expiring, quota at 80 %…"""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("kind", "subject", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[Code]
    subject: Mapped[str] = mapped_column(String(100))
    period: Mapped[str] = mapped_column(String(100), default="")
    user_id: Mapped[Ref | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(JsonValue, default=dict)
    created: Mapped[Instant]
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
