"""Organisations of developers: companies, universities and others. They own applications and publish
nothing; departments are kept by the catalogue."""

from sqlalchemy import select

from opendata.base.kit import base62
from opendata.base.kit.errors import N_, Invalid, NotFound, SignInRequired
from opendata.base.kit.ids import is_id, new_id
from opendata.base.kit.vietnamese import clean, slugify, sort_key
from opendata.base.models import Membership, Organization, User
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.applications import ConfirmFirst
from opendata.services.access.changes import next_version
from opendata.services.access.policy import Action

KINDS = ("company", "university", "other")
MOST = 20
"""Organisations of developers a person may belong to."""


def create(work: Work, name: str, kind: str = "company") -> Organization:
    """A new organisation; whoever makes it is its first admin. Raises `Invalid`, `ConfirmFirst`."""
    user = _person(work)
    text = clean(name)
    problems = {}
    if not 2 <= len(text) <= 200:
        problems["name"] = N_("Cần có tên.")
    if kind not in KINDS:
        problems["kind"] = N_("Giá trị không có trong danh sách cho phép.")
    if len(work.caller.teams) >= MOST:
        problems["name"] = N_("Đã đủ số tổ chức cho phép.")
    if problems:
        raise Invalid(fields=problems)
    organization = Organization(
        id=new_id(),
        slug=f"{slugify(text)[:90] or 'to-chuc'}-{base62.draw(6).lower()}",
        name={"vi": text},
        description={},
        kind=kind,
        level="other",
        sort_key=sort_key(text),
        modified=work.now,
    )
    work.session.add(organization)
    work.session.flush()
    work.session.add(Membership(user_id=user.id, organization_id=organization.id, role="admin"))
    user.version = next_version(work)
    audit.record(work, "team.create", "organization", organization.id, {"kind": kind})
    return organization


def get(work: Work, id_or_slug: str) -> Organization:
    """A department or organisation whose members the caller may see. Raises `SignInRequired` for a visitor,
    `NotFound` for an organisation of others as for one that is not there."""
    if not work.caller.signed_in and not work.caller.operator:
        raise SignInRequired
    column = Organization.id if is_id(id_or_slug) else Organization.slug
    found = work.session.scalar(select(Organization).where(column == id_or_slug))
    if found is None or not policy.allows(work.caller, Action.MEMBERS_VIEW, found.id):
        raise NotFound
    return found


def mine(work: Work) -> list[tuple[Organization, str]]:
    """Departments and organisations the caller belongs to, with the role, by name."""
    held = {**work.caller.roles, **work.caller.teams}
    query = (
        select(Organization)
        .where(Organization.id.in_(list(held)))
        .order_by(Organization.sort_key, Organization.id)
        .limit(500)
    )
    return [(organization, held[organization.id]) for organization in work.session.scalars(query)]


def _person(work: Work) -> User:
    policy.require_self(work.caller)
    user = work.session.get_one(User, work.caller.user_id)
    if user.confirmed_at is None:
        raise ConfirmFirst
    return user
