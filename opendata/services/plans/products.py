"""Products: APIs and datasets that a department offers together, with the plan of their subscribers."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from opendata.base.kit.errors import N_, Invalid, NotAllowed, NotFound
from opendata.base.kit.ids import new_id
from opendata.base.models import Product, Subscription
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action
from opendata.services.plans import plans, subscriptions

LONGEST_PROMISE = 60
"""Working days."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def listing(work: Work, *, limit: int = 200) -> Sequence[Product]:
    """What the caller may subscribe to: public products, and all of the caller's departments."""
    query = select(Product)
    if not work.caller.operator:
        own = Product.organization_id.in_([*work.caller.roles])
        query = query.where((Product.visibility == "public") | own)
    return work.session.scalars(query.order_by(Product.slug).limit(limit)).all()


def get(work: Work, name: str) -> Product:
    """By slug. Raises `NotFound`, also for one the caller may not see."""
    found = work.session.scalar(select(Product).where(Product.slug == name))
    if found is None or (
        found.visibility != "public"
        and not work.caller.operator
        and found.organization_id not in work.caller.roles
    ):
        raise NotFound
    return found


def managed(work: Work, *, limit: int = 200) -> Sequence[Product]:
    """Those of the departments the caller is an admin of; of all for operators."""
    query = select(Product).order_by(Product.slug).limit(limit)
    if not work.caller.operator:
        mine = [key for key in work.caller.roles if policy.allows(work.caller, Action.ORGANIZATION_EDIT, key)]
        query = query.where(Product.organization_id.in_(mine))
    return work.session.scalars(query).all()


def offer(work: Work, slug: str, *, organization_id: str | None, plan: str, **fields: Any) -> Product:
    """A new product or new fields of one. For admins of its department, and operators.

    A raised `terms_revision` asks every subscriber to accept again. Raises `Invalid`, `NotAllowed`.
    """
    policy.require(work.caller, Action.ORGANIZATION_EDIT, organization_id)
    if fields.get("approval", "auto") not in {"auto", "manual"}:
        raise Invalid(fields={"approval": N_("Chỉ có auto hoặc manual.")})
    found = work.session.scalar(select(Product).where(Product.slug == slug))
    if found is None or found.plan_slug != plan:
        plans.require_within_reach(work, plan)
    version = next_version(work)
    if found is None:
        found = Product(id=new_id(), slug=slug, organization_id=organization_id, title={"vi": slug})
        work.session.add(found)
    elif found.organization_id != organization_id:
        raise NotAllowed
    known = found.terms_revision or 0
    for name, value in fields.items():
        setattr(found, name, value)
    found.plan_slug, found.version = plan, version
    _require_sound(found, known)
    work.session.flush()
    if (found.terms_revision or 0) > known:
        _raise_terms(work, found)
    audit.record(work, "product.offer", "product", found.id, {"plan": plan, "fields": sorted(fields)})
    return found


def _require_sound(found: Product, known_revision: int) -> None:
    problems = {}
    if not _SLUG.fullmatch(found.slug):
        problems["slug"] = N_("Chỉ dùng chữ cái không dấu, chữ số và dấu gạch nối.")
    if not (found.title or {}).get("vi", "").strip():
        problems["title"] = N_("Cần có tên.")
    if not 0 <= (2 if found.decide_by_days is None else found.decide_by_days) <= LONGEST_PROMISE:
        problems["decide_by_days"] = N_("Số không nằm trong giới hạn cho phép.")
    if (found.terms_revision or 0) < known_revision:
        problems["terms_revision"] = N_("Số của điều khoản chỉ tăng.")
    if problems:
        raise Invalid(fields=problems)


def _raise_terms(work: Work, wanted: Product) -> None:
    """Everybody who uses it has thirty days to accept."""
    wanted.terms_raised_at = work.now
    query = select(Subscription).where(
        Subscription.product_id == wanted.id, Subscription.state.in_(("active", "paused"))
    )
    for found in work.session.scalars(query):
        subscriptions.publish(
            work, found, wanted, "terms.changed",
            period=str(wanted.terms_revision),
            revision=wanted.terms_revision,
            until=subscriptions.instant(work.now + subscriptions.TERMS_GRACE),
        )  # fmt: skip
