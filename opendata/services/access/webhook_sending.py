"""Tries deliveries: once at once, then after 1, 5, 30 minutes, 2, 8 and 24 hours; then a dead letter."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.metadata import version
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import or_, select, update

from opendata.base.kit.fetch.addresses import AddressPolicy
from opendata.base.kit.fetch.client import Fetcher
from opendata.base.kit.fetch.errors import FetchError
from opendata.base.kit.fetch.messages import Ask, Credentials
from opendata.base.kit.secrets import Unsealable
from opendata.base.models import Application, WebhookDelivery, WebhookEndpoint
from opendata.base.runtime import SYSTEM, Platform, Work, jobs
from opendata.services.access import audit, notices, webhooks

log = structlog.get_logger(__name__)
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
)
SECONDS = 10.0
CLAIM = timedelta(seconds=60)
"""How long whoever tries a delivery has it to himself."""
RESERVED = timedelta(minutes=10)
"""How long a delivery that was queued is not queued again."""
PATIENCE = timedelta(days=5)
"""An endpoint that failed for so long is turned off with its next dead letter: nothing may have been sent to
it for days, so one failed try says little."""
READ = 1 << 16
BATCH = 200


class Sender:
    """The guarded client for endpoints of developers; loopback for tests alone."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings
        self._lock = Lock()
        self._fetcher: Fetcher | None = None

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of a good answer. Raises `FetchError`; a redirect is not followed."""
        ask = Ask(
            method="POST",
            body=body,
            content_type="application/json",
            seconds=SECONDS,
            tries=1,
            limit_bytes=READ,
            credentials=Credentials(url, headers),
        )
        with self._client().get(url, ask) as answer:
            return answer.status

    def close(self) -> None:
        if self._fetcher is not None:
            self._fetcher.close()

    def _client(self) -> Fetcher:
        with self._lock:
            if self._fetcher is None:
                self._fetcher = Fetcher(
                    AddressPolicy(
                        allow_ports=webhooks.PORTS,
                        allow_loopback=self._settings.webhook_allow_loopback,
                    ),
                    user_agent=f"opendata-webhooks/{version('opendata')} (+{self._settings.base_url})",
                )
            return self._fetcher


def send(platform: Platform, arguments: Mapping[str, Any]) -> None:
    """The job: try one delivery, if it is due and nobody else is at it."""
    if not _claim(platform, str(arguments["delivery"]), arguments.get("reserved")):
        return
    with platform.read(SYSTEM) as work:
        delivery = work.session.get_one(WebhookDelivery, str(arguments["delivery"]))
        endpoint = work.session.get_one(WebhookEndpoint, delivery.endpoint_id)
        body = delivery.body.encode()
        try:
            headers = webhooks.signed(work, endpoint, delivery.event, body)
        except Unsealable:  # an unsigned message would be refused, or worse, believed
            headers = None
    if headers is None:
        _note_failure(platform, delivery.id, None, "the secret cannot be opened")
        return
    try:
        status = platform.part(Sender).post(endpoint.url, body, headers)
    except FetchError as error:
        _note_failure(platform, delivery.id, error.answer, _problem(error))
    except Exception as error:  # not noted, it would be sent again and again without an end
        log.exception("webhook.broken", delivery=delivery.id)
        _note_failure(platform, delivery.id, None, type(error).__name__)
    else:
        _note_success(platform, delivery.id, status)


def put_due(platform: Platform) -> int:
    """Queue what is due again; the number of deliveries. Each is reserved for the job it gets: a queue that
    is slow is not given it again and again."""
    with platform.work(SYSTEM) as work:
        query = (
            select(WebhookDelivery)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .where(WebhookEndpoint.state == "active")
            .where(WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= work.now)
            .order_by(WebhookDelivery.next_at)
            .limit(BATCH)
            .with_for_update(of=WebhookDelivery, skip_locked=True)
        )
        found = work.session.scalars(query).all()
        for delivery in found:
            delivery.next_at = work.now + RESERVED
            jobs.enqueue(
                work, webhooks.SEND, {"delivery": delivery.id, "reserved": delivery.next_at.isoformat()}
            )
    return len(found)


def _claim(platform: Platform, delivery_id: str, reserved: str | None) -> bool:
    """Only one who moved the time on tries it; of an endpoint that is off nothing is tried. `reserved` is
    the time that `put_due` wrote for this very job."""
    on = select(WebhookEndpoint.id).where(WebhookEndpoint.state == "active")
    with platform.work(SYSTEM) as work:
        due = WebhookDelivery.next_at <= work.now
        if reserved is not None:
            due = or_(due, WebhookDelivery.next_at == datetime.fromisoformat(reserved))
        claimed = work.session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.id == delivery_id,
                WebhookDelivery.state == "waiting",
                due,
                WebhookDelivery.endpoint_id.in_(on),
            )
            .values(next_at=work.now + CLAIM, attempts=WebhookDelivery.attempts + 1)
        )
        return bool(claimed.rowcount)  # type: ignore[attr-defined]


def _note_success(platform: Platform, delivery_id: str, status: int) -> None:
    with platform.work(SYSTEM) as work:
        delivery = work.session.get(WebhookDelivery, delivery_id)
        if delivery is None:
            return
        delivery.state, delivery.status, delivery.problem = "delivered", status, None
        delivery.ended_at = work.now
        work.session.get_one(WebhookEndpoint, delivery.endpoint_id).failing_since = None


def _note_failure(platform: Platform, delivery_id: str, status: int | None, problem: str) -> None:
    log.info("webhook.failed", delivery=delivery_id, status=status, problem=problem)
    with platform.work(SYSTEM) as work:
        delivery = work.session.get(WebhookDelivery, delivery_id)
        if delivery is None:
            return
        endpoint = work.session.get_one(WebhookEndpoint, delivery.endpoint_id)
        delivery.status, delivery.problem = status, problem
        if delivery.kind == webhooks.TEST_KIND:  # whoever asked for it is looking
            delivery.state, delivery.ended_at = "dead", work.now
            return
        endpoint.failing_since = endpoint.failing_since or work.now
        if delivery.attempts <= len(WAITS):  # asked for again meanwhile, it has had none
            delivery.next_at = work.now + WAITS[max(delivery.attempts, 1) - 1]
            return
        _bury(work, endpoint, delivery)
        if endpoint.state == "active" and work.now - endpoint.failing_since >= PATIENCE:
            _turn_off(work, endpoint)


def _bury(work: Work, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    delivery.state, delivery.ended_at = "dead", work.now
    _tell(
        work, endpoint, "webhook.dead", delivery.id,
        {"event_kind": delivery.kind, "problem": delivery.problem or "–"},
    )  # fmt: skip


def _turn_off(work: Work, endpoint: WebhookEndpoint) -> None:
    endpoint.state = "off"
    audit.record(work, "webhook.off", "application", endpoint.application_id, {"endpoint": endpoint.id})
    _tell(work, endpoint, "webhook.off", work.now.isoformat(timespec="seconds"), {})


def _tell(work: Work, endpoint: WebhookEndpoint, kind: str, period: str, data: Mapping[str, Any]) -> None:
    application = work.session.get_one(Application, endpoint.application_id)
    told = {
        "application": application.id,
        "application_name": application.name,
        "endpoint": endpoint.id,
        "url": endpoint.url[:300],
        **data,
    }
    people = notices.owners(work, application)
    notices.tell(work, people, kind, f"webhook:{endpoint.id}", told, period=period)


def _problem(error: FetchError) -> str:
    """A short remark, without the address."""
    return (f"HTTP {error.answer}" if error.answer else error.hint or error.code)[:200]
