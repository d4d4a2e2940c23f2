"""The first schema."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assertion_id",
        sa.Column("jti", sa.String(length=200), nullable=False),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("jti", "client_id", name=op.f("pk_assertion_id")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("data", types.JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_object", ["object_type", "object_id"], unique=False)

    op.create_table(
        "change_sequence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_sequence")),
    )
    op.create_table(
        "denied_token",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_denied_token")),
    )
    with op.batch_alter_table("denied_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_denied_token_version"), ["version"], unique=False)

    op.create_table(
        "failed_call",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_call")),
    )
    with op.batch_alter_table("failed_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failed_call_application_id"), ["application_id"], unique=False)

    op.create_table(
        "former_slug",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("object_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug", name=op.f("pk_former_slug")),
    )
    with op.batch_alter_table("former_slug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_slug_object_id"), ["object_id"], unique=False)

    op.create_table(
        "harvest_blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_harvest_blob")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("arguments", types.JsonValue, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=2000), nullable=True),
        sa.Column("queued_at", types.UtcDateTime(), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_by_id"), ["by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_state"), ["state"], unique=False)

    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("to", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("name", types.JsonValue, nullable=False),
        sa.Column("description", types.JsonValue, nullable=False),
        sa.Column("abbreviation", sa.String(length=64), nullable=True),
        sa.Column("former_names", types.JsonValue, nullable=False),
        sa.Column("level", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("parent_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("homepage", sa.String(length=2000), nullable=True),
        sa.Column("contact", types.JsonValue, nullable=True),
        sa.Column("valid_from", sa.String(length=10), nullable=True),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.Column("second_approval", sa.Boolean(), nullable=False),
        sa.Column("sort_key", sa.String(length=1000), nullable=False),
        sa.Column("modified", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organization.id"], name=op.f("fk_organization_parent_id_organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("code", name=op.f("uq_organization_code")),
        sa.UniqueConstraint("slug", name=op.f("uq_organization_slug")),
    )
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organization_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("payload", types.JsonValue, nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", types.UtcDateTime(), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_topic"), ["topic"], unique=False)

    op.create_table(
        "plan",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", types.JsonValue, nullable=False),
        sa.Column("query_key_allowed", sa.Boolean(), nullable=False),
        sa.Column("self_service", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_plan")),
    )
    op.create_table(
        "quota_ledger",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("period_start", sa.String(length=32), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.Column("notices", types.JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("subject", "rule", "period_start", name=op.f("pk_quota_ledger")),
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("public", types.JsonValue, nullable=False),
        sa.Column("private", sa.String(), nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("activated_at", types.UtcDateTime(), nullable=True),
        sa.Column("retired_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signing_key_version"), ["version"], unique=False)

    op.create_table(
        "tag",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tag")),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", types.JsonValue, nullable=False),
        sa.Column("description", types.JsonValue, nullable=False),
        sa.Column("sort_key", sa.String(length=1000), nullable=False),
        sa.Column("modified", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("slug", name=op.f("uq_topic_slug")),
    )
    op.create_table(
        "usage_rollup",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("grain", sa.String(length=6), nullable=False),
        sa.Column("start", types.UtcDateTime(), nullable=False),
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("status_class", sa.Integer(), nullable=False),
        sa.Column("cache", sa.String(length=8), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("throttled", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("ms_sum", sa.BigInteger(), nullable=False),
        sa.Column("buckets", types.JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_rollup")),
        sa.UniqueConstraint(
            "grain",
            "start",
            "application_id",
            "key_id",
            "route",
            "dataset_id",
            "status_class",
            "cache",
            name=op.f(
                "uq_usage_rollup_grain_start_application_id_key_id_route_dataset_id_status_class_cache"
            ),
        ),
    )
    with op.batch_alter_table("usage_rollup", schema=None) as batch_op:
        batch_op.create_index(
            "ix_usage_rollup_application", ["application_id", "grain", "start"], unique=False
        )
        batch_op.create_index("ix_usage_rollup_dataset", ["dataset_id", "grain", "start"], unique=False)

    op.create_table(
        "usage_spool",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("consumed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_usage_spool")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("operator", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", types.UtcDateTime(), nullable=True),
        sa.Column("blocked_reason", sa.String(length=500), nullable=True),
        sa.Column("totp_secret", sa.String(length=200), nullable=True),
        sa.Column("totp_last", sa.Integer(), nullable=False),
        sa.Column("idp_issuer", sa.String(length=300), nullable=True),
        sa.Column("idp_subject", sa.String(length=300), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_user_email_key")),
        sa.UniqueConstraint("idp_issuer", "idp_subject", name=op.f("uq_user_idp_issuer_idp_subject")),
    )
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_version"), ["version"], unique=False)

    op.create_table(
        "application",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("owner_org_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("purpose", sa.String(length=1000), nullable=True),
        sa.Column("contact_email", sa.String(length=320), nullable=True),
        sa.Column("homepage", sa.String(length=2000), nullable=True),
        sa.Column("env", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("status_reason", sa.String(length=1000), nullable=True),
        sa.Column("scopes", types.JsonValue, nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("(owner_user_id IS NULL) <> (owner_org_id IS NULL)", name="one_owner"),
        sa.ForeignKeyConstraint(
            ["owner_org_id"], ["organization.id"], name=op.f("fk_application_owner_org_id_organization")
        ),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["user.id"], name=op.f("fk_application_owner_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_owner_user_id"), ["owner_user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_version"), ["version"], unique=False)
        batch_op.create_index(
            "uq_application_owner_org_id_name",
            ["owner_org_id", "name"],
            unique=True,
            sqlite_where=sa.text("status <> 'closed'"),
            postgresql_where=sa.text("status <> 'closed'"),
        )
        batch_op.create_index(
            "uq_application_owner_user_id_name",
            ["owner_user_id", "name"],
            unique=True,
            sqlite_where=sa.text("status <> 'closed'"),
            postgresql_where=sa.text("status <> 'closed'"),
        )

    op.create_table(
        "harvest_source",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("config", types.JsonValue, nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("schedule", sa.String(length=100), nullable=True),
        sa.Column("next_due", types.UtcDateTime(), nullable=True),
        sa.Column("mapping", types.JsonValue, nullable=False),
        sa.Column("mapping_version", sa.Integer(), nullable=False),
        sa.Column("policy", types.JsonValue, nullable=False),
        sa.Column("breaker_state", sa.String(length=64), nullable=False),
        sa.Column("lease_owner", sa.String(length=100), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("cursor", types.JsonValue, nullable=True),
        sa.Column("last_complete_at", types.UtcDateTime(), nullable=True),
        sa.Column("scope_hash", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(length=300), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_harvest_source_organization_id_organization"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_source")),
        sa.UniqueConstraint("slug", name=op.f("uq_harvest_source_slug")),
    )
    with op.batch_alter_table("harvest_source", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_harvest_source_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "initial_access_token",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["user.id"],
            name=op.f("fk_initial_access_token_created_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_initial_access_token_organization_id_organization"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_initial_access_token")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_membership_organization_id_organization"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_membership_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("user_id", "organization_id", name=op.f("uq_membership_user_id_organization_id")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("data", types.JsonValue, nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("read_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_notice_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("kind", "subject", "period", name=op.f("uq_notice_kind_subject_period")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_user_id"), ["user_id"], unique=False)

    op.create_table(
        "organization_succession",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("successor_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("on_date", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["predecessor_id"],
            ["organization.id"],
            name=op.f("fk_organization_succession_predecessor_id_organization"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"],
            ["organization.id"],
            name=op.f("fk_organization_succession_successor_id_organization"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_succession")),
        sa.UniqueConstraint(
            "predecessor_id",
            "successor_id",
            name=op.f("uq_organization_succession_predecessor_id_successor_id"),
        ),
    )
    with op.batch_alter_table("organization_succession", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organization_succession_predecessor_id"), ["predecessor_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_organization_succession_successor_id"), ["successor_id"], unique=False
        )

    op.create_table(
        "plan_version",
        sa.Column("plan_slug", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("page_max", sa.Integer(), nullable=False),
        sa.Column("rules", types.JsonValue, nullable=False),
        sa.Column("valid_from", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["plan_slug"], ["plan.slug"], name=op.f("fk_plan_version_plan_slug_plan")),
        sa.PrimaryKeyConstraint("plan_slug", "number", name=op.f("pk_plan_version")),
    )
    with op.batch_alter_table("plan_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_version_version"), ["version"], unique=False)

    op.create_table(
        "product",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("title", types.JsonValue, nullable=False),
        sa.Column("description", types.JsonValue, nullable=False),
        sa.Column("apis", types.JsonValue, nullable=False),
        sa.Column("datasets", types.JsonValue, nullable=False),
        sa.Column("plan_slug", sa.String(length=120), nullable=False),
        sa.Column("visibility", sa.String(length=64), nullable=False),
        sa.Column("approval", sa.String(length=64), nullable=False),
        sa.Column("terms", types.JsonValue, nullable=False),
        sa.Column("terms_revision", sa.Integer(), nullable=False),
        sa.Column("decide_by_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_product_organization_id_organization")
        ),
        sa.ForeignKeyConstraint(["plan_slug"], ["plan.slug"], name=op.f("fk_product_plan_slug_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
    )
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_product_version"), ["version"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", types.JsonValue, nullable=False),
        sa.Column("description", types.JsonValue, nullable=False),
        sa.Column("publisher_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("frequency", sa.String(length=64), nullable=True),
        sa.Column("modified", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["organization.id"], name=op.f("fk_series_publisher_id_organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("slug", name=op.f("uq_series_slug")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_publisher_id"), ["publisher_id"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("expires", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_session_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_expires"), ["expires"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "user_token",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("data", types.JsonValue, nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("expires", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_token_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_user_token")),
    )
    with op.batch_alter_table("user_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("pepper_kid", sa.String(length=20), nullable=False),
        sa.Column("display", sa.String(length=30), nullable=False),
        sa.Column("scopes", types.JsonValue, nullable=False),
        sa.Column("products", types.JsonValue, nullable=False),
        sa.Column("cidrs", types.JsonValue, nullable=False),
        sa.Column("origins", types.JsonValue, nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_reason", sa.String(length=500), nullable=True),
        sa.Column("replaced_by", sa.String(length=26), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_api_key_application_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_api_key_created_by_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_key_version"), ["version"], unique=False)

    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("publisher_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("series_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("visibility", sa.String(length=64), nullable=False),
        sa.Column("access_level", sa.String(length=64), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("content", types.JsonValue, nullable=False),
        sa.Column("sort_key", sa.String(length=1000), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("popularity", sa.Integer(), nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("modified", types.UtcDateTime(), nullable=False),
        sa.Column("first_published", types.UtcDateTime(), nullable=True),
        sa.Column("submitted_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["organization.id"], name=op.f("fk_dataset_publisher_id_organization")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_dataset_series_id_series")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["harvest_source.id"], name=op.f("fk_dataset_source_id_harvest_source")
        ),
        sa.ForeignKeyConstraint(["submitted_by"], ["user.id"], name=op.f("fk_dataset_submitted_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("slug", name=op.f("uq_dataset_slug")),
    )
    with op.batch_alter_table("dataset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_modified"), ["modified"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_publisher_id"), ["publisher_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_series_id"), ["series_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_dataset_visibility"), ["visibility"], unique=False)

    op.create_table(
        "harvest_approval",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("diff_hash", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user.id"], name=op.f("fk_harvest_approval_decided_by_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["harvest_source.id"],
            name=op.f("fk_harvest_approval_source_id_harvest_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_approval")),
    )
    with op.batch_alter_table("harvest_approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_approval_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_harvest_approval_source_id"), ["source_id"], unique=False)

    op.create_table(
        "harvest_file",
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("path_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("modified", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("found", types.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["harvest_source.id"],
            name=op.f("fk_harvest_file_source_id_harvest_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "path_hash", name=op.f("pk_harvest_file")),
    )
    with op.batch_alter_table("harvest_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_file_sha256"), ["sha256"], unique=False)

    op.create_table(
        "harvest_run",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=64), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("checkpoint", types.JsonValue, nullable=False),
        sa.Column("proof", types.JsonValue, nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("counts", types.JsonValue, nullable=False),
        sa.Column("timings", types.JsonValue, nullable=False),
        sa.Column("diff_hash", sa.String(length=64), nullable=True),
        sa.Column("result", types.JsonValue, nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error", sa.String(length=2000), nullable=True),
        sa.Column("preview_of", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("queued_at", types.UtcDateTime(), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_harvest_run_by_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["preview_of"],
            ["harvest_run.id"],
            name=op.f("fk_harvest_run_preview_of_harvest_run"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["harvest_source.id"],
            name=op.f("fk_harvest_run_source_id_harvest_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_run")),
    )
    with op.batch_alter_table("harvest_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_run_queued_at"), ["queued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_harvest_run_source_id"), ["source_id"], unique=False)

    op.create_table(
        "oauth_client",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("auth_method", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("redirect_uris", types.JsonValue, nullable=False),
        sa.Column("grants", types.JsonValue, nullable=False),
        sa.Column("scopes", types.JsonValue, nullable=False),
        sa.Column("jwks", types.JsonValue, nullable=True),
        sa.Column("metadata", types.JsonValue, nullable=False),
        sa.Column("may_introspect", sa.Boolean(), nullable=False),
        sa.Column("registration_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_oauth_client_application_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_client")),
        sa.UniqueConstraint("application_id", name=op.f("uq_oauth_client_application_id")),
    )
    with op.batch_alter_table("oauth_client", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_client_version"), ["version"], unique=False)

    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("product_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("plan_slug", sa.String(length=120), nullable=False),
        sa.Column("plan_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("requested_at", types.UtcDateTime(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("terms_accepted", sa.Integer(), nullable=True),
        sa.Column("overrides", types.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_subscription_application_id_application")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user.id"],
            name=op.f("fk_subscription_decided_by_id_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["plan_slug"], ["plan.slug"], name=op.f("fk_subscription_plan_slug_plan")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_subscription_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscription_application_product", ["application_id", "product_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_subscription_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscription_version"), ["version"], unique=False)

    op.create_table(
        "client_secret",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("pepper_kid", sa.String(length=20), nullable=False),
        sa.Column("display", sa.String(length=30), nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_client.id"],
            name=op.f("fk_client_secret_client_id_oauth_client"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
        sa.UniqueConstraint("digest", name=op.f("uq_client_secret_digest")),
    )
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_secret_client_id"), ["client_id"], unique=False)

    op.create_table(
        "dataset_document",
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("visibility", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("modified", types.UtcDateTime(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_dataset_document_dataset_id_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_document")),
        sa.UniqueConstraint("slug", name=op.f("uq_dataset_document_slug")),
    )
    op.create_table(
        "dataset_revision",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("by_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("changes", types.JsonValue, nullable=False),
        sa.Column("record", types.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_dataset_revision_by_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_dataset_revision_dataset_id_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_revision")),
        sa.UniqueConstraint("dataset_id", "version", name=op.f("uq_dataset_revision_dataset_id_version")),
    )
    with op.batch_alter_table("dataset_revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_revision_dataset_id"), ["dataset_id"], unique=False)

    op.create_table(
        "dataset_topic",
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("topic_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_dataset_topic_dataset_id_dataset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_dataset_topic_topic_id_topic"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "topic_id", name=op.f("pk_dataset_topic")),
    )
    with op.batch_alter_table("dataset_topic", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_topic_topic_id"), ["topic_id"], unique=False)

    op.create_table(
        "device_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("scope", sa.String(length=500), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", types.UtcDateTime(), nullable=True),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("redeemed_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_client.id"],
            name=op.f("fk_device_code_client_id_oauth_client"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_device_code_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_device_code")),
        sa.UniqueConstraint("user_code_digest", name=op.f("uq_device_code_user_code_digest")),
    )
    op.create_table(
        "harvest_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("guid", sa.String(length=1024), nullable=True),
        sa.Column("severity", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=True),
        sa.Column("message", sa.String(length=1000), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["harvest_run.id"],
            name=op.f("fk_harvest_event_run_id_harvest_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_event")),
    )
    with op.batch_alter_table("harvest_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_event_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_harvest_event_source_id"), ["source_id"], unique=False)

    op.create_table(
        "harvest_override",
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("value", types.JsonValue, nullable=False),
        sa.Column("base_norm_hash", sa.String(length=64), nullable=True),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_harvest_override_by_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_harvest_override_dataset_id_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset_id", "field", name=op.f("pk_harvest_override")),
    )
    op.create_table(
        "harvest_record",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("guid", sa.String(length=1024), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("raw_hash", sa.String(length=64), nullable=True),
        sa.Column("norm_hash", sa.String(length=64), nullable=True),
        sa.Column("modified", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(length=300), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("first_seen", types.UtcDateTime(), nullable=False),
        sa.Column("last_seen", types.UtcDateTime(), nullable=False),
        sa.Column("last_changed", types.UtcDateTime(), nullable=False),
        sa.Column("missing_count", sa.Integer(), nullable=False),
        sa.Column("missing_since", types.UtcDateTime(), nullable=True),
        sa.Column("mapping_version", sa.Integer(), nullable=False),
        sa.Column("problem", types.JsonValue, nullable=True),
        sa.Column("alias_of", sa.String(length=1024), nullable=True),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_harvest_record_dataset_id_dataset"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["harvest_source.id"],
            name=op.f("fk_harvest_record_source_id_harvest_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_record")),
        sa.UniqueConstraint("source_id", "guid", name=op.f("uq_harvest_record_source_id_guid")),
    )
    with op.batch_alter_table("harvest_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_record_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_harvest_record_source_id"), ["source_id"], unique=False)
        batch_op.create_index("ix_harvest_record_state", ["source_id", "state"], unique=False)

    op.create_table(
        "harvest_spool",
        sa.Column("run_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(length=1024), nullable=False),
        sa.Column("raw_hash", sa.String(length=64), nullable=True),
        sa.Column("modified", sa.String(length=64), nullable=True),
        sa.Column("etag", sa.String(length=300), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("class", sa.String(length=64), nullable=True),
        sa.Column("norm_hash", sa.String(length=64), nullable=True),
        sa.Column("problem", types.JsonValue, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["harvest_run.id"],
            name=op.f("fk_harvest_spool_run_id_harvest_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "ordinal", name=op.f("pk_harvest_spool")),
        sa.UniqueConstraint("run_id", "guid", name=op.f("uq_harvest_spool_run_id_guid")),
    )
    op.create_table(
        "oauth_grant",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("scopes", types.JsonValue, nullable=False),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("ends", types.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.Column("reuse_detected_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_client.id"],
            name=op.f("fk_oauth_grant_client_id_oauth_client"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_oauth_grant_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_grant")),
    )
    with op.batch_alter_table("oauth_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oauth_grant_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_oauth_grant_user_id"), ["user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_oauth_grant_version"), ["version"], unique=False)

    op.create_table(
        "resource",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=400), nullable=True),
        sa.Column("media_type", sa.String(length=200), nullable=True),
        sa.Column("byte_size", sa.Integer(), nullable=True),
        sa.Column("access_level", sa.String(length=64), nullable=True),
        sa.Column("content", types.JsonValue, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_resource_dataset_id_dataset"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
    )
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resource_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index("ix_resource_dataset_position", ["dataset_id", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_resource_sha256"), ["sha256"], unique=False)

    op.create_table(
        "authorization_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("scope", sa.String(length=500), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=True),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("redeemed_at", types.UtcDateTime(), nullable=True),
        sa.Column("grant_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth_client.id"],
            name=op.f("fk_authorization_code_client_id_oauth_client"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["oauth_grant.id"],
            name=op.f("fk_authorization_code_grant_id_oauth_grant"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_authorization_code_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authorization_code")),
    )
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("grant_id", sa.String(length=26), nullable=False),
        sa.Column("parent", sa.LargeBinary(length=32), nullable=True),
        sa.Column("scope", sa.String(length=500), nullable=False),
        sa.Column("resource", sa.String(length=500), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["oauth_grant.id"],
            name=op.f("fk_refresh_token_grant_id_oauth_grant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refresh_token")),
    )
    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_token_grant_id"), ["grant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refresh_token_grant_id"))

    op.drop_table("refresh_token")
    op.drop_table("authorization_code")
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resource_sha256"))
        batch_op.drop_index("ix_resource_dataset_position")
        batch_op.drop_index(batch_op.f("ix_resource_dataset_id"))

    op.drop_table("resource")
    with op.batch_alter_table("oauth_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_oauth_grant_version"))
        batch_op.drop_index(batch_op.f("ix_oauth_grant_user_id"))
        batch_op.drop_index(batch_op.f("ix_oauth_grant_client_id"))

    op.drop_table("oauth_grant")
    op.drop_table("harvest_spool")
    with op.batch_alter_table("harvest_record", schema=None) as batch_op:
        batch_op.drop_index("ix_harvest_record_state")
        batch_op.drop_index(batch_op.f("ix_harvest_record_source_id"))
        batch_op.drop_index(batch_op.f("ix_harvest_record_dataset_id"))

    op.drop_table("harvest_record")
    op.drop_table("harvest_override")
    with op.batch_alter_table("harvest_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_event_source_id"))
        batch_op.drop_index(batch_op.f("ix_harvest_event_run_id"))

    op.drop_table("harvest_event")
    op.drop_table("device_code")
    with op.batch_alter_table("dataset_topic", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dataset_topic_topic_id"))

    op.drop_table("dataset_topic")
    with op.batch_alter_table("dataset_revision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dataset_revision_dataset_id"))

    op.drop_table("dataset_revision")
    op.drop_table("dataset_document")
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_client_secret_client_id"))

    op.drop_table("client_secret")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_version"))
        batch_op.drop_index(batch_op.f("ix_subscription_product_id"))
        batch_op.drop_index("ix_subscription_application_product")

    op.drop_table("subscription")
    with op.batch_alter_table("oauth_client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_oauth_client_version"))

    op.drop_table("oauth_client")
    with op.batch_alter_table("harvest_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_run_source_id"))
        batch_op.drop_index(batch_op.f("ix_harvest_run_queued_at"))

    op.drop_table("harvest_run")
    with op.batch_alter_table("harvest_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_file_sha256"))

    op.drop_table("harvest_file")
    with op.batch_alter_table("harvest_approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_approval_source_id"))
        batch_op.drop_index(batch_op.f("ix_harvest_approval_run_id"))

    op.drop_table("harvest_approval")
    with op.batch_alter_table("dataset", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dataset_visibility"))
        batch_op.drop_index(batch_op.f("ix_dataset_state"))
        batch_op.drop_index(batch_op.f("ix_dataset_source_id"))
        batch_op.drop_index(batch_op.f("ix_dataset_series_id"))
        batch_op.drop_index(batch_op.f("ix_dataset_publisher_id"))
        batch_op.drop_index(batch_op.f("ix_dataset_modified"))

    op.drop_table("dataset")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_version"))
        batch_op.drop_index(batch_op.f("ix_api_key_application_id"))

    op.drop_table("api_key")
    with op.batch_alter_table("user_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_token_user_id"))

    op.drop_table("user_token")
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_session_user_id"))
        batch_op.drop_index(batch_op.f("ix_user_session_expires"))

    op.drop_table("user_session")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_publisher_id"))

    op.drop_table("series")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_version"))
        batch_op.drop_index(batch_op.f("ix_product_organization_id"))

    op.drop_table("product")
    with op.batch_alter_table("plan_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_version_version"))

    op.drop_table("plan_version")
    with op.batch_alter_table("organization_succession", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_succession_successor_id"))
        batch_op.drop_index(batch_op.f("ix_organization_succession_predecessor_id"))

    op.drop_table("organization_succession")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_user_id"))

    op.drop_table("notice")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_user_id"))
        batch_op.drop_index(batch_op.f("ix_membership_organization_id"))

    op.drop_table("membership")
    op.drop_table("initial_access_token")
    with op.batch_alter_table("harvest_source", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_source_organization_id"))

    op.drop_table("harvest_source")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_application_owner_user_id_name",
            sqlite_where=sa.text("status <> 'closed'"),
            postgresql_where=sa.text("status <> 'closed'"),
        )
        batch_op.drop_index(
            "uq_application_owner_org_id_name",
            sqlite_where=sa.text("status <> 'closed'"),
            postgresql_where=sa.text("status <> 'closed'"),
        )
        batch_op.drop_index(batch_op.f("ix_application_version"))
        batch_op.drop_index(batch_op.f("ix_application_owner_user_id"))
        batch_op.drop_index(batch_op.f("ix_application_owner_org_id"))

    op.drop_table("application")
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_version"))

    op.drop_table("user")
    op.drop_table("usage_spool")
    with op.batch_alter_table("usage_rollup", schema=None) as batch_op:
        batch_op.drop_index("ix_usage_rollup_dataset")
        batch_op.drop_index("ix_usage_rollup_application")

    op.drop_table("usage_rollup")
    op.drop_table("topic")
    op.drop_table("tag")
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signing_key_version"))

    op.drop_table("signing_key")
    op.drop_table("quota_ledger")
    op.drop_table("plan")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_topic"))

    op.drop_table("outbox")
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organization_parent_id"))

    op.drop_table("organization")
    op.drop_table("mail")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_state"))
        batch_op.drop_index(batch_op.f("ix_job_by_id"))

    op.drop_table("job")
    op.drop_table("harvest_blob")
    with op.batch_alter_table("former_slug", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_slug_object_id"))

    op.drop_table("former_slug")
    with op.batch_alter_table("failed_call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_failed_call_application_id"))

    op.drop_table("failed_call")
    with op.batch_alter_table("denied_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_denied_token_version"))

    op.drop_table("denied_token")
    op.drop_table("change_sequence")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_object")

    op.drop_table("audit_event")
    op.drop_table("assertion_id")
