"""The ledger of quotas: amounts spent by period. A cell only grows; its owner is told at 80 and at 100 %."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from opendata.base.kit.errors import N_
from opendata.base.models import Application, Membership, Notice, QuotaLedger, Subscription, User
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.access import mails

STEPS = (80, 100)
KINDS = {80: "quota.warning", 100: "quota.exhausted"}
_SUBJECTS = {
    80: N_("Đã dùng 80% hạn mức trên %(portal)s"),
    100: N_("Đã dùng hết hạn mức trên %(portal)s"),
}
_BODY = N_(
    "Kỳ %(period)s đã dùng %(used)s trên %(limit)s (quy tắc %(rule)s)."
    " Xem chi tiết ở trang mức sử dụng của ứng dụng."
)
MOST_TOLD = 20


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


def cells(work: Work, subject: str, *, limit: int = 24) -> Sequence[QuotaLedger]:
    """What a subject spent, the newest periods first."""
    query = select(QuotaLedger).where(QuotaLedger.subject == subject)
    return work.session.scalars(query.order_by(QuotaLedger.period_start.desc()).limit(limit)).all()


def _tell(work: Work, cell: QuotaLedger) -> None:
    share = cell.used * 100 / cell.limit if cell.limit else 0
    reached = [step for step in STEPS if share >= step and step not in cell.notices]
    if not reached:
        return
    cell.notices = sorted({*cell.notices, *reached})
    for step in reached:
        for user in _people(work, cell.subject):
            if _first(work, cell, step, user) and step == reached[-1]:
                _write(work, cell, step, user)


def _first(work: Work, cell: QuotaLedger, step: int, user: User) -> bool:
    """A notice once for each rule, period and person."""
    notice = insert_into(work.session, Notice).values(
        kind=KINDS[step],
        subject=cell.subject,
        period=f"{cell.rule}:{cell.period_start}:{user.id}",
        user_id=user.id,
        data={"rule": cell.rule, "period": cell.period_start, "used": cell.used, "limit": cell.limit},
        created=work.now,
    )
    added = notice.on_conflict_do_nothing(index_elements=["kind", "subject", "period"])
    return work.session.execute(added.returning(Notice.id)).first() is not None


def _write(work: Work, cell: QuotaLedger, step: int, user: User) -> None:
    if user.confirmed_at is None:
        return
    mails.post(
        work,
        user.email,
        user.locale,
        _SUBJECTS[step],
        _BODY,
        period=cell.period_start,
        used=cell.used,
        limit=cell.limit,
        rule=cell.rule,
    )


def _people(work: Work, subject: str) -> Iterator[User]:
    """Who answers for a subject: a person, the admins of an organisation, or those of a subscriber."""
    kind, _, name = subject.partition(":")
    if kind == "sub":
        yield from _of_application(work, _subscriber(work, name))
    elif kind in {"app", "key"}:
        yield from _of_application(work, name if kind == "app" else None)
    elif kind == "user" and (user := work.session.get(User, name)) is not None:
        yield user
    elif kind == "org":
        query = (
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organization_id == name, Membership.role == "admin", User.active)
            .order_by(User.id)
            .limit(MOST_TOLD)
        )
        yield from work.session.scalars(query)


def _subscriber(work: Work, subscription_id: str) -> str | None:
    return work.session.scalar(select(Subscription.application_id).where(Subscription.id == subscription_id))


def _of_application(work: Work, application_id: str | None) -> Iterator[User]:
    application = work.session.get(Application, application_id) if application_id else None
    if application is not None:
        owner = application.owner_user_id
        yield from _people(work, f"user:{owner}" if owner else f"org:{application.owner_org_id}")
