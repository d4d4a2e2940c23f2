"""The append-only trail of who changed what."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from opendata.base.kit.secrets import redact
from opendata.base.models import AuditEvent
from opendata.base.runtime import Work


def record(
    work: Work, action: str, object_type: str, object_id: str, data: Mapping[str, Any] | None = None
) -> None:
    """Append one event in the transaction of the change it tells of, with the key it was asked by. A key that
    somebody wrote into a reason is cut: the trail is read by many and kept for ever."""
    via = {"via": work.caller.credential} if work.caller.credential else {}
    work.session.add(
        AuditEvent(
            at=work.now,
            actor_id=work.caller.user_id,
            actor=redact(work.caller.name),
            action=action,
            object_type=object_type,
            object_id=object_id,
            data={**{name: _cut(value) for name, value in (data or {}).items()}, **via},
        )
    )


def _cut(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value


def trail(work: Work, object_type: str, object_id: str, *, limit: int = 200) -> Sequence[AuditEvent]:
    """Events of one object, newest first."""
    query = (
        select(AuditEvent)
        .where(AuditEvent.object_type == object_type, AuditEvent.object_id == object_id)
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return work.session.scalars(query).all()
