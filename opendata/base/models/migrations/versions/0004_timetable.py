"""Tasks that are done again and again; documents by sequence, to find those that changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from opendata.base.models import base as types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timetable",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_due", types.UtcDateTime(), nullable=False),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timetable")),
    )
    op.create_index("ix_dataset_document_sequence", "dataset_document", ["sequence"])


def downgrade() -> None:
    op.drop_index("ix_dataset_document_sequence", "dataset_document")
    op.drop_table("timetable")
