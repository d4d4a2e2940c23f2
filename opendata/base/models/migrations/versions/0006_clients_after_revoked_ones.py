"""An application whose client was revoked may have another: of the live ones it has one at most."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD, NEW = "uq_oauth_client_application_id", "uq_oauth_client_live_application"


def upgrade() -> None:
    with op.batch_alter_table("oauth_client") as batch_op:
        batch_op.drop_constraint(OLD, type_="unique")
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        NEW, "oauth_client", ["application_id"], unique=True, sqlite_where=live, postgresql_where=live
    )


def downgrade() -> None:
    """Revoked clients go, with what hung on them: the schema before has room for one an application."""
    op.drop_index(NEW, "oauth_client")
    op.execute(sa.text("DELETE FROM oauth_client WHERE revoked_at IS NOT NULL"))
    with op.batch_alter_table("oauth_client") as batch_op:
        batch_op.create_unique_constraint(OLD, ["application_id"])
