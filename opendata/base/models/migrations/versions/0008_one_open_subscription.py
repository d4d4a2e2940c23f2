"""One subscription that is not final for each application and product, also where two ask at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = "state <> 'rejected' AND state <> 'ended'"


def upgrade() -> None:
    """Where there were two, the older one stays."""
    op.execute(
        sa.text(
            "UPDATE subscription SET state = 'ended' WHERE state <> 'rejected' AND state <> 'ended'"
            " AND EXISTS (SELECT 1 FROM subscription AS other"
            " WHERE other.application_id = subscription.application_id"
            " AND other.product_id = subscription.product_id"
            " AND other.state <> 'rejected' AND other.state <> 'ended'"
            " AND (other.requested_at < subscription.requested_at"
            " OR (other.requested_at = subscription.requested_at AND other.id < subscription.id)))"
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
