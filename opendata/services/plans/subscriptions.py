"""Products, and the subscriptions of applications to them.

    pending -> active | rejected      active <-> paused      active | paused -> ended

Rejected and ended are final. One subscription that is not final for each application and product.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from opendata.base.kit.ids import new_id
from opendata.base.models import Application, Product, Subscription
from opendata.base.runtime import Work
from opendata.services.access import applications, audit, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action
from opendata.services.plans import plans
from opendata.services.plans.rules import MOST

STATES = ("pending", "active", "paused", "rejected", "ended")
FINAL = ("rejected", "ended")
STEPS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "approve": (("pending",), "active"),
    "reject": (("pending",), "rejected"),
    "pause": (("active",), "paused"),
    "resume": (("paused",), "active"),
    "end": (("pending", "active", "paused"), "ended"),
}
"""By step: the states it is taken from, and the state it leads to."""
TERMS_GRACE = timedelta(days=30)


class AlreadySubscribed(Conflict):
    code = "already_subscribed"
    message = N_("Ứng dụng đã đăng ký sản phẩm này.")


class TermsNotAccepted(NotAllowed):
    code = "terms_not_accepted"
    message = N_("Cần chấp nhận điều khoản hiện hành của sản phẩm.")


class StepNotPossible(Conflict):
    code = "step_not_possible"
    message = N_("Trạng thái hiện tại không cho phép bước này.")


def products(work: Work, *, limit: int = 200) -> Sequence[Product]:
    """What the caller may subscribe to: public products, and all of the caller's departments."""
    query = select(Product)
    if not work.caller.operator:
        own = Product.organization_id.in_([*work.caller.roles])
        query = query.where((Product.visibility == "public") | own)
    return work.session.scalars(query.order_by(Product.slug).limit(limit)).all()


def product(work: Work, name: str) -> Product:
    """By slug. Raises `NotFound`, also for one the caller may not see."""
    found = work.session.scalar(select(Product).where(Product.slug == name))
    if found is None or (
        found.visibility != "public"
        and not work.caller.operator
        and found.organization_id not in work.caller.roles
    ):
        raise NotFound
    return found


def offer(work: Work, slug: str, *, organization_id: str | None, plan: str, **fields: Any) -> Product:
    """A new product or new fields of one. For admins of its department, and operators.

    A raised `terms_revision` asks every subscriber to accept again. Raises `Invalid`, `NotAllowed`.
    """
    policy.require(work.caller, Action.ORGANIZATION_EDIT, organization_id)
    if fields.get("approval", "auto") not in {"auto", "manual"}:
        raise Invalid(fields={"approval": N_("Chỉ có auto hoặc manual.")})
    if plans.get(work, plan).retired:
        raise Invalid(fields={"plan": N_("Gói không nhận đăng ký mới.")})
    version = next_version(work)
    found = work.session.scalar(select(Product).where(Product.slug == slug))
    if found is None:
        found = Product(id=new_id(), slug=slug, organization_id=organization_id, title={"vi": slug})
        work.session.add(found)
    elif found.organization_id != organization_id:
        raise NotAllowed
    for name, value in fields.items():
        setattr(found, name, value)
    found.plan_slug, found.version = plan, version
    work.session.flush()
    audit.record(work, "product.offer", "product", found.id, {"plan": plan, "fields": sorted(fields)})
    return found


def subscribe(
    work: Work, application: Application, wanted: Product, *, terms: int | None = None
) -> Subscription:
    """Ask for a product. Active at once where its approval is auto.

    `terms` is the revision of the terms that was accepted. Raises `AlreadySubscribed`, `TermsNotAccepted`.
    """
    applications.require_edit(work, application)
    if wanted.terms_revision and terms != wanted.terms_revision:
        raise TermsNotAccepted
    if _open(work, application.id, wanted.id) is not None:
        raise AlreadySubscribed
    version = plans.current(work, wanted.plan_slug)
    if version is None:
        raise NotFound
    at_once = wanted.approval == "auto"
    made = Subscription(
        id=new_id(),
        version=next_version(work),
        application_id=application.id,
        product_id=wanted.id,
        plan_slug=wanted.plan_slug,
        plan_number=version.number,
        state="active" if at_once else "pending",
        requested_at=work.now,
        decided_at=work.now if at_once else None,
        terms_accepted=terms,
        overrides=[],
    )
    work.session.add(made)
    work.session.flush()
    audit.record(work, "subscription.request", "subscription", made.id, {"product": wanted.slug})
    return made


def of_application(work: Work, application: Application, *, limit: int = 200) -> Sequence[Subscription]:
    """Newest first."""
    query = select(Subscription).where(Subscription.application_id == application.id)
    return work.session.scalars(query.order_by(Subscription.requested_at.desc()).limit(limit)).all()


def of_product(work: Work, wanted: Product, *, limit: int = 500) -> Sequence[Subscription]:
    """For those who decide about them: waiting ones first."""
    policy.require(work.caller, Action.ORGANIZATION_EDIT, wanted.organization_id)
    query = select(Subscription).where(Subscription.product_id == wanted.id)
    ordered = query.order_by(Subscription.state != "pending", Subscription.requested_at.desc())
    return work.session.scalars(ordered.limit(limit)).all()


def take_step(work: Work, subscription_id: str, step: str, *, reason: str = "") -> Subscription:
    """Approve, reject, pause, resume or end. The product's department decides; its subscriber may end it.

    Raises `NotFound`, `NotAllowed`, `StepNotPossible`, and `Invalid` where a reason is missing.
    """
    found, wanted = _decided(work, subscription_id, step)
    if step not in STEPS or found.state not in STEPS[step][0]:
        raise StepNotPossible
    if step in {"reject", "pause"} and not reason.strip():
        raise Invalid(fields={"reason": N_("Cần nêu lý do.")})
    found.state = STEPS[step][1]
    found.decided_at, found.decided_by_id = work.now, work.caller.user_id
    found.reason = reason.strip()[:1000] or None
    found.version = next_version(work)
    audit.record(
        work,
        f"subscription.{step}",
        "subscription",
        found.id,
        {"product": wanted.slug, "reason": found.reason},
    )
    return found


def move(work: Work, subscription_id: str, plan: str) -> Subscription:
    """Another plan, or its newest version. What was used stays used."""
    found, wanted = _decided(work, subscription_id, "move")
    version = plans.current(work, plan)
    if version is None:
        raise NotFound
    found.plan_slug, found.plan_number, found.version = plan, version.number, next_version(work)
    audit.record(work, "subscription.move", "subscription", found.id, {"plan": plan, "product": wanted.slug})
    return found


def agree(
    work: Work, subscription_id: str, rule: str, amount: int, *, until: str | None = None
) -> Subscription:
    """Another amount of one rule for one subscriber, dated and with its author. For operators."""
    policy.require(work.caller, Action.PLATFORM)
    found, _ = _decided(work, subscription_id, "agree")
    if not 1 <= amount <= MOST:
        raise Invalid(fields={"amount": N_("Số không nằm trong giới hạn cho phép.")})
    agreed = {
        "rule": rule,
        "amount": amount,
        "until": until,
        "by": work.caller.user_id,
        "at": work.now.isoformat(timespec="seconds"),
    }
    kept = [item for item in found.overrides if item["rule"] != rule]
    found.overrides, found.version = [*kept, agreed], next_version(work)
    audit.record(work, "subscription.agree", "subscription", found.id, {"rule": rule, "amount": amount})
    return found


def accept_terms(work: Work, subscription_id: str, revision: int) -> Subscription:
    """The subscriber accepts the present terms; a subscription paused for them goes on."""
    found = _get(work, subscription_id)
    applications.require_edit(work, applications.get(work, found.application_id))
    wanted = work.session.get_one(Product, found.product_id)
    if revision != wanted.terms_revision:
        raise TermsNotAccepted
    found.terms_accepted, found.version = revision, next_version(work)
    if found.state == "paused" and found.reason == TERMS_REASON:
        found.state, found.reason = "active", None
    audit.record(work, "subscription.accept_terms", "subscription", found.id, {"revision": revision})
    return found


TERMS_REASON = "terms"


def pause_without_terms(work: Work, wanted: Product, raised_on: Any) -> int:
    """Pause who has not accepted the terms 30 days after they were raised; the number paused."""
    if work.now - raised_on < TERMS_GRACE:
        return 0
    late = work.session.scalars(
        select(Subscription).where(
            Subscription.product_id == wanted.id,
            Subscription.state == "active",
            (Subscription.terms_accepted.is_(None)) | (Subscription.terms_accepted < wanted.terms_revision),
        )
    ).all()
    for found in late:
        found.state, found.reason, found.version = "paused", TERMS_REASON, next_version(work)
        audit.record(work, "subscription.pause", "subscription", found.id, {"reason": TERMS_REASON})
    return len(late)


def _decided(work: Work, subscription_id: str, step: str) -> tuple[Subscription, Product]:
    """A subscription whose step is for the caller to take."""
    found = _get(work, subscription_id)
    wanted = work.session.get_one(Product, found.product_id)
    application = work.session.get_one(Application, found.application_id)
    if step == "end" and applications.may_edit(work, application):
        return found, wanted
    if not policy.allows(work.caller, Action.ORGANIZATION_EDIT, wanted.organization_id):
        if applications.may_edit(work, application):
            raise NotAllowed
        policy.require(work.caller, Action.ORGANIZATION_EDIT, wanted.organization_id)
    return found, wanted


def _get(work: Work, subscription_id: str) -> Subscription:
    try:
        known = str(UUID(subscription_id))
    except ValueError:
        raise NotFound from None
    found = work.session.get(Subscription, known)
    if found is None:
        raise NotFound
    return found


def _open(work: Work, application_id: str, product_id: str) -> Subscription | None:
    return work.session.scalar(
        select(Subscription)
        .where(
            Subscription.application_id == application_id,
            Subscription.product_id == product_id,
            Subscription.state.not_in(FINAL),
        )
        .limit(1)
    )
