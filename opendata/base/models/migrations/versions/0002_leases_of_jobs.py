"""A running job is leased, so that any worker may take over from one that died."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("lease_until", types.UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("job") as batch_op:
        batch_op.drop_column("lease_until")
