"""The declarative base and the column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, MetaData, String, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column

from opendata.base.kit.ids import new_id


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out; naive ones are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


Id = Annotated[str, mapped_column(Uuid(as_uuid=False), primary_key=True, default=new_id)]
Ref = Annotated[str, mapped_column(Uuid(as_uuid=False), index=True)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
JsonValue = JSON().with_variant(JSONB(), "postgresql")
Obj = Annotated[dict[str, Any], mapped_column(JsonValue, default=dict)]
Code = Annotated[str, mapped_column(String(64))]
Slug = Annotated[str, mapped_column(String(120))]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
