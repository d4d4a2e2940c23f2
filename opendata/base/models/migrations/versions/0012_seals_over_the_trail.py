"""Seals over the trail of changes. What stood there before is sealed by the first turns of the task."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("audit_event") as batch:
        batch.add_column(sa.Column("link", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("seal", sa.String(64), nullable=True))
        batch.create_unique_constraint("uq_audit_event_link", ["link"])


def downgrade() -> None:
    with op.batch_alter_table("audit_event") as batch:
        batch.drop_constraint("uq_audit_event_link", type_="unique")
        batch.drop_column("seal")
        batch.drop_column("link")
