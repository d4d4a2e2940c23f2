"""No link is taken for a stored file because its source told a digest."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from opendata.base.models import base as types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

resource = sa.table(
    "resource",
    sa.column("id", sa.Uuid(as_uuid=False)),
    sa.column("dataset_id", sa.Uuid(as_uuid=False)),
    sa.column("sha256", sa.String()),
    sa.column("file_name", sa.String()),
    sa.column("content", types.JsonValue),
)
source = sa.table(
    "harvest_source",
    sa.column("type", sa.String()),
    sa.column("mapping_version", sa.Integer()),
    sa.column("etag", sa.String()),
    sa.column("cursor", types.JsonValue),
)
outbox = sa.table(
    "outbox",
    sa.column("topic", sa.String()),
    sa.column("object_id", sa.String()),
    sa.column("at", types.UtcDateTime()),
    sa.column("attempts", sa.Integer()),
)


def upgrade() -> None:
    """Whatever was stored has the name it was stored under; what has none is a claim. The documents of
    those datasets are made anew, and the next run of a CKAN source translates all of it."""
    connection = op.get_bind()
    claimed = connection.execute(
        sa.select(resource.c.id, resource.c.dataset_id, resource.c.content).where(
            resource.c.sha256.is_not(None), resource.c.file_name.is_(None)
        )
    ).all()
    for row in claimed:
        connection.execute(
            resource.update()
            .where(resource.c.id == row.id)
            .values(sha256=None, content=row.content | {"sha256": None})
        )
    now = datetime.now(UTC)
    for dataset_id in sorted({row.dataset_id for row in claimed}):
        connection.execute(outbox.insert().values(topic="dataset", object_id=dataset_id, at=now, attempts=0))
    connection.execute(
        source.update()
        .where(source.c.type == "ckan")
        .values(mapping_version=source.c.mapping_version + 1, etag=None, cursor=sa.null())
    )


def downgrade() -> None:
    """What a source claimed is not wanted back."""
