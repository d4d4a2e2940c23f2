"""Plans and their versions. A version is written once and never changed; the newest one that is valid
counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from opendata.base.kit.errors import N_, Invalid, NotFound
from opendata.base.models import Plan, PlanVersion
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action
from opendata.services.plans import rules as rule_book

SLUG_LENGTH = 40
PAGE_MOST = 100_000


def listing(work: Work, *, limit: int = 200) -> Sequence[tuple[Plan, PlanVersion]]:
    """Every plan that is not retired, with the version that counts now, by slug."""
    query = select(Plan).where(Plan.retired.is_(False)).order_by(Plan.slug).limit(limit)
    found = work.session.scalars(query).all()
    versions = current_of(work, [plan.slug for plan in found])
    return [(plan, versions[plan.slug]) for plan in found if plan.slug in versions]


def offered(work: Work) -> Sequence[tuple[Plan, PlanVersion]]:
    """Those the caller may give to subscribers."""
    return [(plan, version) for plan, version in listing(work) if _within_reach(work, plan, version)]


def require_within_reach(work: Work, slug: str) -> PlanVersion:
    """The version to give to subscribers. The ceiling of departments is what operators wrote for
    subscribers: plans anybody may take, and those that count by subscription. Raises `Invalid`, `NotFound`.
    """
    plan, version = get(work, slug), current(work, slug)
    if version is None:
        raise NotFound
    if plan.retired:
        raise Invalid(fields={"plan": N_("Gói không nhận đăng ký mới.")})
    if not _within_reach(work, plan, version):
        raise Invalid(fields={"plan": N_("Chỉ người vận hành cấp được gói này.")})
    return version


def _within_reach(work: Work, plan: Plan, version: PlanVersion) -> bool:
    if plan.self_service or policy.allows(work.caller, Action.PLATFORM):
        return True
    return all(rule["partition"] == "subscription" for rule in version.rules)


def get(work: Work, slug: str) -> Plan:
    """Raises `NotFound`."""
    plan = work.session.get(Plan, slug)
    if plan is None:
        raise NotFound
    return plan


def current(work: Work, slug: str) -> PlanVersion | None:
    """The version that counts now."""
    return current_of(work, [slug]).get(slug)


def current_of(work: Work, slugs: Collection[str]) -> dict[str, PlanVersion]:
    """The versions that count now, of those plans that have one."""
    newest = (
        select(PlanVersion.plan_slug, func.max(PlanVersion.number).label("number"))
        .where(PlanVersion.plan_slug.in_(slugs), PlanVersion.valid_from <= work.now)
        .group_by(PlanVersion.plan_slug)
        .subquery()
    )
    same = (PlanVersion.plan_slug == newest.c.plan_slug) & (PlanVersion.number == newest.c.number)
    return {row.plan_slug: row for row in work.session.scalars(select(PlanVersion).join(newest, same))}


def next_begin(work: Work, slug: str) -> datetime | None:
    """When a version that was written already begins to count."""
    later = (PlanVersion.plan_slug == slug) & (PlanVersion.valid_from > work.now)
    return work.session.scalar(select(func.min(PlanVersion.valid_from)).where(later))


def versions(work: Work, slug: str, *, limit: int = 200) -> Sequence[PlanVersion]:
    """All of a plan, newest first."""
    query = select(PlanVersion).where(PlanVersion.plan_slug == slug)
    return work.session.scalars(query.order_by(PlanVersion.number.desc()).limit(limit)).all()


def write(
    work: Work,
    slug: str,
    rules: Iterable[Any],
    *,
    title: Mapping[str, str] | None = None,
    partition: str = "owner",
    page_max: int = 10_000,
    self_service: bool | None = None,
    query_key_allowed: bool | None = None,
    valid_from: datetime | None = None,
) -> PlanVersion:
    """A new plan or a new version of one. For operators.

    `rules` are texts or objects (`rules.compile_rules`). Raises `Invalid`, `NotAllowed`.
    """
    policy.require(work.caller, Action.PLATFORM)
    compiled = rule_book.compile_rules(rules, partition=partition)
    _require_sound(slug, page_max)
    plan = work.session.get(Plan, slug)
    if plan is None:
        plan = Plan(slug=slug, title=dict(title or {"vi": slug, "en": slug}))
        work.session.add(plan)
    elif title:
        plan.title = dict(title)
    if self_service is not None:
        plan.self_service = self_service
    if query_key_allowed is not None:
        plan.query_key_allowed = query_key_allowed
    plan.retired = False
    version = PlanVersion(
        plan_slug=slug,
        number=_next_number(work, slug),
        version=next_version(work),
        page_max=page_max,
        rules=[rule.as_object() for rule in compiled],
        valid_from=valid_from or work.now,
    )
    work.session.flush()
    work.session.add(version)
    work.session.flush()
    audit.record(work, "plan.write", "plan", slug, {"number": version.number})
    return version


def retire(work: Work, slug: str) -> None:
    """Nobody can subscribe to it any more; who has it keeps it."""
    policy.require(work.caller, Action.PLATFORM)
    get(work, slug).retired = True
    audit.record(work, "plan.retire", "plan", slug)


def _next_number(work: Work, slug: str) -> int:
    newest = work.session.scalar(select(func.max(PlanVersion.number)).where(PlanVersion.plan_slug == slug))
    return (newest or 0) + 1


def _require_sound(slug: str, page_max: int) -> None:
    problems = {}
    if (
        not 1 <= len(slug) <= SLUG_LENGTH
        or not slug.replace("-", "").isascii()
        or not slug.replace("-", "").isalnum()
    ):
        problems["slug"] = N_("Chỉ dùng chữ cái không dấu, chữ số và dấu gạch nối.")
    if not 1 <= page_max <= PAGE_MOST:
        problems["page_max"] = N_("Số dòng mỗi trang nằm ngoài giới hạn cho phép.")
    if problems:
        raise Invalid(fields=problems)
