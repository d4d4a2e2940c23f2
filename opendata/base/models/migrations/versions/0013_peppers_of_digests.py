"""Which pepper a digest lies under, so that it is known when a former one can go."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = (
    ("refresh_token", "pepper_kid"),
    ("device_code", "pepper_kid"),
    ("initial_access_token", "pepper_kid"),
    ("oauth_client", "registration_kid"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.String(20), nullable=True))


def downgrade() -> None:
    for table, column in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
