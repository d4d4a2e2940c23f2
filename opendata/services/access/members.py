"""Who belongs to an organisation, with which role. Nobody gives more than he holds; one admin stays."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from opendata.base.kit.errors import N_, Conflict, Invalid, NotAllowed, NotFound
from opendata.base.kit.vietnamese import sort_key
from opendata.base.models import Membership, Organization, User
from opendata.base.runtime import ROLES, Work
from opendata.services.access import audit, people, policy
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action


class LastAdmin(Conflict):
    code = "last_admin"
    message = N_("Tổ chức phải còn ít nhất một người phụ trách. Hãy giao vai trò này cho người khác trước.")


class RoleNotHeld(NotAllowed):
    code = "role_not_held"
    message = N_("Không ai giao hay đổi được vai trò cao hơn mức mình được giao.")


def listing(work: Work, organization: Organization, *, limit: int = 500) -> Sequence[tuple[User, str]]:
    """(person, role), admins first, by name."""
    policy.require(work.caller, Action.MEMBERS_VIEW, organization.id)
    rows: Sequence[Any] = work.session.execute(
        select(User, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization.id)
        .order_by(User.id)
        .limit(limit)
    ).all()
    return sorted(
        ((row[0], row[1]) for row in rows),
        key=lambda pair: (-ROLES.index(pair[1]), sort_key(pair[0].name), pair[0].id),
    )


def find(work: Work, organization: Organization, user_id: str) -> User:
    """A member. Raises `NotFound`."""
    user = work.session.scalar(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization.id, User.id == user_id)
    )
    if user is None:
        raise NotFound
    return user


def role_of(work: Work, organization: Organization, user: User) -> str:
    """Raises `NotFound` for somebody who is no member."""
    role = work.session.scalar(
        select(Membership.role).where(
            Membership.organization_id == organization.id, Membership.user_id == user.id
        )
    )
    if role is None:
        raise NotFound
    return role


def assign(work: Work, user: User, organization: Organization, role: str | None) -> None:
    """Give `role` in an organisation, or none. Open sessions of the person end.

    Raises `NotAllowed`, `RoleNotHeld`, `LastAdmin`, `Invalid`.
    """
    leaving = role is None and user.id == work.caller.user_id
    if not leaving:
        policy.require(work.caller, Action.MEMBERS_EDIT, organization.id)
    if role is not None and role not in ROLES:
        raise Invalid(fields={"role": N_("Vai trò không có trong danh sách.")})
    work.session.execute(select(Organization.id).where(Organization.id == organization.id).with_for_update())
    held = work.session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.organization_id == organization.id)
    )
    before = held.role if held else None
    if before == role:
        return
    if not leaving:
        require_givable(work, organization, before, role)
    if before == "admin":
        _require_another(work, organization, user)
    if held is not None:
        work.session.delete(held)
        work.session.flush()
    if role is not None:
        work.session.add(Membership(user_id=user.id, organization_id=organization.id, role=role))
    people.end_sessions(work, user)
    user.version = next_version(work)
    audit.record(work, "user.assign", "user", user.id, {"organization": organization.id, "role": role})


def require_givable(work: Work, organization: Organization, *roles: str | None) -> None:
    """Whether the caller may give and take these roles: in a department those below his own, in an
    organisation of developers all up to his own. Raises `RoleNotHeld`."""
    if work.caller.operator:
        return
    own = policy.role_in(work.caller, Action.MEMBERS_EDIT, organization.id)
    most = ROLES.index(own) if own else -1
    if organization.kind == people.DEPARTMENT:
        most -= 1
    for role in roles:
        if role is not None and ROLES.index(role) > most:
            raise RoleNotHeld


def _require_another(work: Work, organization: Organization, user: User) -> None:
    others = work.session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organization_id == organization.id, Membership.role == "admin")
        .where(Membership.user_id != user.id, User.active)
    )
    if not others:
        raise LastAdmin
