"""What operators and owners decide about access: blocked networks, applications that are handed over."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Id, Instant, UtcDateTime


class NetworkBlock(Base):
    """Addresses that nothing is answered to. It ends at `until`, or when it was lifted."""

    __tablename__ = "network_block"

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(index=True)
    network: Mapped[str] = mapped_column(String(50))
    reason: Mapped[str] = mapped_column(String(500))
    by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created: Mapped[Instant]
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Calls."""
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """About when the last of them was."""


class ApplicationTransfer(Base):
    """An application offered to somebody else, who has not taken it yet: to the holder of an address, or to
    an organisation."""

    __tablename__ = "application_transfer"

    application_id: Mapped[str] = mapped_column(
        ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    )
    to_email: Mapped[str | None] = mapped_column(String(320), index=True)
    """Folded, as accounts are found by it."""
    to_org_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    created: Mapped[Instant]
    expires: Mapped[Instant]
