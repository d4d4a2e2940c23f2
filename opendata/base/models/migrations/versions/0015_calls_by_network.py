"""From which networks is called without a key."""

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SUMS = ("calls", "throttled", "client_errors", "server_errors", "bytes")


def upgrade() -> None:
    op.create_table(
        "usage_network",
        sa.Column("grain", sa.String(6), nullable=False),
        sa.Column("start", types.UtcDateTime(), nullable=False),
        sa.Column("network", sa.String(49), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("grain", "start", "network"),
    )


def downgrade() -> None:
    op.drop_table("usage_network")
