"""A secret found in public ends at once; only a signed report is believed."""

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from opendata.base.kit import secrets
from opendata.base.models import Application, AuditEvent, Mail, OAuthClient, Organization, WebhookEndpoint
from opendata.services.access import applications, keys, notices, webhooks
from opendata.services.access.changes import Changes
from opendata.services.access.oauth import addresses, clients, families, refresh, registration
from opendata.testing.web import City, problem_of

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
ADDRESS = "/api/v1/integrations/leaks"
SEED = random.randrange(2**32)


@pytest.fixture
def watched(city: City) -> City:
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    city.platform.settings = replace(city.platform.settings, leak_partners={"p1": pem.decode()})
    return city


def report(city: City, found: Any, *, key: Any = KEY, partner: str = "p1", **changes: Any) -> Any:
    body = orjson.dumps(found)
    signature = base64.b64encode(key.sign(body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {"X-Key-Identifier": partner, "X-Key-Signature": signature, **changes.pop("headers", {})}
    sent = changes.pop("body", body)
    return city.client().post(ADDRESS, data=sent, content_type="application/json", headers=headers)


def test_a_leaked_key_is_revoked_and_its_owner_told(watched: City) -> None:
    secret, unknown = watched.key_of("editor"), secrets.draw("hpd", "live")
    found = [
        {"token": secret, "type": "hpd", "url": "https://code.example/x", "source": "content"},
        {"token": unknown},
        {"token": "nonsense"},
    ]
    answer = report(watched, found)
    assert answer.status_code == 200
    assert [item["label"] for item in answer.get_json()] == [
        "true_positive",
        "false_positive",
        "false_positive",
    ]
    assert secret not in answer.text
    watched.platform.part(Changes).look()
    problem_of(watched.client().get("/api/v1/datasets", headers={"X-Api-Key": secret}), 401, "key_revoked")
    with watched.platform.read() as work:
        mails = select(Mail).where(Mail.to == "editor@haiphong.example", Mail.subject.contains("bị lộ"))
        mail = work.session.scalars(mails).one()
        audited = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "key.leaked")).one()
    assert secret not in mail.body
    assert audited.data["partner"] == "p1"
    again = report(watched, found[:1])
    assert again.get_json()[0]["label"] == "true_positive"


def test_a_report_that_is_not_signed_by_the_partner_is_not_read(watched: City) -> None:
    secret, chance = watched.key_of("editor"), random.Random(SEED)
    found = [{"token": secret}]
    wrong: list[dict[str, Any]] = [
        {"key": OTHER},
        {"partner": "p2"},
        {"partner": ""},
        {"headers": {"X-Key-Signature": ""}},
        {"headers": {"X-Key-Signature": "%%%"}},
        {"headers": {"X-Key-Signature": base64.b64encode(chance.randbytes(70)).decode()}},
        {"body": orjson.dumps([{"token": secret, "type": "x"}])},
        {"body": orjson.dumps(found) + b" "},
    ]
    for changes in wrong:
        problem_of(report(watched, found, **changes), 401, "bad_signature")
    assert watched.client().get("/api/v1/datasets", headers={"X-Api-Key": secret}).status_code == 200


def test_nobody_is_a_partner_unless_the_operator_says_so(city: City) -> None:
    problem_of(report(city, []), 401, "bad_signature")


# --- every kind of secret --------------------------------------------------------------------------


@dataclass
class Living:
    """A secret that works, what shows that it does, whom its end is told to and where they read on."""

    text: str
    works: Callable[[], bool]
    told: str
    kind: str
    page: str


def of_key(city: City, env: str) -> Living:
    with city.platform.work(city.caller("editor")) as work:
        made = applications.create(work, "Ứng dụng lộ", env=env)
        text = keys.create(work, made, "thử").secret

    def works() -> bool:
        city.platform.part(Changes).look()
        return city.client().get("/api/v1/datasets", headers={"X-Api-Key": text}).status_code == 200

    return Living(text, works, "editor", "key.leaked", f"/developers/apps/{made.id}")


def own_client(city: City, **values: Any) -> clients.NewSecret:
    with city.platform.work(city.caller("editor")) as work:
        return clients.create(work, applications.create(work, "Ứng dụng lộ"), "Ứng dụng lộ", **values)


def of_client(city: City) -> Living:
    made = own_client(city, grants=[addresses.CREDENTIALS])
    text = made.text or ""

    def works() -> bool:
        asked = {"grant_type": addresses.CREDENTIALS}
        answer = city.app.test_client().post("/oauth/token", data=asked, auth=(made.client.id, text))
        return answer.status_code == 200

    page = f"/developers/apps/{made.client.application_id}/client"
    return Living(text, works, "editor", "client.leaked", page)


def of_grant(city: City) -> Living:
    client = own_client(city, auth_method="none", grants=[addresses.DEVICE, addresses.REFRESH]).client
    with city.platform.work(city.caller("member")) as work:
        family = families.begin(work, client.id, city.users["member"], "read")
        text = refresh.store(work, family, scope="read", resource=None)

    def works() -> bool:
        with city.platform.read() as work:
            held = refresh.find(work, text)
            return held is not None and refresh.is_good(work, held)

    return Living(text, works, "member", "grant.leaked", "/account/apps")


def of_ticket(city: City) -> Living:
    with city.platform.work(city.caller("admin")) as work:
        text = registration.invite(work, work.session.get_one(Organization, city.own), uses=20)

    def works() -> bool:
        said = {"client_name": "Tự đăng ký", "redirect_uris": ["https://app.example/cb"]}
        headers = {"Authorization": f"Bearer {text}"}
        return city.app.test_client().post("/oauth/register", json=said, headers=headers).status_code == 201

    return Living(text, works, "admin", "ticket.leaked", "/developers/organizations/")


def of_registration(city: City) -> Living:
    said = {"client_name": "Tự quản", "redirect_uris": ["https://app.example/cb"]}
    headers = {"Authorization": f"Bearer {of_ticket(city).text}"}
    body = city.app.test_client().post("/oauth/register", json=said, headers=headers).get_json()
    own = {"Authorization": f"Bearer {body['registration_access_token']}"}

    def works() -> bool:
        path = f"/oauth/register/{body['client_id']}"
        return city.app.test_client().get(path, headers=own).status_code == 200

    with city.platform.read() as work:
        application = work.session.get_one(OAuthClient, body["client_id"]).application_id
    page = f"/developers/apps/{application}/client"
    return Living(body["registration_access_token"], works, "admin", "registration.leaked", page)


def of_webhook(city: City) -> Living:
    with city.platform.work(city.caller("editor")) as work:
        application = work.session.get_one(Application, city.application)
        endpoint, text = webhooks.add(work, application, "https://app.example/leak")

    page = f"/developers/apps/{city.application}/webhooks"
    return Living(text, lambda: signs(city, endpoint.id, text), "admin", "webhook.leaked", page)


def signs(city: City, endpoint_id: str, text: str) -> bool:
    """Whether messages are signed with this secret now."""
    with city.platform.read() as work:
        fields = webhooks.signed(work, work.session.get_one(WebhookEndpoint, endpoint_id), "evt_1", b"{}")
    mine = webhooks.signature(text, "evt_1", int(fields["Webhook-Timestamp"]), b"{}")
    return mine in fields["Webhook-Signature"].split()


LIVING: dict[str, Callable[[City], Living]] = {
    "live": lambda city: of_key(city, "live"),
    "test": lambda city: of_key(city, "test"),
    "cs": of_client,
    "rt": of_grant,
    "ia": of_ticket,
    "ra": of_registration,
    "wh": of_webhook,
}


@pytest.mark.parametrize("kind", secrets.KINDS)
def test_whatever_kind_of_secret_leaks_ends_and_somebody_is_told(watched: City, kind: str) -> None:
    living = LIVING[kind](watched)
    assert secrets.kind_of(living.text, "hpd") == kind
    assert living.works()
    unknown = secrets.draw("hpd", kind)
    answer = report(watched, [{"token": living.text, "url": "https://code.example/x"}, {"token": unknown}])
    assert [item["label"] for item in answer.get_json()] == ["true_positive", "false_positive"]
    assert not living.works()
    with watched.platform.read(watched.caller(living.told)) as work:
        notice = next(row for row in notices.mine(work) if row.kind == living.kind)
        said = [notices.said(work, notice, locale) for locale in ("vi", "en")]
        audited = work.session.scalars(select(AuditEvent).where(AuditEvent.action == living.kind)).one()
        mails = work.session.scalars(select(Mail).where(Mail.to == f"{living.told}@haiphong.example")).all()
    assert len({title for title, _ in said}) == len({text for _, text in said}) == 2
    assert all("https://code.example/x" in text and "…" in text for _, text in said)
    assert audited.data["partner"] == "p1"
    assert any("https://code.example/x" in mail.body for mail in mails)
    assert all(living.text not in mail.body for mail in mails)
    page = watched.client(living.told).get("/account/notices").text
    assert living.page in page


def test_of_two_secrets_of_an_endpoint_the_one_that_leaked_ends(watched: City) -> None:
    old = of_webhook(watched)
    with watched.platform.work(watched.caller("editor")) as work:
        endpoint = webhooks.find(work, old.text)
        assert endpoint is not None
        new = webhooks.rotate(work, work.session.get_one(Application, watched.application), endpoint)
    report(watched, [{"token": old.text}])
    assert (signs(watched, endpoint.id, old.text), signs(watched, endpoint.id, new)) == (False, True)
