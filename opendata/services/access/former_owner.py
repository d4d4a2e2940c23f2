"""What somebody who had an application knows of it, and how that ends when it is another's."""

from datetime import datetime

from sqlalchemy import delete, select

from opendata.base.models import ApiKey, Application, OAuthClient, WebhookEndpoint
from opendata.base.runtime import Work
from opendata.services.access import applications, keys, scopes
from opendata.services.access.changes import next_version
from opendata.services.access.oauth import clients


def shut_out(
    work: Work, application: Application, reason: str, *, keys_until: datetime | None = None
) -> None:
    """Its client and its endpoints end at once, as they lead to addresses of the former owner. So do its
    keys, unless they go on until a time: then they read, whatever the application may do one day."""
    application = applications.hold(work, application)
    for key in work.session.scalars(
        select(ApiKey).where(ApiKey.application_id == application.id, ApiKey.revoked_at.is_(None))
    ):
        if keys_until is None:
            keys.end(work, key, reason)
            continue
        key.expires_at = min(key.expires_at, keys_until)
        key.scopes = [scope for scope in key.scopes if scope in scopes.OPEN]
        key.version = next_version(work)
    for client in work.session.scalars(
        select(OAuthClient).where(OAuthClient.application_id == application.id)
    ):
        clients.end(work, client, reason)
    work.session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.application_id == application.id))
