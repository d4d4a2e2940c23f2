"""People, their sessions and their roles in departments."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, Ref, UtcDateTime


class User(Base):
    """`email_key` is the folded address and is unique; `epoch` ends every session when raised."""

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("idp_issuer", "idp_subject"),)

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    operator: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str] = mapped_column(String(5), default="vi")
    epoch: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the address was confirmed; until then keys are few and short-lived."""
    blocked_reason: Mapped[str | None] = mapped_column(String(500))
    totp_secret: Mapped[str | None] = mapped_column(String(200))
    """Encrypted; None where the second factor is off."""
    totp_last: Mapped[int] = mapped_column(default=0)
    """The newest time step used, so that a code works once."""
    idp_issuer: Mapped[str | None] = mapped_column(String(300))
    idp_subject: Mapped[str | None] = mapped_column(String(300))
    created: Mapped[Instant]
    version: Mapped[int] = mapped_column(default=0, index=True)
    """From the change sequence: raised when what the person may do changes, so that workers forget it."""


class Membership(Base):
    """`role` is one of member, editor, reviewer, admin."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "organization_id"),)

    id: Mapped[Id]
    user_id: Mapped[Ref] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    organization_id: Mapped[Ref] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    role: Mapped[Code]


class UserSession(Base):
    """A signed-in browser. `token_hash` is SHA-256 of the cookie; the cookie itself is not stored."""

    __tablename__ = "user_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[Ref] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    epoch: Mapped[int]
    csrf: Mapped[str] = mapped_column(String(64))
    created: Mapped[Instant]
    expires: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
