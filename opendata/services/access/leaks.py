"""Secrets found in public: reported by a partner whose public key we hold, ended at once."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opendata.base.kit import secrets
from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.models import Application, OAuthClient, Organization, User
from opendata.base.runtime import SYSTEM, Work
from opendata.services.access import audit, events, keys, notices, webhooks
from opendata.services.access.oauth import clients, families, refresh, registration

MOST = 1000
"""Texts of one report."""
TRUE, FALSE = "true_positive", "false_positive"


class BadSignature(OpenDataError):
    code = "bad_signature"
    status = 401
    message = N_("Chữ ký của báo cáo không đúng.")


def require_signed(partners: Mapping[str, str], partner: str, signature: str, body: bytes) -> None:
    """ECDSA P-256 over SHA-256 of the body, DER in base64. `partners` maps a key id to a PEM public key.

    Raises `BadSignature`.
    """
    try:
        key = serialization.load_pem_public_key(partners[partner].encode())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise BadSignature
        key.verify(base64.b64decode(signature, validate=True), body, ec.ECDSA(hashes.SHA256()))
    except (KeyError, ValueError, binascii.Error, InvalidSignature) as error:
        raise BadSignature from error


def report(work: Work, partner: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """End what is ours and tell its owner; a verdict for each text."""
    work.caller = SYSTEM
    return [_judged(work, partner, item) for item in found]


def _judged(work: Work, partner: str, item: Mapping[str, Any]) -> dict[str, str]:
    text = str(item["token"]).strip()
    shown = secrets.redact(text)[:40] if "_" in text else text[:8]
    kind = secrets.kind_of(text, work.platform.settings.key_prefix)
    where = {"partner": partner, "url": secrets.redact(item.get("url", ""))[:500]}
    ours = kind is not None and ENDINGS[kind](work, text, where)
    return {"token": shown, "label": TRUE if ours else FALSE}


# --- each kind in its way: whether it is ours, and then no longer good --------------------------------

Where = Mapping[str, str]


def _key(work: Work, text: str, where: Where) -> bool:
    key = keys.find(work, text)
    if key is not None and keys.end(work, key, "found in public"):
        audit.record(work, "key.leaked", "key", key.id, where)
        events.of_key(work, key, "key.leaked", url=where["url"])
    return key is not None


def _client_secret(work: Work, text: str, where: Where) -> bool:
    secret = clients.secret_of(work, text)
    if secret is not None and secret.expires_at > work.now:
        client = work.session.get_one(OAuthClient, secret.client_id)
        clients.end_found(work, client, secret)
        audit.record(work, "client.leaked", "client", client.id, where)
        told = _about(text, where)
        _tell_owners(work, client.application_id, "client.leaked", f"secret:{secret.id}", told)
    return secret is not None


def _refresh_token(work: Work, text: str, where: Where) -> bool:
    """Whoever has it may have its successors too: the family ends, as where one is used twice."""
    held = refresh.find(work, text)
    if held is not None and families.is_alive(work, held.family):
        families.end(work, held.family.id)
        client = work.session.get_one(OAuthClient, held.family.client_id)
        audit.record(work, "grant.leaked", "client", client.id, {**where, "grant": held.family.id})
        person, subject = families.person_of(work, held.family.user_id), f"grant:{held.family.id}"
        told = _about(text, where)
        _tell_owners(work, client.application_id, "grant.leaked", subject, told, person=person)
    return held is not None


def _initial_token(work: Work, text: str, where: Where) -> bool:
    ticket = registration.ticket_of(work, text)
    if ticket is not None and ticket.uses_left:
        ticket.uses_left = 0
        organization = work.session.get_one(Organization, ticket.organization_id)
        audit.record(work, "ticket.leaked", "organization", organization.id, where)
        told = _about(text, where, organization=organization.slug, organization_name=organization.name)
        people, when = notices.admins(work, organization.id), work.now.isoformat()
        notices.tell(work, people, "ticket.leaked", f"organization:{organization.id}", told, period=when)
    return ticket is not None


def _registration_token(work: Work, text: str, where: Where) -> bool:
    client = registration.holder_of(work, text)
    if client is not None and client.revoked_at is None:
        registration.lock_out(work, client)
        audit.record(work, "registration.leaked", "client", client.id, where)
        told = _about(text, where)
        _tell_owners(work, client.application_id, "registration.leaked", f"client:{client.id}", told)
    return client is not None


def _webhook_secret(work: Work, text: str, where: Where) -> bool:
    """We go on to sign, with a secret nobody knows yet: what the owner is sent meanwhile is refused by his
    server and tried again, so that nothing is lost until he has drawn one of his own."""
    endpoint = webhooks.find(work, text)
    if endpoint is not None:
        webhooks.replace(work, endpoint, text)
        about = {**where, "endpoint": endpoint.id}
        audit.record(work, "webhook.leaked", "application", endpoint.application_id, about)
        told = _about(text, where)
        _tell_owners(work, endpoint.application_id, "webhook.leaked", f"webhook:{endpoint.id}", told)
    return endpoint is not None


ENDINGS: Mapping[str, Callable[[Work, str, Where], bool]] = {
    "live": _key,
    "test": _key,
    "cs": _client_secret,
    "rt": _refresh_token,
    "ia": _initial_token,
    "ra": _registration_token,
    "wh": _webhook_secret,
}
"""By kind of secret."""


def _tell_owners(
    work: Work,
    application_id: str,
    kind: str,
    subject: str,
    about: Mapping[str, Any],
    *,
    person: User | None = None,
) -> None:
    """Those who answer for the application, and the person who gave it something."""
    application = work.session.get_one(Application, application_id)
    told = {**about, "application": application.id, "application_name": application.name}
    people = {user.id: user for user in (*notices.owners(work, application), *([person] if person else ()))}
    notices.tell(work, people.values(), kind, subject, told, period=work.now.isoformat())


def _about(text: str, where: Where, **more: Any) -> dict[str, Any]:
    return {"display": secrets.shown(text), "url": where["url"], **more}
