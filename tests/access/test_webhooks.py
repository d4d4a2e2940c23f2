"""Endpoints get signed messages; what they do not take is tried again, and given up in the end."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from opendata.base.kit import secrets
from opendata.base.kit.fetch.errors import FetchError
from opendata.base.models import Application, Job, Mail, User, WebhookDelivery, WebhookEndpoint
from opendata.base.runtime import SYSTEM
from opendata.doors.web.pages.webhooks import SAMPLE
from opendata.services.access import events, keys, notices, purging, webhook_sending, webhooks
from opendata.services.access.webhook_sending import WAITS
from opendata.testing.web import City, problem_of


class Endpoint:
    """A developer's server: what it was sent, and what it answers next."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.location = ""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.got.append((dict(self.headers.items()), body))
                self.send_response(owner.status)
                if owner.location:
                    self.send_header("Location", owner.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  # the name the library asks for

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def server() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.05,))
    thread.start()
    yield endpoint
    endpoint.server.shutdown()
    thread.join()
    endpoint.server.server_close()


def added(city: City, url: str, *kinds: str) -> tuple[WebhookEndpoint, str]:
    with city.platform.work(city.caller("editor")) as work:
        return webhooks.add(work, work.session.get_one(Application, city.application), url, kinds)


def send_due(city: City) -> int:
    """What the worker does with the deliveries that are due; the number of tries."""
    with city.platform.read() as work:
        due = select(WebhookDelivery.id).where(
            WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= work.now
        )
        found = [item for item in work.session.scalars(due) if item != city.delivery]
    for delivery in found:
        webhook_sending.send(city.platform, {"delivery": delivery})
    return len(found)


def make_key(city: City) -> keys.NewKey:
    with city.platform.work(city.caller("editor")) as work:
        return keys.create(work, work.session.get_one(Application, city.application), "mới")


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """By the code that the page gives to developers."""
    given: dict[str, Any] = {}
    exec(SAMPLE, given)  # what the page says has to run
    return bool(given["is_genuine"](secret, headers, body))


def test_an_event_arrives_signed_and_without_secrets(city: City, server: Endpoint) -> None:
    _, secret = added(city, server.url)
    made = make_key(city)
    assert send_due(city) == 1
    (headers, body), *more = server.got
    assert more == []
    assert secrets.kind_of(secret, "hpd") == "wh"
    assert headers["Content-Type"] == "application/json"
    assert is_genuine(secret, headers, body)
    assert not is_genuine(secret, headers, body + b" ")
    assert not is_genuine(secrets.draw("hpd", "wh"), headers, body)
    assert not is_genuine(secret, headers | {"Webhook-Timestamp": "1"}, body)
    message = orjson.loads(body)
    assert message["type"] == "key.created"
    assert message["data"]["key_id"] == made.key.id
    assert made.secret.encode() not in body
    with city.platform.read() as work:
        kept = work.session.scalars(select(WebhookEndpoint)).all()
        assert all(secret not in row.secret for row in kept)


def test_only_the_events_asked_for_come(city: City, server: Endpoint) -> None:
    added(city, server.url, "quota.warning")
    make_key(city)
    assert send_due(city) == 0


def test_an_event_arrives_once_whoever_is_there_to_be_told(city: City, server: Endpoint) -> None:
    """Also where an organisation has nobody who answers for it, or somebody is told later than the others."""
    added(city, server.url)

    def happen() -> None:
        with city.platform.work(SYSTEM) as work:
            application = work.session.get_one(Application, city.application)
            events.publish(work, application, "key.leaked", "key:1", {}, period="2031-01-10")

    def admins(*, active: bool) -> None:
        with city.platform.work(SYSTEM) as work:
            application = work.session.get_one(Application, city.application)
            if active:
                work.session.get_one(User, city.users["admin"]).active = True
            else:
                for user in notices.owners(work, application):
                    user.active = False

    admins(active=False)
    happen()
    assert send_due(city) == 1
    admins(active=True)
    happen()
    assert send_due(city) == 0


def test_two_secrets_sign_while_one_takes_the_place_of_the_other(city: City, server: Endpoint) -> None:
    endpoint, old = added(city, server.url)
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        new = webhooks.rotate(work, application, work.session.get_one(WebhookEndpoint, endpoint.id))
    make_key(city)
    send_due(city)
    headers, body = server.got[-1]
    assert is_genuine(new, headers, body)
    assert is_genuine(old, headers, body)
    began = city.platform.clock()
    city.platform.clock = lambda: began + timedelta(hours=25)
    make_key(city)
    send_due(city)
    assert len(server.got[-1][0]["Webhook-Signature"].split()) == 1


@pytest.mark.parametrize("lost", ["secret", "old_secret"])
def test_no_message_goes_out_without_the_signature_that_counts(
    city: City, server: Endpoint, lost: str
) -> None:
    """A secret whose key is gone: only one that is being replaced may be missing."""
    endpoint, _ = added(city, server.url)
    with city.platform.work(city.caller("editor")) as work:
        row = work.session.get_one(WebhookEndpoint, endpoint.id)
        webhooks.rotate(work, work.session.get_one(Application, city.application), row)
        setattr(row, lost, "gone")
    make_key(city)
    send_due(city)
    with city.platform.read() as work:
        made = select(WebhookDelivery).where(WebhookDelivery.kind == "key.created")
        delivery = work.session.scalars(made).one()
    if lost == "secret":
        assert server.got == []
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        assert delivery.problem == "the secret cannot be opened"
        assert delivery.next_at > city.platform.clock()
    else:
        assert len(server.got[0][0]["Webhook-Signature"].split()) == 1


def test_what_is_not_taken_is_tried_again_and_given_up_in_the_end(city: City, server: Endpoint) -> None:
    added(city, server.url)
    server.status = 500
    make_key(city)
    now = city.platform.clock()
    city.platform.clock = lambda: now
    ids = set()
    assert send_due(city) == 1
    for wait in WAITS:
        now += wait - timedelta(seconds=1)
        assert send_due(city) == 0
        now += timedelta(seconds=1)
        assert send_due(city) == 1
    ids = {headers["Webhook-Id"] for headers, _ in server.got}
    assert len(server.got) == 7
    assert len(ids) == 1
    now += timedelta(days=2)
    assert send_due(city) == 0
    with city.platform.read() as work:
        delivery = work.session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.kind == "key.created")
        ).one()
        assert (delivery.state, delivery.status, delivery.attempts) == ("dead", 500, 7)
        told = work.session.scalars(select(Mail).where(Mail.subject.contains("Không gửi được"))).all()
    assert [mail.to for mail in told] == ["admin@haiphong.example"]


def test_an_answer_that_nothing_can_read_is_a_failure_as_others_are(
    city: City, server: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> int:
        raise OverflowError

    monkeypatch.setattr(webhook_sending.Sender, "post", broken)
    added(city, server.url)
    make_key(city)
    now = city.platform.clock()
    city.platform.clock = lambda: now
    assert send_due(city) == 1
    with city.platform.read() as work:
        created = select(WebhookDelivery).where(WebhookDelivery.kind == "key.created")
        delivery = work.session.scalars(created).one()
    assert (delivery.state, delivery.attempts, delivery.problem) == ("waiting", 1, "OverflowError")
    assert delivery.next_at == now + WAITS[0]


def test_five_days_of_failure_turn_an_endpoint_off_until_it_is_turned_on(
    city: City, server: Endpoint
) -> None:
    endpoint, _ = added(city, server.url)
    server.status = 503
    now = began = city.platform.clock()
    city.platform.clock = lambda: now

    def state() -> str:
        with city.platform.read() as work:
            return work.session.get_one(WebhookEndpoint, endpoint.id).state

    for days in (0, 6):
        now = began + timedelta(days=days)
        make_key(city)
        send_due(city)
        for wait in WAITS:
            assert state() == "active", "there are tries left"
            now += wait
            send_due(city)
    assert state() == "off"
    tries = len(server.got)
    make_key(city)
    webhook_sending.put_due(city.platform)
    send_due(city)
    assert len(server.got) == tries
    server.status = 204
    editor = city.client("editor")
    address = f"/api/v1/apps/{city.application}/webhooks/{endpoint.id}"
    problem_of(editor.post(f"{address}/test"), 409, "webhook_off")
    assert editor.patch(address, json={"state": "active"}).get_json()["failing_since"] is None
    make_key(city)
    send_due(city)
    assert len(server.got) > tries


def test_a_delivery_asked_for_again_during_a_try_keeps_its_tries(city: City, server: Endpoint) -> None:
    added(city, server.url)
    server.status = 500
    make_key(city)
    send_due(city)
    with city.platform.work(city.caller("editor")) as work:
        waiting = work.session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.kind == "key.created")
        ).one()
        webhooks.send_again(work, work.session.get_one(Application, city.application), waiting.id)
    webhook_sending._note_failure(city.platform, waiting.id, 500, "HTTP 500")
    with city.platform.read() as work:
        waits = work.session.get_one(WebhookDelivery, waiting.id).next_at - work.now
    assert timedelta(0) < waits <= WAITS[0]


def test_what_is_due_is_queued_once_until_it_is_tried(city: City, server: Endpoint) -> None:
    added(city, server.url)
    make_key(city)
    began = city.platform.clock()
    city.platform.clock = lambda: began + timedelta(minutes=1)
    assert webhook_sending.put_due(city.platform) >= 1
    assert webhook_sending.put_due(city.platform) == 0
    with city.platform.read() as work:
        asked = [
            dict(job.arguments) for job in work.session.scalars(select(Job).where(Job.kind == webhooks.SEND))
        ]
    for arguments in 2 * [item for item in asked if "reserved" in item]:
        webhook_sending.send(city.platform, arguments)
    assert len(server.got) == 1


def test_a_message_to_try_the_endpoint_with_is_tried_once(city: City, server: Endpoint) -> None:
    endpoint, _ = added(city, server.url)
    server.status = 500
    editor = city.client("editor")
    sent = editor.post(f"/api/v1/apps/{city.application}/webhooks/{endpoint.id}/test").get_json()["id"]
    assert send_due(city) == 1
    with city.platform.read() as work:
        assert work.session.get_one(WebhookDelivery, sent).state == "dead"
        assert work.session.get_one(WebhookEndpoint, endpoint.id).failing_since is None
        assert work.session.scalars(select(Mail).where(Mail.subject.contains("Không gửi được"))).all() == []


def test_not_more_is_asked_for_by_hand_than_is_sent(city: City, server: Endpoint) -> None:
    endpoint, _ = added(city, server.url)
    editor, address = city.client("editor"), f"/api/v1/apps/{city.application}"
    server.status = 500
    for _ in range(webhooks.MOST_UNTRIED + 1):
        sent = editor.post(f"{address}/webhooks/{endpoint.id}/test")
        assert sent.status_code < 300
    refused = editor.post(f"{address}/webhooks/{endpoint.id}/test")
    problem_of(refused, 429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0
    again = f"{address}/webhook-deliveries/{sent.get_json()['id']}/send"
    problem_of(editor.post(again), 429, "rate_limited")
    send_due(city)
    assert editor.post(again).status_code < 300


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(city: City, server: Endpoint, status: int) -> None:
    added(city, server.url)
    server.status, server.location = status, server.url + "/elsewhere"
    make_key(city)
    send_due(city)
    assert len(server.got) == 1
    with city.platform.read() as work:
        states = work.session.scalars(
            select(WebhookDelivery.state).where(WebhookDelivery.kind == "key.created")
        ).all()
    assert states == ["waiting"]


def test_two_workers_send_one_delivery_once(city: City, server: Endpoint) -> None:
    added(city, server.url)
    make_key(city)
    with city.platform.read() as work:
        delivery = work.session.scalars(
            select(WebhookDelivery.id).where(WebhookDelivery.kind == "key.created")
        ).one()
    workers = [
        threading.Thread(target=webhook_sending.send, args=(city.platform, {"delivery": delivery}))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(server.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/hook",
        "ftp://app.example/hook",
        "https://user:pass@app.example/hook",
        "https:///hook",
        "//app.example/hook",
        "https://app.example:99999/",
        "https://app.example:0/",
        "https://app.example:9443/",
        "javascript:alert(1)",
        "https://app.example/\n",
        "",
    ],
)
def test_only_https_addresses_are_taken(city: City, url: str) -> None:
    answer = city.client("editor").post(f"/api/v1/apps/{city.application}/webhooks", json={"url": url})
    if url.endswith("\n"):
        assert "\n" not in answer.get_json()["url"]
        return
    problem_of(answer, 422)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"])
def test_no_message_goes_into_a_private_network(city: City, host: str) -> None:
    """The guarded client judges the address that is dialled, whatever stands in the field."""
    sender = webhook_sending.Sender(_Closed())
    with pytest.raises(FetchError):
        sender.post(f"https://{host}/hook", b"{}", {})


class _Closed:
    webhook_allow_loopback = False
    base_url = "http://localhost"


def test_pages_do_the_same(city: City, server: Endpoint) -> None:
    editor, address = city.client("editor"), f"/developers/apps/{city.application}/webhooks"
    token = {"csrf_token": editor.token}
    made = editor.post(address, data=token | {"action": "add", "url": server.url, "kinds": ["key.created"]})
    assert made.status_code == 201
    assert made.headers["Cache-Control"].endswith("no-store")
    page = made.get_data(as_text=True)
    assert "hpd_wh_" in page
    listed = editor.get(f"/api/v1/apps/{city.application}/webhooks").get_json()["data"]
    endpoint = next(item for item in listed if item["url"] == server.url)["id"]
    assert editor.post(address, data=token | {"action": "test", "endpoint": endpoint}).status_code == 303
    assert send_due(city) == 1
    sent = editor.get(f"/api/v1/apps/{city.application}/webhook-deliveries").get_json()["data"][0]
    assert (sent["state"], sent["kind"]) == ("delivered", "webhook.test")
    for prefix, words in (("", "đã nhận"), ("/en", "taken")):
        assert words in editor.get(prefix + address).get_data(as_text=True)
    again = token | {"action": "again", "delivery": sent["id"]}
    assert editor.post(address, data=again).status_code == 303
    assert send_due(city) == 1
    assert server.got[0][0]["Webhook-Id"] == server.got[1][0]["Webhook-Id"]
    refused = editor.post(address, data=token | {"action": "add", "url": "http://app.example"})
    assert refused.status_code == 422
    assert editor.post(address, data=token | {"action": "remove", "endpoint": endpoint}).status_code == 303
    member = city.client("member")
    assert 'value="add"' not in member.get(address).get_data(as_text=True)
    assert city.client("foreign").get(address).status_code == 404


def test_an_old_delivery_is_forgotten_after_a_month(city: City, server: Endpoint) -> None:
    added(city, server.url)
    make_key(city)
    send_due(city)
    began = city.platform.clock()
    city.platform.clock = lambda: began + timedelta(days=31)
    assert purging.purge(city.platform)["webhook_delivery"] == 1
    with city.platform.work(SYSTEM) as work:
        assert work.session.get(WebhookDelivery, city.delivery) is not None
