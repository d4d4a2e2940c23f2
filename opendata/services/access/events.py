"""What happens to an application, told to those who answer for it: in the page, by mail, to its endpoints."""

from collections.abc import Mapping
from typing import Any

from opendata.base.models import ApiKey, Application
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
    if notices.tell(work, notices.owners(work, application), kind, subject, told, period=period):
        webhooks.announce(work, [application.id], kind, told)


def of_key(work: Work, key: ApiKey, kind: str, *, period: str = "", **data: Any) -> None:
    """The same about a key, which is named by what may be shown of it."""
    application = work.session.get_one(Application, key.application_id)
    about = {"key_id": key.id, "key": key.name, "display": key.display, **data}
    publish(work, application, kind, f"key:{key.id}", about, period=period)
