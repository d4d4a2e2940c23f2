"""How much blocked networks were refused."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("network_block") as table:
        table.add_column(sa.Column("refused", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("refused_at", types.UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("network_block") as table:
        table.drop_column("refused_at")
        table.drop_column("refused")
