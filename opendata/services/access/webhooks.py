"""Endpoints that an application's own server offers, told of what happens to it.

Messages have the form of Standard Webhooks: `Webhook-Id`, `Webhook-Timestamp` and `Webhook-Signature`, which
is `v1,` and base64 of HMAC-SHA256 over id, timestamp and body joined by dots. The key is the whole secret as
it is shown. While a secret is being rotated there are two signatures, separated by a space.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import func, or_, select

from opendata.base.kit import base62, secrets
from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound, RateLimited
from opendata.base.kit.ids import new_id
from opendata.base.kit.secrets import Peppers, Unsealable
from opendata.base.models import Application, WebhookDelivery, WebhookEndpoint
from opendata.base.runtime import Work, jobs
from opendata.services.access import applications, audit
from opendata.services.access.notices import WORDS

SEND = "webhook.send"
"""The job that tries one delivery."""
MOST_ENDPOINTS = 5
MOST_UNTRIED = 5
"""Deliveries of an endpoint that may wait for their first try before more can be asked for by hand."""
RETRY_AFTER = 60
"""Seconds."""
OVERLAP = timedelta(hours=24)
LONGEST_URL = 2000
PORTS = frozenset({443, 8443})
"""What is dialled."""
TEST_KIND = "webhook.test"
KINDS = tuple(kind for kind in WORDS if kind.partition(".")[0] in {"key", "quota", "subscription", "terms"})
"""What an endpoint may be told of."""
OF_DEPARTMENTS = frozenset({"subscription.requested", "subscription.overdue"})
"""For those who decide, not for those who asked."""


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"
    message = N_("Đã đủ số địa chỉ nhận thông báo cho phép (%(most)s).")


class EndpointOff(Conflict):
    code = "webhook_off"
    message = N_("Địa chỉ này đang tắt. Hãy bật lại trước khi gửi.")


def events() -> tuple[str, ...]:
    """Kinds in the order of the documentation."""
    return tuple(kind for kind in KINDS if kind not in OF_DEPARTMENTS)


def add(
    work: Work, application: Application, url: str, kinds: Sequence[str] = ()
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, shown this once. Raises `Invalid`, `TooManyEndpoints`, `NotAllowed`."""
    application = applications.hold(work, application)
    applications.require_edit(work, application)
    if len(listing(work, application)) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(most=MOST_ENDPOINTS)
    endpoint = WebhookEndpoint(
        id=new_id(),
        application_id=application.id,
        url=_sound_url(work, url),
        kinds=_known(kinds),
        state="active",
        created=work.now,
    )
    secret = _give_secret(work, endpoint)
    work.session.add(endpoint)
    work.session.flush()
    audit.record(work, "webhook.add", "application", application.id, {"endpoint": endpoint.id})
    return endpoint, secret


def listing(work: Work, application: Application) -> Sequence[WebhookEndpoint]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.application_id == application.id)
    return work.session.scalars(query.order_by(WebhookEndpoint.created, WebhookEndpoint.id)).all()


def get(work: Work, application: Application, endpoint_id: str) -> WebhookEndpoint:
    """Raises `NotFound` also for one of another application."""
    found = work.find(WebhookEndpoint, endpoint_id)
    if found is None or found.application_id != application.id:
        raise NotFound
    return found


def edit(work: Work, application: Application, endpoint: WebhookEndpoint, changes: Mapping[str, Any]) -> None:
    """Change `url`, `kinds` or `state`. Turning one on again forgets its failures."""
    applications.require_edit(work, application)
    values = dict(changes)
    if "url" in values:
        endpoint.url = _sound_url(work, values.pop("url"))
    if "kinds" in values:
        endpoint.kinds = _known(values.pop("kinds"))
    if "state" in values:
        _switch(endpoint, values.pop("state"))
    if values:
        raise Invalid(fields={name: N_("Không có trường này.") for name in values})
    audit.record(
        work, "webhook.edit", "application", application.id,
        {"endpoint": endpoint.id, "fields": sorted(changes)},
    )  # fmt: skip


def rotate(work: Work, application: Application, endpoint: WebhookEndpoint) -> str:
    """A new secret, shown this once; both sign for the next 24 hours."""
    applications.require_edit(work, application)
    endpoint.old_secret, endpoint.old_until = endpoint.secret, work.now + OVERLAP
    secret = _give_secret(work, endpoint)
    audit.record(work, "webhook.rotate", "application", application.id, {"endpoint": endpoint.id})
    return secret


def find(work: Work, secret: str) -> WebhookEndpoint | None:
    """The endpoint whose messages are signed with this secret, the new one or one in its overlap."""
    shown = WebhookEndpoint.display == secrets.shown(secret)
    near = select(WebhookEndpoint).where(or_(shown, WebhookEndpoint.old_until > work.now))
    for endpoint in work.session.scalars(near.order_by(WebhookEndpoint.id)):
        with suppress(Unsealable):
            if _signs(work, endpoint, secret):
                return endpoint
    return None


def replace(work: Work, endpoint: WebhookEndpoint, secret: str) -> None:
    """Sign no longer with this secret. In the place of the new one comes one that nobody has seen."""
    if hmac.compare_digest(_live_secrets(work, endpoint)[0], secret):
        _give_secret(work, endpoint)
    else:
        endpoint.old_secret, endpoint.old_until = None, None


def _signs(work: Work, endpoint: WebhookEndpoint, secret: str) -> bool:
    return any(hmac.compare_digest(live, secret) for live in _live_secrets(work, endpoint))


def remove(work: Work, application: Application, endpoint: WebhookEndpoint) -> None:
    """With what waits for it."""
    applications.require_edit(work, application)
    for delivery in work.session.scalars(
        select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)
    ):
        work.session.delete(delivery)
    work.session.flush()
    work.session.delete(endpoint)
    audit.record(work, "webhook.remove", "application", application.id, {"endpoint": endpoint.id})


def deliveries(
    work: Work, application: Application, *, endpoint: WebhookEndpoint | None = None, limit: int = 50
) -> Sequence[WebhookDelivery]:
    """What was sent and what waits, newest first."""
    query = (
        select(WebhookDelivery)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookEndpoint.application_id == application.id)
    )
    if endpoint is not None:
        query = query.where(WebhookDelivery.endpoint_id == endpoint.id)
    newest = query.order_by(WebhookDelivery.created.desc(), WebhookDelivery.id.desc())
    return work.session.scalars(newest.limit(limit)).all()


def send_again(work: Work, application: Application, delivery_id: str) -> WebhookDelivery:
    """The same message once more, now; its id stays, so that the other side can tell.

    Raises `NotFound`, `EndpointOff`, `RateLimited`.
    """
    applications.require_edit(work, application)
    found = work.find(WebhookDelivery, delivery_id)
    if found is None:
        raise NotFound
    _require_ready(work, get(work, application, found.endpoint_id))
    found.state, found.next_at, found.ended_at, found.attempts = "waiting", work.now, None, 0
    jobs.enqueue(work, SEND, {"delivery": found.id})
    return found


def test(work: Work, application: Application, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """A message that tells nothing, to try the endpoint with: it is tried once.

    Raises `EndpointOff`, `RateLimited`.
    """
    applications.require_edit(work, application)
    _require_ready(work, endpoint)
    return _put(work, endpoint, f"evt_{base62.draw(22)}", TEST_KIND, {"application": application.id})


def announce(work: Work, application_ids: Iterable[str], kind: str, data: Mapping[str, Any]) -> int:
    """Put an event before every endpoint that wants it; the number of them."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.application_id.in_(list(application_ids)), WebhookEndpoint.state == "active"
    )
    wanting = [
        endpoint for endpoint in work.session.scalars(query) if not endpoint.kinds or kind in endpoint.kinds
    ]
    event = f"evt_{base62.draw(22)}"
    for endpoint in wanting:
        _put(work, endpoint, event, kind, data)
    return len(wanting)


def signed(work: Work, endpoint: WebhookEndpoint, event: str, body: bytes) -> dict[str, str]:
    """The fields of a message that is sent now. Raises `Unsealable` where the key of its secret is gone."""
    timestamp = int(work.now.timestamp())
    signatures = [signature(secret, event, timestamp, body) for secret in _live_secrets(work, endpoint)]
    return {
        "Webhook-Id": event,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(signatures),
    }


def signature(secret: str, event: str, timestamp: int, body: bytes) -> str:
    message = f"{event}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


def _put(
    work: Work, endpoint: WebhookEndpoint, event: str, kind: str, data: Mapping[str, Any]
) -> WebhookDelivery:
    body = orjson.dumps({"type": kind, "timestamp": _iso(work.now), "data": data})
    made = WebhookDelivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        event=event,
        kind=kind,
        body=body.decode(),
        state="waiting",
        attempts=0,
        next_at=work.now,
        created=work.now,
    )
    work.session.add(made)
    work.session.flush()
    jobs.enqueue(work, SEND, {"delivery": made.id})
    return made


def _give_secret(work: Work, endpoint: WebhookEndpoint) -> str:
    secret = secrets.draw(work.platform.settings.key_prefix, "wh")
    endpoint.secret = work.part(Peppers).seal(secret, _purpose(endpoint))
    endpoint.display = secrets.shown(secret)
    return secret


def _live_secrets(work: Work, endpoint: WebhookEndpoint) -> list[str]:
    """The new one first. Without an old one whose key is gone a message can still be checked."""
    peppers, purpose = work.part(Peppers), _purpose(endpoint)
    found = [peppers.unseal(endpoint.secret, purpose)]
    if endpoint.old_secret and endpoint.old_until and endpoint.old_until > work.now:
        with suppress(Unsealable):
            found.append(peppers.unseal(endpoint.old_secret, purpose))
    return found


def _purpose(endpoint: WebhookEndpoint) -> str:
    return sealed_for(endpoint.id)


def sealed_for(endpoint_id: str) -> str:
    """The purpose an endpoint's secrets are sealed for."""
    return f"webhook {endpoint_id}"


def _require_ready(work: Work, endpoint: WebhookEndpoint) -> None:
    """It is on, and not more is asked for than is sent: what waits for another try does not count."""
    if endpoint.state != "active":
        raise EndpointOff
    untried = select(func.count()).where(
        WebhookDelivery.endpoint_id == endpoint.id,
        WebhookDelivery.state == "waiting",
        WebhookDelivery.attempts == 0,
    )
    if (work.session.scalar(untried) or 0) > MOST_UNTRIED:
        raise RateLimited(retry_after=RETRY_AFTER)


def _switch(endpoint: WebhookEndpoint, state: str) -> None:
    if state not in {"active", "off"}:
        raise Invalid(fields={"state": N_("Chỉ có active hoặc off.")})
    endpoint.state, endpoint.failing_since = state, None


def _sound_url(work: Work, text: str) -> str:
    """https at a port that is dialled, and no name or password in it. Where it leads is judged when it is
    dialled."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        parts, port = urlsplit(""), 443
    own_machine = (
        parts.hostname in {"127.0.0.1", "localhost"} and work.platform.settings.webhook_allow_loopback
    )
    if (
        not (parts.scheme == "https" or (parts.scheme == "http" and own_machine))
        or not parts.hostname
        or parts.username
        or parts.password
        or len(url) > LONGEST_URL
        or not url.isprintable()
    ):
        raise Invalid(fields={"url": N_("Cần một địa chỉ https:// đầy đủ, không kèm mật khẩu.")})
    if port not in PORTS and not own_machine:
        raise Invalid(fields={"url": N_("Chỉ gọi cổng 443 hoặc 8443.")})
    return url


def _known(kinds: Sequence[str]) -> list[str]:
    if set(kinds) - set(events()):
        raise Invalid(fields={"kinds": N_("Không có loại sự kiện này.")})
    return [kind for kind in events() if kind in kinds]


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
