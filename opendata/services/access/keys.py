"""API keys: made, shown once, rotated with an overlap, revoked for good."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from opendata.base.kit import base62, secrets
from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound
from opendata.base.kit.secrets import Peppers, redact
from opendata.base.kit.vietnamese import clean
from opendata.base.models import ApiKey, Application, Product, Subscription, User
from opendata.base.runtime import Work
from opendata.services.access import applications, audit, events, scopes
from opendata.services.access.changes import next_version

DEFAULT_LIFE = timedelta(days=365)
LONGEST_LIFE = timedelta(days=731)
LONGEST_OVERLAP = 168
"""Hours."""
UNCONFIRMED_KEYS = 2
_HOST = re.compile(r"([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
MOST_NETWORKS = MOST_ORIGINS = 50


class TooManyKeys(Conflict):
    code = "too_many_keys"
    message = N_("Đã đủ số khóa cho phép (%(most)s). Hãy thu hồi một khóa không còn dùng.")


class KeyRevoked(Conflict):
    code = "key_revoked"
    message = N_("Khóa này đã bị thu hồi.")


class KeyReplaced(Conflict):
    code = "key_replaced"
    message = N_("Khóa này đã được thay bằng khóa khác.")


@dataclass(frozen=True, slots=True)
class NewKey:
    """`secret` is here and nowhere else: it is shown once."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.key.display})"


def create(
    work: Work,
    application: Application,
    name: str,
    *,
    wanted: Sequence[str] | None = None,
    expires_at: datetime | None = None,
    told: bool = True,
    **limits: Any,
) -> NewKey:
    """A new key. `wanted` scopes default to reading; `limits` are `cidrs`, `origins`, and `products` by slug.
    Without `told` nobody hears of it but who reads the answer.

    Raises `Invalid`, `TooManyKeys`, `ConfirmFirst`, `InsufficientScope`, `ApplicationClosed`.
    """
    application = applications.hold(work, application)
    applications.require_edit(work, application)
    _require_room(work, application)
    asked = scopes.cleaned(scopes.OPEN if wanted is None else wanted)
    if wanted is None:
        asked = [scope for scope in asked if scope in application.scopes]
    key = ApiKey(
        id=f"key_{base62.draw(22)}",
        application_id=application.id,
        created=work.now,
        created_by_id=work.caller.user_id,
        expires_at=_end(work, expires_at),
        scopes=_within(asked, application),
        products=_products(work, application, limits.pop("products", ())),
        cidrs=_networks(limits.pop("cidrs", ())),
        origins=_origins(limits.pop("origins", ())),
    )
    if limits:
        raise Invalid(fields={field: N_("Không có trường này.") for field in limits})
    scopes.require_held(work.caller, asked, application.owner_org_id)
    _require_weak(key)
    _rename(key, name)
    made = _issued(work, application, key, "key.create")
    if told:
        events.of_key(work, key, "key.created")
    return made


def _issued(work: Work, application: Application, key: ApiKey, action: str) -> NewKey:
    secret = secrets.draw(work.platform.settings.key_prefix, application.env)
    peppers = work.part(Peppers)
    key.digest, key.pepper_kid = peppers.digest(secret), peppers.current
    key.display = secrets.shown(secret)
    key.version = next_version(work)
    work.session.add(key)
    work.session.flush()
    audit.record(work, action, "key", key.id, {"application": application.id, "scopes": key.scopes})
    return NewKey(key, secret)


def get(work: Work, application: Application, key_id: str) -> ApiKey:
    """Raises `NotFound` also for a key of another application."""
    key = work.session.get(ApiKey, key_id)
    if key is None or key.application_id != application.id:
        raise NotFound
    return key


def listing(work: Work, application: Application, *, limit: int = 500) -> Sequence[ApiKey]:
    """Keys of an application, newest first; revoked and expired ones last."""
    query = (
        select(ApiKey)
        .where(ApiKey.application_id == application.id)
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.created.desc(), ApiKey.id)
        .limit(limit)
    )
    return work.session.scalars(query).all()


def edit(work: Work, application: Application, key: ApiKey, changes: Mapping[str, Any]) -> None:
    """Change `name`, `scopes`, `products`, `cidrs` or `origins`. In force in every worker within a second."""
    applications.require_edit(work, application)
    _require_live(key)
    values = dict(changes)
    if "name" in values:
        _rename(key, values.pop("name"))
    if "scopes" in values:
        asked = scopes.cleaned(values.pop("scopes"))
        added = [scope for scope in asked if scope not in key.scopes]
        scopes.require_held(work.caller, added, application.owner_org_id)
        key.scopes = _within(asked, application)
    if "products" in values:
        key.products = _products(work, application, values.pop("products"), held=key.products)
    if "cidrs" in values:
        key.cidrs = _networks(values.pop("cidrs"))
    if "origins" in values:
        key.origins = _origins(values.pop("origins"))
    if values:
        raise Invalid(fields={field: N_("Không có trường này.") for field in values})
    _require_weak(key)
    key.version = next_version(work)
    audit.record(work, "key.edit", "key", key.id, {"fields": sorted(changes)})


def rotate(work: Work, application: Application, key: ApiKey, *, overlap_hours: int = 24) -> NewKey:
    """A successor with the same scopes, products, networks and origins; the old key ends after the overlap,
    or when it would have ended anyway. Quotas hang on the owner and do not notice."""
    application = applications.hold(work, application)
    work.session.refresh(key, with_for_update={"key_share": True})
    applications.require_edit(work, application)
    _require_live(key)
    if key.replaced_by is not None:
        raise KeyReplaced
    if not 0 <= overlap_hours <= LONGEST_OVERLAP:
        raise Invalid(fields={"overlap_hours": N_("Cần từ 0 đến 168 giờ.")})
    scopes.require_held(work.caller, key.scopes, application.owner_org_id)
    _require_room(work, application, replacing=True)
    successor = ApiKey(
        id=f"key_{base62.draw(22)}",
        application_id=application.id,
        name=key.name,
        created=work.now,
        created_by_id=work.caller.user_id,
        expires_at=_end(work, None),
        scopes=_within(key.scopes, application),
        products=key.products,
        cidrs=key.cidrs,
        origins=key.origins,
    )
    made = _issued(work, application, successor, "key.rotate")
    key.expires_at = min(key.expires_at, work.now + timedelta(hours=overlap_hours))
    key.replaced_by = successor.id
    key.version = next_version(work)
    events.of_key(work, successor, "key.rotated", old_display=key.display, until=_instant(key.expires_at))
    return made


def revoke(work: Work, application: Application, key: ApiKey, *, reason: str = "") -> None:
    """For good. Revoking again changes nothing."""
    applications.require_stop(work, application, reason)
    if end(work, key, reason):
        events.of_key(work, key, "key.revoked", reason=key.revoked_reason)


def end(work: Work, key: ApiKey, reason: str) -> bool:
    """Revoke without asking who: for leaks and what follows from other decisions. Whether it was live."""
    if key.revoked_at is not None:
        return False
    key.revoked_at, key.revoked_reason = work.now, redact(clean(reason))[:500] or None
    key.version = next_version(work)
    audit.record(work, "key.revoke", "key", key.id, {"reason": reason[:200]})
    return True


def find(work: Work, secret: str) -> ApiKey | None:
    """The key whose secret this is, under any pepper that is known."""
    digests = work.part(Peppers).digests(secret)
    return work.session.scalar(select(ApiKey).where(ApiKey.digest.in_(list(digests))))


def state_of(key: ApiKey, now: datetime) -> str:
    """active, replaced (in its overlap), expired or revoked."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now:
        return "expired"
    return "replaced" if key.replaced_by else "active"


def end_of(key: ApiKey, owner: User | None, unconfirmed_days: int) -> datetime:
    """When the key ends: earlier than it says while its owner's address is not confirmed."""
    if owner is None or owner.confirmed_at is not None:
        return key.expires_at
    return min(key.expires_at, key.created + timedelta(days=unconfirmed_days))


def _require_room(work: Work, application: Application, *, replacing: bool = False) -> None:
    if application.status != "active":
        raise applications.ApplicationClosed
    live = (
        select(func.count())
        .select_from(ApiKey)
        .where(ApiKey.application_id == application.id)
        .where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > work.now)
    )
    held = work.session.scalar(live) or 0
    user = work.session.get(User, work.caller.user_id) if work.caller.user_id else None
    if user is not None and user.confirmed_at is None:
        days = timedelta(days=work.platform.settings.unconfirmed_days)
        if work.now > user.created + days or (held >= UNCONFIRMED_KEYS and not replacing):
            raise applications.ConfirmFirst
    most = work.platform.settings.keys_per_app + (1 if replacing else 0)
    if held >= most:
        raise TooManyKeys(most=most)


def _require_live(key: ApiKey) -> None:
    if key.revoked_at is not None:
        raise KeyRevoked


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _end(work: Work, wanted: datetime | None) -> datetime:
    if wanted is None:
        return work.now + DEFAULT_LIFE
    if not work.now < wanted <= work.now + LONGEST_LIFE:
        raise Invalid(fields={"expires_at": N_("Khóa phải hết hạn sau hôm nay và trong vòng 24 tháng.")})
    return wanted


def _within(asked: Sequence[str], application: Application) -> list[str]:
    if not asked:
        raise Invalid(fields={"scopes": N_("Cần ít nhất một phạm vi.")})
    if not set(asked) <= set(application.scopes):
        raise Invalid(fields={"scopes": N_("Ứng dụng không có phạm vi này.")})
    return list(asked)


def _rename(key: ApiKey, name: str) -> None:
    key.name = clean(name or "")
    if not 1 <= len(key.name) <= 100:
        raise Invalid(fields={"name": N_("Cần có tên.")})


def bindable(work: Work, application: Application) -> Sequence[Product]:
    """The products a key may be bound to, by name: those its application is subscribed to now."""
    query = (
        select(Product)
        .join(Subscription, Subscription.product_id == Product.id)
        .where(Subscription.application_id == application.id, Subscription.state == "active")
        .order_by(Product.slug)
    )
    return work.session.scalars(query).all()


def _products(
    work: Work, application: Application, slugs: Sequence[str], *, held: Sequence[str] = ()
) -> list[str]:
    """Each once. What the key is bound to already may stay, though its subscription has ended."""
    asked = list(dict.fromkeys(slug.strip() for slug in slugs))
    if set(asked) - set(held) - {product.slug for product in bindable(work, application)}:
        raise Invalid(fields={"products": N_("Ứng dụng không có đăng ký đang chạy với sản phẩm này.")})
    return asked


def _networks(texts: Sequence[str]) -> list[str]:
    """Networks in canonical form; an address stands for itself."""
    try:
        found = [str(ipaddress.ip_network(text.strip(), strict=False)) for text in texts]
    except ValueError as error:
        raise Invalid(fields={"cidrs": N_("Không phải địa chỉ mạng, ví dụ 203.0.113.0/24.")}) from error
    if len(found) > MOST_NETWORKS:
        raise Invalid(fields={"cidrs": N_("Độ dài không nằm trong giới hạn cho phép.")})
    return list(dict.fromkeys(found))


def _origins(texts: Sequence[str]) -> list[str]:
    """Scheme, host and port exactly as a browser sends them in `Origin`."""
    found = list(dict.fromkeys(text.strip() for text in texts))
    if len(found) > MOST_ORIGINS or any(not _is_origin(text) for text in found):
        raise Invalid(fields={"origins": N_("Không phải nguồn gốc trang, ví dụ https://app.example.")})
    return found


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc) or len(text) > 300:
        return False
    standard = {"http": 80, "https": 443}[parts.scheme]
    suffix = f":{port}" if port and port != standard else ""
    bare = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    return text == f"{parts.scheme}://{bare}{suffix}"


def _require_weak(key: ApiKey) -> None:
    """A key for browsers can be copied from any page that uses it."""
    if key.origins and not set(key.scopes) <= set(scopes.OPEN):
        raise Invalid(fields={"origins": N_("Khóa dùng trong trình duyệt chỉ được có phạm vi đọc.")})


def by_pepper(work: Work) -> dict[str, int]:
    """How many living keys lie under each pepper, by the pepper's id."""
    living = (ApiKey.revoked_at.is_(None), ApiKey.expires_at > work.now)
    counted = select(ApiKey.pepper_kid, func.count()).where(*living).group_by(ApiKey.pepper_kid)
    return {row[0]: row[1] for row in work.session.execute(counted)}
