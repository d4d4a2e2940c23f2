"""Room for the sizes of large files."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SIZES = (
    ("resource", "byte_size", True),
    ("harvest_record", "size", True),
    ("harvest_spool", "size", True),
    ("harvest_file", "size", False),
)
"""(table, column, may be null)."""
MOST_BEFORE = 2**31 - 1


def upgrade() -> None:
    for table, column, nullable in SIZES:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=nullable
            )


def downgrade() -> None:
    """What the narrower column cannot hold is measured again by the next run."""
    for table, column, nullable in SIZES:
        rows = sa.table(table, sa.column(column))
        large = rows.c[column] > MOST_BEFORE
        op.execute(
            rows.update().where(large).values({column: None}) if nullable else rows.delete().where(large)
        )
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=nullable
            )
