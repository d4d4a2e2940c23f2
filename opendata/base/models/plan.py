"""Plans (immutable versions), products, subscriptions, quota ledger and usage rollups."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Id, Instant, JsonValue, Obj, Slug, UtcDateTime


class Plan(Base):
    __tablename__ = "plan"

    slug: Mapped[Slug] = mapped_column(primary_key=True)
    title: Mapped[Obj]
    query_key_allowed: Mapped[bool] = mapped_column(default=False)
    self_service: Mapped[bool] = mapped_column(default=False)
    retired: Mapped[bool] = mapped_column(default=False)


class PlanVersion(Base):
    """Never changed after it is written; a new number replaces it. `rules` are JSON objects with name,
    unit, amount, window, burst, partition, algorithm and mode."""

    __tablename__ = "plan_version"

    plan_slug: Mapped[str] = mapped_column(ForeignKey("plan.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    page_max: Mapped[int]
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JsonValue)
    valid_from: Mapped[Instant]


class Product(Base):
    """APIs and datasets offered together. `approval` is auto or manual; `visibility` public or members."""

    __tablename__ = "product"

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(index=True)
    slug: Mapped[Slug] = mapped_column(unique=True)
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    title: Mapped[Obj]
    description: Mapped[Obj]
    apis: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    datasets: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    plan_slug: Mapped[str] = mapped_column(ForeignKey("plan.slug"))
    visibility: Mapped[Code] = mapped_column(default="public")
    approval: Mapped[Code] = mapped_column(default="auto")
    terms: Mapped[Obj]
    terms_revision: Mapped[int] = mapped_column(default=0)
    terms_raised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the present revision began to count: subscribers have thirty days from then."""
    decide_by_days: Mapped[int] = mapped_column(default=2)


class Subscription(Base):
    """State: pending, active, paused, rejected, ended; the last two are final."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_application_product", "application_id", "product_id"),
        Index(
            "uq_subscription_open",
            "application_id",
            "product_id",
            unique=True,
            sqlite_where=text("state <> 'rejected' AND state <> 'ended'"),
            postgresql_where=text("state <> 'rejected' AND state <> 'ended'"),
        ),
    )

    id: Mapped[Id]
    version: Mapped[int] = mapped_column(index=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), index=True)
    plan_slug: Mapped[str] = mapped_column(ForeignKey("plan.slug"))
    plan_number: Mapped[int]
    state: Mapped[Code]
    requested_at: Mapped[Instant]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    reason: Mapped[str | None] = mapped_column(String(1000))
    terms_accepted: Mapped[int | None]
    overrides: Mapped[list[dict[str, Any]]] = mapped_column(JsonValue, default=list)


class QuotaLedger(Base):
    """Amounts spent by calendar period; a cell only grows."""

    __tablename__ = "quota_ledger"

    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    rule: Mapped[str] = mapped_column(String(32), primary_key=True)
    period_start: Mapped[str] = mapped_column(String(32), primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    limit: Mapped[int] = mapped_column(BigInteger)
    notices: Mapped[list[int]] = mapped_column(JsonValue, default=list)


class UsageRollup(Base):
    """Calls in one bucket of time. `grain` is minute, hour, day or month; days by the city's zone, starts
    in UTC. `buckets` are 16 fixed latency buckets."""

    __tablename__ = "usage_rollup"
    __table_args__ = (
        UniqueConstraint(
            "grain", "start", "application_id", "key_id", "route", "dataset_id", "status_class", "cache"
        ),
        Index("ix_usage_rollup_application", "application_id", "grain", "start"),
        Index("ix_usage_rollup_dataset", "dataset_id", "grain", "start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    grain: Mapped[str] = mapped_column(String(6))
    start: Mapped[Instant]
    application_id: Mapped[str] = mapped_column(String(26), default="")
    key_id: Mapped[str] = mapped_column(String(40), default="")
    route: Mapped[str] = mapped_column(String(120))
    dataset_id: Mapped[str] = mapped_column(String(36), default="")
    status_class: Mapped[int]
    cache: Mapped[str] = mapped_column(String(8), default="")
    calls: Mapped[int] = mapped_column(BigInteger, default=0)
    throttled: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    ms_sum: Mapped[int] = mapped_column(BigInteger, default=0)
    buckets: Mapped[list[int]] = mapped_column(JsonValue, default=list)


class UsageNetwork(Base):
    """Calls without a key from one network, /24 or /48, in one hour or day of the city; see
    `services.plans.network_sums`."""

    __tablename__ = "usage_network"

    grain: Mapped[str] = mapped_column(String(6), primary_key=True)
    start: Mapped[Instant] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(49), primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger, default=0)
    throttled: Mapped[int] = mapped_column(BigInteger, default=0)
    client_errors: Mapped[int] = mapped_column(BigInteger, default=0)
    server_errors: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)


class UsageSpool(Base):
    """How far each spool file of events has been rolled up, in bytes."""

    __tablename__ = "usage_spool"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    consumed: Mapped[int] = mapped_column(BigInteger, default=0)


class FailedCall(Base):
    """The newest failed calls of an application, for its owner's eyes, 24 hours."""

    __tablename__ = "failed_call"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[Instant]
    application_id: Mapped[str] = mapped_column(String(26), index=True)
    key_id: Mapped[str] = mapped_column(String(40), default="")
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(String(500))
    query: Mapped[str] = mapped_column(String(1000), default="")
    status: Mapped[int]
    code: Mapped[Code]
    request_id: Mapped[str] = mapped_column(String(40))
