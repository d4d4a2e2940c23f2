"""Keys found in public: reported by a partner whose public key we hold, revoked at once."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from opendata.base.kit import secrets
from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.models import ApiKey, Application, Membership, User
from opendata.base.runtime import SYSTEM, Work
from opendata.services.access import audit, keys, mails

SUBJECT = N_("Khóa API của bạn bị lộ và đã được thu hồi")
BODY = N_(
    "Chào %(name)s,\n\nKhóa “%(key)s” (%(display)s) của ứng dụng “%(application)s” được tìm thấy ở nơi công"
    " khai và đã bị thu hồi ngay:\n\n%(url)s\n\nHãy tạo khóa mới và đừng ghi khóa vào mã nguồn."
)
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
        _tell(work, key, item.get("url", ""))
    return {"token": shown, "label": TRUE}


def _tell(work: Work, key: ApiKey, url: str) -> None:
    application = work.session.get_one(Application, key.application_id)
    for user in _owners(work, application):
        mails.post(
            work,
            user.email,
            user.locale,
            SUBJECT,
            BODY,
            name=user.name,
            key=key.name,
            display=key.display,
            application=application.name,
            url=secrets.redact(url)[:500],
        )


def _owners(work: Work, application: Application) -> Sequence[User]:
    if application.owner_user_id:
        return [work.session.get_one(User, application.owner_user_id)]
    admins = (
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == application.owner_org_id, Membership.role == "admin")
        .limit(20)
    )
    return work.session.scalars(admins).all()
