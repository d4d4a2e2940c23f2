"""Invitations into an organisation: bound to an address, used once, judged again when they are accepted."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select

from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, NotFound, SignInRequired
from opendata.base.kit.secrets import Peppers
from opendata.base.kit.vietnamese import clean
from opendata.base.models import Membership, Organization, User, UserToken
from opendata.base.runtime import ROLES, Work
from opendata.services.access import accounts, audit, mails, members, people, policy, tokens
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action

PURPOSE = "invite"
LIFE = timedelta(days=14)
MOST = 50
"""Open invitations of one organisation."""

SUBJECT = N_("Lời mời tham gia %(organization)s tại %(portal)s")
BODY = N_(
    "Chào bạn,\n\n%(inviter)s mời bạn tham gia %(organization)s. Mở liên kết sau để nhận lời; cần đăng nhập"
    " bằng tài khoản của địa chỉ này. Liên kết dùng được trong 14 ngày:\n\n%(link)s"
)


class OtherAddress(NotAllowed):
    code = "other_address"
    message = N_("Lời mời này gửi cho địa chỉ khác. Hãy đăng nhập bằng tài khoản của địa chỉ đã nhận thư.")


class AlreadyMember(Conflict):
    code = "already_member"
    message = N_("Người này đã ở trong tổ chức.")


def invite(work: Work, organization: Organization, email: str, role: str, *, locale: str = "vi") -> UserToken:
    """Ask somebody in by mail. Says nothing about whether the address has an account.

    Raises `NotAllowed`, `RoleNotHeld`, `Invalid`.
    """
    policy.require(work.caller, Action.MEMBERS_EDIT, organization.id)
    problems = {}
    if role not in ROLES:
        problems["role"] = N_("Vai trò không có trong danh sách.")
    if not people.is_address(email):
        problems["email"] = N_("Địa chỉ thư không hợp lệ.")
    if len(listing(work, organization)) >= MOST:
        problems["email"] = N_("Đã đủ số lời mời đang chờ.")
    if problems:
        raise Invalid(fields=problems)
    members.require_givable(work, organization, role)
    name = organization.name.get(locale) or organization.name["vi"]
    data = {
        "organization": organization.id,
        "role": role,
        "email": clean(email),
        "by": work.caller.user_id,
    }
    seed = tokens.mailed(work, PURPOSE, life=LIFE, data=data)
    mails.post(
        work,
        clean(email),
        locale,
        SUBJECT,
        BODY,
        organization=name,
        inviter=work.caller.name,
        link=mails.link("/invitation", seed, locale),
    )
    audit.record(work, "member.invite", "organization", organization.id, {"role": role})
    return tokens.peek(work, PURPOSE, tokens.text_of(work.part(Peppers), seed))


def listing(work: Work, organization: Organization) -> Sequence[UserToken]:
    """Open invitations, newest first. `data` holds email and role."""
    policy.require(work.caller, Action.MEMBERS_VIEW, organization.id)
    query = (
        select(UserToken)
        .where(UserToken.purpose == PURPOSE, UserToken.used_at.is_(None), UserToken.expires > work.now)
        .where(UserToken.data["organization"].as_string() == organization.id)
        .order_by(UserToken.created.desc(), UserToken.digest)
        .limit(MOST * 2)
    )
    return work.session.scalars(query).all()


def name_of(invitation: UserToken) -> str:
    """What an invitation is called by in lists: it opens nothing."""
    return invitation.digest.hex()[:16]


def withdraw(work: Work, organization: Organization, name: str) -> UserToken:
    policy.require(work.caller, Action.MEMBERS_EDIT, organization.id)
    found = next((item for item in listing(work, organization) if name_of(item) == name), None)
    if found is None:
        raise NotFound
    work.session.execute(delete(UserToken).where(UserToken.digest == found.digest))
    audit.record(work, "member.uninvite", "organization", organization.id)
    return found


def look(work: Work, token: str) -> tuple[Organization, UserToken]:
    """What a token invites into. Raises `LinkEnded`."""
    found = tokens.peek(work, PURPOSE, token)
    organization = work.session.get(Organization, found.data["organization"])
    if organization is None:
        raise tokens.LinkEnded
    return organization, found


def accept(work: Work, token: str) -> Organization:
    """The caller joins. Raises `LinkEnded`, `OtherAddress`, `RoleNotHeld`, `AlreadyMember`."""
    if work.caller.user_id is None:
        raise SignInRequired
    organization, invitation = look(work, token)
    user = people.by_id(work, work.caller.user_id)
    if people.email_key(user.email) != people.email_key(invitation.data["email"]):
        raise OtherAddress
    tokens.take(work, PURPOSE, token)
    _require_still_givable(work, organization, invitation)
    if user.confirmed_at is None:
        accounts.own(work, user)
    _require_stranger(work, organization, user)
    role = invitation.data["role"]
    work.session.add(Membership(user_id=user.id, organization_id=organization.id, role=role))
    user.version = next_version(work)
    audit.record(work, "member.join", "organization", organization.id, {"role": role})
    return organization


def _require_still_givable(work: Work, organization: Organization, invitation: UserToken) -> None:
    """The rights of the one who invited, as they are now."""
    inviter = work.session.get(User, invitation.data["by"]) if invitation.data["by"] else None
    if inviter is None:
        return  # by the command line, which operates the portal
    joining, work.caller = work.caller, people.caller_of(work, inviter)
    try:
        if not inviter.active:
            raise members.RoleNotHeld
        policy.require(work.caller, Action.MEMBERS_EDIT, organization.id)
        members.require_givable(work, organization, invitation.data["role"])
    finally:
        work.caller = joining


def _require_stranger(work: Work, organization: Organization, user: User) -> None:
    held = select(Membership.id).where(
        Membership.user_id == user.id, Membership.organization_id == organization.id
    )
    if work.session.scalar(held) is not None:
        raise AlreadyMember
