"""Remember the files of harvest sources."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
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


def downgrade() -> None:
    with op.batch_alter_table("harvest_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_harvest_file_sha256"))
    op.drop_table("harvest_file")
