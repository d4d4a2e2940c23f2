"""Keys found in public: reported by a partner whose public key we hold, revoked at once."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opendata.base.kit import secrets
from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.runtime import SYSTEM, Work
from opendata.services.access import audit, events, keys

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
    """Revoke what is ours and tell its owner; a verdict for each text."""
    work.caller = SYSTEM
    return [_judged(work, partner, item) for item in found]


def _judged(work: Work, partner: str, item: Mapping[str, Any]) -> dict[str, str]:
    text = str(item["token"]).strip()
    shown = secrets.redact(text)[:40] if "_" in text else text[:8]
    prefix = work.platform.settings.key_prefix
    key = keys.find(work, text) if secrets.kind_of(text, prefix) in {"live", "test"} else None
    if key is None:
        return {"token": shown, "label": FALSE}
    if key.revoked_at is None:
        keys.end(work, key, "found in public")
        where = secrets.redact(item.get("url", ""))[:500]
        audit.record(work, "key.leaked", "key", key.id, {"partner": partner, "url": where})
        events.of_key(work, key, "key.leaked", url=where)
    return {"token": shown, "label": TRUE}
