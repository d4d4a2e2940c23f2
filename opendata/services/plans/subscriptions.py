"""Subscriptions of applications to products.

    pending -> active | rejected      active <-> paused      active | paused -> ended

Rejected and ended are final. One subscription that is not final for each application and product.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Application, PlanVersion, Product, Subscription
from opendata.base.runtime import Work
from opendata.services.access import applications, audit, events, notices, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action
from opendata.services.plans import agreements, deciding, plans
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
TOLD = {
    "approve": "subscription.approved",
    "reject": "subscription.rejected",
    "pause": "subscription.paused",
    "resume": "subscription.resumed",
    "end": "subscription.ended",
}
"""By step: the event that tells of it."""
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


def subscribe(
    work: Work, application: Application, wanted: Product, *, terms: int | None = None
) -> Subscription:
    """Ask for a product. Active at once where its approval is auto.

    `terms` is the revision of the terms that was accepted. Raises `AlreadySubscribed`, `TermsNotAccepted`.
    """
    applications.require_edit(work, application)
    if wanted.terms_revision and terms != wanted.terms_revision:
        raise TermsNotAccepted
    made = _made(work, application, wanted, terms)
    if wanted.approval == "auto":
        made.state, made.decided_at = "active", work.now
        publish(work, made, wanted, "subscription.approved")
    else:
        _tell_deciders(work, made, wanted, "subscription.requested")
    return made


def grant(work: Work, application: Application, wanted: Product, *, terms: int | None = None) -> Subscription:
    """A waiting subscription of somebody else's application, for operators who decide about it next.

    Raises `AlreadySubscribed`, `NotAllowed`.
    """
    policy.require(work.caller, Action.PLATFORM)
    return _made(work, application, wanted, terms)


def _made(work: Work, application: Application, wanted: Product, terms: int | None) -> Subscription:
    if unfinished(work, application.id, wanted.id) is not None:
        raise AlreadySubscribed
    version = plans.current(work, wanted.plan_slug)
    if version is None:
        raise NotFound
    made = Subscription(
        id=new_id(),
        version=next_version(work),
        application_id=application.id,
        product_id=wanted.id,
        plan_slug=wanted.plan_slug,
        plan_number=version.number,
        state="pending",
        requested_at=work.now,
        terms_accepted=terms,
        overrides=[],
    )
    work.session.add(made)
    try:
        work.session.flush()
    except IntegrityError as error:  # another asked at the same moment
        raise AlreadySubscribed from error
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


def to_decide(work: Work, *, limit: int = 500) -> Sequence[tuple[Subscription, Product, Application]]:
    """Subscriptions to products of the caller's departments that have not ended: waiting ones first, the
    one that waits longest at the top."""
    query = (
        select(Subscription, Product, Application)
        .join(Product, Product.id == Subscription.product_id)
        .join(Application, Application.id == Subscription.application_id)
        .where(Subscription.state.not_in(FINAL))
        .order_by(Subscription.state != "pending", Subscription.requested_at, Subscription.id)
        .limit(limit)
    )
    if not work.caller.operator:
        mine = policy.bodies(work.caller, Action.ORGANIZATION_EDIT)
        query = query.where(Product.organization_id.in_(mine))
    return [(row[0], row[1], row[2]) for row in work.session.execute(query)]


def number_waiting(work: Work, organization_id: str) -> int:
    """Requests for products of one department that wait to be decided."""
    return (
        work.session.scalar(
            select(func.count())
            .select_from(Subscription)
            .join(Product, Product.id == Subscription.product_id)
            .where(Subscription.state == "pending", Product.organization_id == organization_id)
        )
        or 0
    )


def of_caller(work: Work, wanted: Product) -> Sequence[tuple[Subscription, Application]]:
    """The caller's own to this product, the newest first."""
    mine = {application.id: application for application in applications.listing(work)}
    query = (
        select(Subscription)
        .where(Subscription.product_id == wanted.id, Subscription.application_id.in_(list(mine)))
        .order_by(Subscription.requested_at.desc(), Subscription.id)
    )
    return [(found, mine[found.application_id]) for found in work.session.scalars(query)]


def take_step(work: Work, subscription_id: str, step: str, *, reason: str = "") -> Subscription:
    """Approve, reject, pause, resume or end. The product's department decides; its subscriber may end it.

    Raises `NotFound`, `NotAllowed`, `StepNotPossible`, and `Invalid` where a reason is missing.
    """
    found, wanted = _decided(work, subscription_id, step)
    if step not in STEPS or found.state not in STEPS[step][0]:
        raise StepNotPossible
    told = clean(reason, multiline=True)
    if step in {"reject", "pause"} and not told:
        raise Invalid(fields={"reason": N_("Cần nêu lý do.")})
    found.state = STEPS[step][1]
    found.decided_at, found.decided_by_id = work.now, work.caller.user_id
    found.reason = told[:1000] or None
    found.version = next_version(work)
    audit.record(
        work,
        f"subscription.{step}",
        "subscription",
        found.id,
        {"product": wanted.slug, "reason": found.reason},
    )
    publish(work, found, wanted, TOLD[step], reason=found.reason or "–")
    return found


def move(work: Work, subscription_id: str, plan: str) -> Subscription:
    """Another plan, or its newest version. What was used stays used."""
    found, wanted = _decided(work, subscription_id, "move")
    version = plans.require_within_reach(work, plan)
    found.plan_slug, found.plan_number, found.version = plan, version.number, next_version(work)
    audit.record(work, "subscription.move", "subscription", found.id, {"plan": plan, "product": wanted.slug})
    return found


def agree(
    work: Work, subscription_id: str, rule: str, amount: int, *, until: str | None = None
) -> Subscription:
    """Another amount of one rule for one subscriber, dated and with its author. For operators. `until` is its
    last day in the city, today at the earliest. Raises `Invalid`."""
    policy.require(work.caller, Action.PLATFORM)
    found, _ = _decided(work, subscription_id, "agree")
    _require_sound(work, found, rule, amount, until)
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


def _require_sound(work: Work, found: Subscription, rule: str, amount: int, until: str | None) -> None:
    problems = {}
    version = work.session.get_one(PlanVersion, (found.plan_slug, found.plan_number))
    if rule not in {item["name"] for item in version.rules}:
        problems["rule"] = N_("Gói của đăng ký không có quy tắc này.")
    if not 1 <= amount <= MOST:
        problems["amount"] = N_("Số không nằm trong giới hạn cho phép.")
    if until is not None and until < agreements.today(work):
        problems["until"] = N_("Ngày này đã qua.")
    if problems:
        raise Invalid(fields=problems)


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
        publish(work, found, wanted, "subscription.resumed")
    audit.record(work, "subscription.accept_terms", "subscription", found.id, {"revision": revision})
    return found


TERMS_REASON = N_("Điều khoản mới chưa được chấp nhận.")


def pause_without_terms(work: Work, wanted: Product) -> int:
    """Pause who has not accepted the terms 30 days after they were raised; the number paused. Who accepts
    them at this moment is not."""
    if wanted.terms_raised_at is None or work.now - wanted.terms_raised_at < TERMS_GRACE:
        return 0
    late = work.session.scalars(
        select(Subscription)
        .where(
            Subscription.product_id == wanted.id,
            Subscription.state == "active",
            (Subscription.terms_accepted.is_(None)) | (Subscription.terms_accepted < wanted.terms_revision),
        )
        .with_for_update()
    ).all()
    for found in late:
        found.state, found.reason, found.version = "paused", TERMS_REASON, next_version(work)
        audit.record(work, "subscription.pause", "subscription", found.id, {"reason": TERMS_REASON})
        publish(work, found, wanted, "subscription.paused", reason=TERMS_REASON)
    return len(late)


def remind(work: Work, found: Subscription, wanted: Product) -> bool:
    """Tell those who decide that their time is up, once; whether this was the time."""
    return _tell_deciders(work, found, wanted, "subscription.overdue")


def publish(
    work: Work, found: Subscription, wanted: Product, kind: str, *, period: str = "", **data: Any
) -> None:
    """Tell the subscriber. A step can be taken again: its time tells one from the next."""
    application = work.session.get_one(Application, found.application_id)
    told = {**_about(found, wanted), **data}
    events.publish(work, application, kind, subject(found), told, period=period or instant(work.now))


def _tell_deciders(work: Work, found: Subscription, wanted: Product, kind: str) -> bool:
    application = work.session.get_one(Application, found.application_id)
    told = {
        **_about(found, wanted),
        "application": application.id,
        "application_name": application.name,
        "since": instant(found.requested_at),
        "until": instant(deciding.decide_by(work, found, wanted)),
    }
    admins = notices.admins(work, wanted.organization_id) if wanted.organization_id else ()
    people = admins or notices.operators(work)
    return notices.tell(work, people, kind, subject(found), told) > 0


def _about(found: Subscription, wanted: Product) -> dict[str, Any]:
    return {"subscription": found.id, "product": wanted.slug, "product_title": wanted.title}


def subject(found: Subscription) -> str:
    """What notices name it by."""
    return f"subscription:{found.id}"


def instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _decided(work: Work, subscription_id: str, step: str) -> tuple[Subscription, Product]:
    """A subscription whose step is for the caller to take; nobody else writes to it until this is over."""
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
    """To be written to: two steps at the same moment come one after the other."""
    found = work.find(Subscription, subscription_id, lock=True)
    if found is None:
        raise NotFound
    return found


def unfinished(work: Work, application_id: str, product_id: str) -> Subscription | None:
    """The one that is not final. Whoever asks for it has checked what the caller may see."""
    return work.session.scalar(
        select(Subscription)
        .where(
            Subscription.application_id == application_id,
            Subscription.product_id == product_id,
            Subscription.state.not_in(FINAL),
        )
        .limit(1)
    )
