"""Public bodies and the topics (CKAN's groups) that datasets are filed under."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, Obj, Ref, Slug


class Organization(Base):
    """A department or other public body. `name` and `description` are language maps."""

    __tablename__ = "organization"

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True)
    code: Mapped[Code | None] = mapped_column(unique=True)
    name: Mapped[Obj]
    description: Mapped[Obj]
    abbreviation: Mapped[str | None] = mapped_column(String(64))
    former_names: Mapped[list[dict[str, str]]] = mapped_column(JsonValue, default=list)
    level: Mapped[Code] = mapped_column(default="city")
    kind: Mapped[Code] = mapped_column(default="department")
    """department publishes; company, university and other own applications."""
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    homepage: Mapped[str | None] = mapped_column(String(2000))
    contact: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    valid_from: Mapped[str | None] = mapped_column(String(10))
    valid_to: Mapped[str | None] = mapped_column(String(10))
    second_approval: Mapped[bool] = mapped_column(default=False)
    sort_key: Mapped[str] = mapped_column(String(1000), default="")
    modified: Mapped[Instant]


class OrganizationSuccession(Base):
    """`successor` took over from `predecessor`; old to new is many-to-many. `share` in (0, 1]."""

    __tablename__ = "organization_succession"
    __table_args__ = (UniqueConstraint("predecessor_id", "successor_id"),)

    id: Mapped[Id]
    predecessor_id: Mapped[Ref] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    successor_id: Mapped[Ref] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    share: Mapped[float | None]
    on_date: Mapped[str | None] = mapped_column(String(10))


class Topic(Base):
    """A subject people look for, across departments."""

    __tablename__ = "topic"

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True)
    title: Mapped[Obj]
    description: Mapped[Obj]
    sort_key: Mapped[str] = mapped_column(String(1000), default="")
    modified: Mapped[Instant]


class Tag(Base):
    """The spelling in use of a keyword. `key` is its `exact_key`."""

    __tablename__ = "tag"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))


class Series(Base):
    """Datasets that continue each other by period."""

    __tablename__ = "series"

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True)
    title: Mapped[Obj]
    description: Mapped[Obj]
    publisher_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    frequency: Mapped[Code | None]
    modified: Mapped[Instant]
