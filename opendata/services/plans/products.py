"""Products: APIs and datasets that a department offers together, with the plan of their subscribers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opendata.base.i18n.catalogue import LANGUAGES
from opendata.base.kit.errors import N_, Invalid, NotAllowed, NotFound
from opendata.base.kit.ids import new_id
from opendata.base.models import Organization, Product, Subscription
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action
from opendata.services.plans import plans, subscriptions

LONGEST_PROMISE = 60
"""Working days."""
SLUG_LENGTH = 120
TEXTS = {"title": 300, "description": 5000, "terms": 20_000}
"""Characters in each language."""
MOST_ITEMS = 100
"""APIs, and datasets; each with the length of a slug."""
MOST_REVISIONS = 1_000_000
APPROVALS = ("auto", "manual")
VISIBILITIES = ("public", "members")
TAKEN = N_("Tên này đã có.")
TOO_LONG = N_("Độ dài không nằm trong giới hạn cho phép.")
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
        query = query.where(Product.organization_id.in_(policy.bodies(work.caller, Action.ORGANIZATION_EDIT)))
    return work.session.scalars(query).all()


def offer(
    work: Work,
    slug: str,
    *,
    organization_id: str | None,
    plan: str,
    new: bool = False,
    raise_terms: bool | None = None,
    **fields: Any,
) -> Product:
    """A new product (with `new`: nothing else) or new fields of one. For admins of its department, and
    operators.

    A raised `terms_revision` asks every subscriber to accept again. Who does not state it says whether to
    raise it: the first terms are revision 1 in any case. Raises `Invalid`, `NotAllowed`, `NotFound`.
    """
    policy.require(work.caller, Action.ORGANIZATION_EDIT, organization_id)
    if organization_id is not None and work.session.get(Organization, organization_id) is None:
        raise NotFound
    _require_slug(slug)
    found = work.session.scalar(select(Product).where(Product.slug == slug))
    if new and found is not None:
        raise Invalid(fields={"slug": TAKEN})
    if found is None or found.plan_slug != plan:
        plans.require_within_reach(work, plan)
    version = next_version(work)
    if found is None:
        found = Product(id=new_id(), slug=slug, organization_id=organization_id, title={"vi": slug})
        work.session.add(found)
    elif found.organization_id != organization_id:
        raise NotAllowed
    known = found.terms_revision or 0
    if raise_terms is not None:
        has_terms = any((fields.get("terms") or {}).values())
        fields["terms_revision"] = known + 1 if raise_terms else max(known, int(has_terms))
    for name, value in fields.items():
        setattr(found, name, value)
    found.plan_slug, found.version = plan, version
    _require_sound(found, known)
    _flush(work)
    if (found.terms_revision or 0) > known:
        _raise_terms(work, found)
    audit.record(work, "product.offer", "product", found.id, {"plan": plan, "fields": sorted(fields)})
    return found


def _flush(work: Work) -> None:
    try:
        work.session.flush()
    except IntegrityError as error:  # another took the name at the same moment
        raise Invalid(fields={"slug": TAKEN}) from error


def _require_slug(slug: str) -> None:
    if len(slug) > SLUG_LENGTH or not _SLUG.fullmatch(slug):
        raise Invalid(fields={"slug": N_("Chỉ dùng chữ cái không dấu, chữ số và dấu gạch nối.")})


def _require_sound(found: Product, known_revision: int) -> None:
    problems = {name: TOO_LONG for name, most in TEXTS.items() if not _is_text(getattr(found, name), most)}
    problems |= {name: TOO_LONG for name in ("apis", "datasets") if not _are_names(getattr(found, name))}
    if found.approval not in {None, *APPROVALS}:
        problems["approval"] = N_("Chỉ có auto hoặc manual.")
    if found.visibility not in {None, *VISIBILITIES}:
        problems["visibility"] = N_("Chỉ có public hoặc members.")
    if not (found.title or {}).get("vi", "").strip():
        problems["title"] = N_("Cần có tên.")
    if not 0 <= (2 if found.decide_by_days is None else found.decide_by_days) <= LONGEST_PROMISE:
        problems["decide_by_days"] = N_("Số không nằm trong giới hạn cho phép.")
    if (found.terms_revision or 0) > MOST_REVISIONS:
        problems["terms_revision"] = N_("Số không nằm trong giới hạn cho phép.")
    if (found.terms_revision or 0) < known_revision:
        problems["terms_revision"] = N_("Số của điều khoản chỉ tăng.")
    if problems:
        raise Invalid(fields=problems)


def _is_text(said: Mapping[str, str] | None, most: int) -> bool:
    """In the languages of the portal, as long as may be; no store keeps a zero sign."""
    return all(
        lang in LANGUAGES and len(text) <= most and "\0" not in text for lang, text in (said or {}).items()
    )


def _are_names(names: Sequence[str] | None) -> bool:
    return len(names or ()) <= MOST_ITEMS and all(
        len(name) <= SLUG_LENGTH and "\0" not in name for name in names or ()
    )


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
