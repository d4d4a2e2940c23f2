"""The ledger of quotas: amounts spent by period. A cell only grows; its owner is told at 80 and at 100 %."""

from collections.abc import Sequence

from sqlalchemy import select

from opendata.base.models import ApiKey, Application, QuotaLedger, Subscription, User
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.engines.counters import Cell
from opendata.services.access import events, notices
from opendata.services.plans import rules

STEPS = (80, 100)
KINDS = {80: "quota.warning", 100: "quota.exhausted"}
MOST_APPLICATIONS = 500


def add(work: Work, subject: str, rule: str, period: str, *, amount: int, limit: int) -> None:
    """Raise a cell. `limit` 0 is for rules that never refuse: they are counted and nobody is told."""
    if amount <= 0:
        return
    cell = work.session.get(QuotaLedger, (subject, rule, period), with_for_update=True)
    if cell is None:
        cell = QuotaLedger(subject=subject, rule=rule, period_start=period, used=0, limit=limit, notices=[])
        work.session.add(cell)
    cell.used += amount
    cell.limit = limit
    _tell(work, cell)


def used(platform: Platform, cell: Cell) -> int | None:
    """What was used of a counter's period; None where the ledger keeps nothing of it. For those who count
    while the shared counters are away. In a transaction of its own."""
    key = rules.in_ledger(cell)
    if key is None:
        return None
    with platform.read(SYSTEM) as work:
        found = work.session.get(QuotaLedger, key)
        return None if found is None else found.used


def _tell(work: Work, cell: QuotaLedger) -> None:
    """At the highest step alone where several are passed at once; those below are as good as told."""
    share = cell.used * 100 / cell.limit if cell.limit else 0
    reached = [step for step in STEPS if share >= step and step not in cell.notices]
    if not reached:
        return
    cell.notices = sorted({*cell.notices, *reached})
    kind = KINDS[reached[-1]]
    told = {"rule": cell.rule, "period": cell.period_start, "used": cell.used, "limit": cell.limit}
    period = f"{cell.rule}:{cell.period_start}"
    events.spread(
        work, kind, cell.subject, told,
        people=_people(work, cell.subject), application_ids=_applications(work, cell.subject), period=period,
    )  # fmt: skip


def _people(work: Work, subject: str) -> Sequence[User]:
    """Who answers for a subject: a person, the admins of an organisation, or those of a subscriber."""
    kind, _, name = subject.partition(":")
    if kind == "org":
        return notices.admins(work, name)
    if kind == "user":
        user = work.session.get(User, name)
        return [user] if user is not None else []
    found = (work.session.get(Application, application_id) for application_id in _applications(work, subject))
    return [user for application in found if application for user in notices.owners(work, application)]


def _applications(work: Work, subject: str) -> Sequence[str]:
    """Those that draw from a quota."""
    kind, _, name = subject.partition(":")
    match kind:
        case "user" | "org":
            owner = Application.owner_user_id if kind == "user" else Application.owner_org_id
            query = select(Application.id).where(owner == name, Application.status == "active")
        case "sub":
            query = select(Subscription.application_id).where(Subscription.id == name)
        case "key":
            query = select(ApiKey.application_id).where(ApiKey.id == name)
        case "app":
            return [name]
        case _:
            return []
    return work.session.scalars(query.limit(MOST_APPLICATIONS)).all()
