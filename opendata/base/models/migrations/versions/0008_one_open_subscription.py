"""One subscription that is not final for each application and product, also where two ask at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = "state <> 'rejected' AND state <> 'ended'"


def upgrade() -> None:
    """Where there were two, the one stays that was granted most; of equals, the older one."""
    op.execute(
        sa.text(
            "UPDATE subscription SET state = 'ended' WHERE id IN (SELECT id FROM"
            " (SELECT id, row_number() OVER (PARTITION BY application_id, product_id ORDER BY"
            " CASE state WHEN 'active' THEN 0 WHEN 'paused' THEN 1 ELSE 2 END, requested_at, id) AS place"
            " FROM subscription WHERE state <> 'rejected' AND state <> 'ended') AS ranked WHERE place > 1)"
        )
    )
    op.create_index(
        "uq_subscription_open",
        "subscription",
        ["application_id", "product_id"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )


def downgrade() -> None:
    op.drop_index("uq_subscription_open", table_name="subscription")
