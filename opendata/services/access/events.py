"""What happens to an application, told to those who answer for it: in the page, by mail, to its endpoints."""

from collections.abc import Iterable, Mapping
from typing import Any

from opendata.base.models import ApiKey, Application, User
from opendata.base.runtime import Work
from opendata.services.access import notices, webhooks


def publish(
    work: Work,
    application: Application,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    period: str = "",
) -> None:
    """In the transaction of what happened. Once for each subject and period."""
    told = {"application": application.id, "application_name": application.name, **data}
    people = notices.owners(work, application)
    spread(work, kind, subject, told, people=people, application_ids=[application.id], period=period)


def spread(
    work: Work,
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    people: Iterable[User],
    application_ids: Iterable[str],
    period: str = "",
) -> None:
    """The same where several applications are concerned. An endpoint is told also where no person is."""
    if notices.is_first(work, kind, subject, data, period=period):
        notices.tell(work, people, kind, subject, data, period=period)
        webhooks.announce(work, application_ids, kind, data)


def of_key(work: Work, key: ApiKey, kind: str, *, period: str = "", **data: Any) -> None:
    """The same about a key, which is named by what may be shown of it."""
    application = work.session.get_one(Application, key.application_id)
    about = {"key_id": key.id, "key": key.name, "display": key.display, **data}
    publish(work, application, kind, f"key:{key.id}", about, period=period)
