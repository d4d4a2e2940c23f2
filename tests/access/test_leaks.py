"""A key found in public is revoked at once; only a signed report is believed."""

import base64
import random
from dataclasses import replace
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from opendata.base.kit import secrets
from opendata.base.models import AuditEvent, Mail
from opendata.services.access.changes import Changes
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
