"""More of each dataset is searched: the identifier at its source and the labels of its columns."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

dataset = sa.table("dataset", sa.column("id", sa.Uuid(as_uuid=False)))
outbox = sa.table(
    "outbox",
    sa.column("topic", sa.String()),
    sa.column("object_id", sa.String()),
    sa.column("at", types.UtcDateTime()),
    sa.column("attempts", sa.Integer()),
)


def upgrade() -> None:
    """Documents and index entries are made anew, a few at a time, while those of before are found."""
    connection = op.get_bind()
    known = connection.scalars(sa.select(dataset.c.id).order_by(dataset.c.id)).all()
    asked = {"topic": "dataset", "at": datetime.now(UTC), "attempts": 0}
    if known:
        connection.execute(outbox.insert(), [asked | {"object_id": dataset_id} for dataset_id in known])


def downgrade() -> None:
    """More words than a release looks for do no harm."""
