"""Handing an application over: its owner offers it, somebody else takes it.

Whoever had it knows its secrets. So whoever takes it gets it with the scopes of reading alone, its keys read
and end within a week, and its endpoints are removed. Its OAuth2 client is not handed over: people let it
act for them because of who had it, and it sends them to addresses of the former owner.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, or_, select

from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound
from opendata.base.models import Application, ApplicationTransfer, Organization, User
from opendata.base.runtime import Work
from opendata.services.access import applications, audit, former_owner, notices, people, policy, scopes
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action

OPEN_FOR = timedelta(days=14)
HANDOVER = timedelta(days=7)
"""How long keys that the former owner knows go on to work."""


class AlreadyOwned(Conflict):
    code = "already_owned"
    message = N_("Ứng dụng đã thuộc về bên nhận.")


def offer(
    work: Work, application: Application, *, email: str = "", organization: Organization | None = None
) -> ApplicationTransfer:
    """Offer it to the holder of an address or to an organisation; an offer before is replaced.

    Says nothing about whether there is an account with the address. Raises `Invalid`, `NotAllowed`,
    `ConfirmFirst`.
    """
    application = applications.hold(work, application)
    applications.require_edit(work, application)
    _require_confirmed(work)
    if application.status != "active":
        raise applications.ApplicationClosed
    if (organization is None) == (not email.strip()):
        raise Invalid(fields={"email": N_("Cần một địa chỉ thư hoặc một tổ chức.")})
    if organization is None and not people.is_address(email):
        raise Invalid(fields={"email": N_("Địa chỉ thư không hợp lệ.")})
    known = work.session.get(ApplicationTransfer, application.id)
    if known is not None:
        work.session.delete(known)
        work.session.flush()
    made = ApplicationTransfer(
        application_id=application.id,
        to_email=None if organization else people.email_key(email),
        to_org_id=organization.id if organization else None,
        by_id=work.caller.user_id,
        created=work.now,
        expires=work.now + OPEN_FOR,
    )
    _require_change(work, application, made)
    work.session.add(made)
    work.session.flush()
    to = {"organization": organization.slug} if organization else {}
    audit.record(work, "application.offer", "application", application.id, to)
    _tell_recipients(work, application, made)
    return made


def _require_confirmed(work: Work) -> None:
    """An offer writes to people who did not ask for it."""
    user = work.session.get(User, work.caller.user_id) if work.caller.user_id else None
    if user is not None and user.confirmed_at is None:
        raise applications.ConfirmFirst


def pending(work: Work, application: Application) -> ApplicationTransfer | None:
    """The open offer of an application."""
    found = work.session.get(ApplicationTransfer, application.id)
    return found if found is not None and found.expires > work.now else None


def waiting(work: Work) -> Sequence[tuple[ApplicationTransfer, Application]]:
    """What the caller may take, for himself or for an organisation."""
    query = _takeable(work).order_by(ApplicationTransfer.created, Application.id).limit(100)
    return [(row[0], row[1]) for row in work.session.execute(query)]


def _takeable(work: Work) -> Select[ApplicationTransfer, Application]:
    policy.require_person(work.caller)
    user = work.session.get_one(User, work.caller.user_id)
    mine = [
        key
        for key in {**work.caller.roles, **work.caller.teams}
        if policy.allows(work.caller, Action.APPLICATION_EDIT, key)
    ]
    to: ColumnElement[bool] = ApplicationTransfer.to_org_id.in_(mine)
    if user.confirmed_at is not None and work.caller.home is None:
        to = or_(to, ApplicationTransfer.to_email == user.email_key)
    return (
        select(ApplicationTransfer, Application)
        .join(Application, Application.id == ApplicationTransfer.application_id)
        .where(to, ApplicationTransfer.expires > work.now, Application.status == "active")
    )


def accept(work: Work, application_id: str) -> tuple[ApplicationTransfer, Application]:
    """Take it; the offer that was is in the answer. Raises `NotFound`, `TooManyApplications`, `NameTaken`."""
    transfer, application = offered(work, application_id, lock=True)
    body = work.session.get_one(Organization, transfer.to_org_id) if transfer.to_org_id else None
    applications.require_room(work, body)
    before = notices.owners(work, application)
    application.owner_user_id = None if body else work.caller.user_id
    application.owner_org_id = body.id if body else None
    application.scopes = [scope for scope in application.scopes if scope in scopes.OPEN]
    application.version = next_version(work)
    applications.require_free_name(work, application)
    work.session.delete(transfer)
    former_owner.shut_out(work, application, "transfer", keys_until=work.now + HANDOVER)
    work.session.flush()
    audit.record(
        work, "application.transfer", "application", application.id, {"to": "org" if body else "user"}
    )
    told = {
        "application": application.id,
        "application_name": application.name,
        "to": body.name if body else work.caller.name,
    }
    people_told = {user.id: user for user in (*before, *notices.owners(work, application))}
    when = work.now.isoformat(timespec="seconds")
    notices.tell(
        work, people_told.values(), "application.transferred", f"app:{application.id}", told, period=when
    )
    return transfer, application


def end(work: Work, application_id: str) -> tuple[ApplicationTransfer, Application]:
    """Take the offer back, or decline it. Raises `NotFound`."""
    application = work.session.get(Application, application_id)
    if application is None:
        raise NotFound
    applications.hold(work, application)
    found = work.session.get(ApplicationTransfer, application_id, populate_existing=True)
    if found is None:
        raise NotFound
    if not applications.may_edit(work, application):
        offered(work, application_id)
    work.session.delete(found)
    audit.record(work, "application.offer_ended", "application", application_id)
    return found, application


def offered(
    work: Work, application_id: str, *, lock: bool = False
) -> tuple[ApplicationTransfer, Application]:
    """An offer to the caller; with `lock` to be taken: others who take it or take it back wait. Raises
    `NotFound`."""
    application = work.session.get(Application, application_id) if lock else None
    if application is not None:
        applications.hold(work, application)
    row = work.session.execute(_takeable(work).where(Application.id == application_id)).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _require_change(work: Work, application: Application, made: ApplicationTransfer) -> None:
    if made.to_org_id and made.to_org_id == application.owner_org_id:
        raise AlreadyOwned
    owner = work.session.get(User, application.owner_user_id) if application.owner_user_id else None
    if owner is not None and owner.email_key == made.to_email:
        raise AlreadyOwned


def _tell_recipients(work: Work, application: Application, made: ApplicationTransfer) -> None:
    if made.to_org_id:
        to: Sequence[User] = notices.admins(work, made.to_org_id)
    else:
        query = select(User).where(User.email_key == made.to_email, User.confirmed_at.is_not(None))
        to = work.session.scalars(query).all()
    told = {"application_name": application.name, "by": work.caller.name}
    day = made.created.date().isoformat()  # however often it is offered to somebody
    notices.tell(work, to, "application.offered", f"app:{application.id}", told, period=day)
