"""Words and facets beside each document. Filled as documents are built; `opendata search check --repair`
builds those that lack them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("words", "facets"):
        op.add_column("dataset_document", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column(
        "dataset_document", sa.Column("newest", sa.BigInteger(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    with op.batch_alter_table("dataset_document") as batch_op:
        for name in ("newest", "facets", "words"):
            batch_op.drop_column(name)
