"""Networks that are blocked, and applications offered to somebody else."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network_block",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=True),
        sa.Column("lifted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_network_block_by_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_block")),
    )
    op.create_index(op.f("ix_network_block_version"), "network_block", ["version"])
    op.create_table(
        "application_transfer",
        sa.Column("application_id", sa.String(length=26), nullable=False),
        sa.Column("to_email", sa.String(length=320), nullable=True),
        sa.Column("to_org_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("by_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created", types.UtcDateTime(), nullable=False),
        sa.Column("expires", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["application.id"],
            name=op.f("fk_application_transfer_application_id_application"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_org_id"],
            ["organization.id"],
            name=op.f("fk_application_transfer_to_org_id_organization"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name=op.f("fk_application_transfer_by_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application_transfer")),
    )
    op.create_index(op.f("ix_application_transfer_to_email"), "application_transfer", ["to_email"])


def downgrade() -> None:
    op.drop_table("application_transfer")
    op.drop_table("network_block")
