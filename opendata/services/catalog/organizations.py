"""Departments and other bodies, their successions, and the topics datasets are filed under."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from opendata.base.kit.errors import N_, Conflict, Gone, Invalid, NotFound
from opendata.base.kit.ids import is_id, new_id
from opendata.base.kit.vietnamese import clean, sort_key
from opendata.base.models import Dataset, Organization, OrganizationSuccession, Topic
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.people import DEPARTMENT
from opendata.services.access.policy import Action
from opendata.services.catalog import entry, slugs

LEVELS = ("city", "ward", "central")
OWN = frozenset({"abbreviation", "contact", "description", "homepage", "second_approval"})
"""What a department may change of itself."""
EDITABLE = OWN | {"code", "former_names", "level", "parent_id", "valid_from", "valid_to"}
"""What operators may change: the place of a body among the others is not its own to choose."""


class CodeTaken(Conflict):
    code = "code_taken"
    message = N_("Mã này đã thuộc về cơ quan khác.")


def create(work: Work, name: Mapping[str, str], *, slug: str | None = None, **values: Any) -> Organization:
    """A new body; `values` are the fields named in `EDITABLE`. Operators only."""
    policy.require(work.caller, Action.PLATFORM)
    names = _names(name)
    organization = Organization(
        id=new_id(),
        slug=slugs.free(work, "organization", slug or names["vi"]),
        name=names,
        sort_key=sort_key(names["vi"]),
        modified=work.now,
    )
    _require_free_code(work, organization, values.get("code"))
    _assign(organization, values, EDITABLE)
    work.session.add(organization)
    _settle(work)
    audit.record(work, "organization.create", "organization", organization.id)
    work.after("organization", organization.id)
    return organization


def edit(
    work: Work,
    organization: Organization,
    *,
    name: Mapping[str, str] | None = None,
    slug: str | None = None,
    **values: Any,
) -> None:
    """Change a body; its datasets are indexed anew under the new name and address, and those of the bodies
    below it, which are found under its name."""
    policy.require(work.caller, Action.ORGANIZATION_EDIT, organization.id)
    named_anew = name is not None or "former_names" in values
    publishers = _locked(work, organization, below=named_anew)
    if name is not None:
        organization.name = _names(name)
        organization.sort_key = sort_key(organization.name["vi"])
    if slug is not None:
        slugs.rename(work, "organization", organization, slug)
    _require_free_code(work, organization, values.get("code"))
    _assign(organization, values, EDITABLE if work.caller.operator else OWN)
    organization.modified = work.now
    _settle(work)
    audit.record(work, "organization.edit", "organization", organization.id, {"fields": sorted(values)})
    work.after("organization", organization.id)
    for dataset_id in work.session.scalars(select(Dataset.id).where(Dataset.publisher_id.in_(publishers))):
        work.after("dataset", dataset_id)


def _locked(work: Work, organization: Organization, *, below: bool) -> Sequence[str]:
    """The ids of the body and, where asked for, of those below it. The lock waits for datasets of theirs that
    are being created: they would be missed, with the name of before in the index."""
    chosen = Organization.id == organization.id
    if below:
        chosen |= Organization.parent_id == organization.id
    query = select(Organization.id).where(chosen).order_by(Organization.id).with_for_update()
    return work.session.scalars(query).all()


def succeed(
    work: Work, predecessor: Organization, successors: Sequence[Organization], *, on_date: str | None
) -> None:
    """Say that `successors` took over the duties of `predecessor`."""
    policy.require(work.caller, Action.PLATFORM)
    known = set(
        work.session.scalars(
            select(OrganizationSuccession.successor_id).where(
                OrganizationSuccession.predecessor_id == predecessor.id
            )
        )
    )
    new = [successor for successor in successors if successor.id not in known]
    for successor in new:
        link = OrganizationSuccession(
            predecessor_id=predecessor.id, successor_id=successor.id, on_date=on_date
        )
        work.session.add(link)
        work.after("organization", successor.id)
    if new:
        told = {"successors": [successor.slug for successor in new], "on_date": on_date}
        audit.record(work, "organization.succeed", "organization", predecessor.id, told)


def get(work: Work, id_or_slug: str, *, lock: bool = False) -> Organization:
    """By id, slug, former slug or code. With `lock` as it is once nobody else is changing it. Raises
    `NotFound`."""
    found = _find(work, id_or_slug)
    if found is not None and lock:
        found = work.find(Organization, found.id, lock=True)
    if found is None:
        raise NotFound
    return found


def _find(work: Work, key: str) -> Organization | None:
    if is_id(key):
        found = work.find(Organization, key)
        return found if found is not None and found.kind == DEPARTMENT else None
    query = select(Organization).where(
        (Organization.slug == key) | (Organization.code == key), Organization.kind == DEPARTMENT
    )
    if (found := work.session.scalar(query.limit(1))) is not None:
        return found
    object_id = slugs.former(work, "organization", key)
    return work.session.get(Organization, object_id) if object_id else None


def listing(work: Work) -> Sequence[tuple[Organization, int]]:
    """Every living body with the number of datasets this caller sees, in Vietnamese order."""
    counts = (
        select(Dataset.publisher_id, func.count().label("n"))
        .where(policy.visible_clause(work.caller, Dataset.visibility))
        .group_by(Dataset.publisher_id)
        .subquery()
    )
    query = (
        select(Organization, func.coalesce(counts.c.n, 0))
        .outerjoin(counts, counts.c.publisher_id == Organization.id)
        .where(Organization.valid_to.is_(None), Organization.kind == DEPARTMENT)
        .order_by(Organization.sort_key, Organization.id)
    )
    return [(row[0], row[1]) for row in work.session.execute(query)]


def neighbours(
    work: Work, organization: Organization
) -> tuple[Sequence[Organization], Sequence[Organization]]:
    """(predecessors, successors) of a body."""
    link = OrganizationSuccession
    before = select(Organization).join(link, link.predecessor_id == Organization.id)
    after = select(Organization).join(link, link.successor_id == Organization.id)
    return (
        work.session.scalars(before.where(link.successor_id == organization.id)).all(),
        work.session.scalars(after.where(link.predecessor_id == organization.id)).all(),
    )


def create_topic(
    work: Work, title: Mapping[str, str], description: Mapping[str, str], *, slug: str | None = None
) -> Topic:
    """A new topic. Operators only."""
    policy.require(work.caller, Action.PLATFORM)
    names = _names(title)
    topic = Topic(
        id=new_id(),
        slug=slugs.free(work, "topic", slug or names["vi"]),
        title=names,
        description=dict(description),
        sort_key=sort_key(names["vi"]),
        modified=work.now,
    )
    work.session.add(topic)
    slugs.settle(work)
    audit.record(work, "topic.create", "topic", topic.id)
    work.after("organization", topic.id)
    return topic


def topics(work: Work) -> Sequence[Topic]:
    return work.session.scalars(select(Topic).order_by(Topic.sort_key, Topic.id)).all()


def get_topic(work: Work, id_or_slug: str) -> Topic:
    """By id, slug or former slug. Raises `NotFound`."""
    if is_id(id_or_slug):
        found = work.find(Topic, id_or_slug)
    else:
        found = work.session.scalar(select(Topic).where(Topic.slug == id_or_slug))
        if found is None and (object_id := slugs.former(work, "topic", id_or_slug)):
            found = work.session.get(Topic, object_id)
    if found is None:
        raise NotFound
    return found


def require_living(organization: Organization) -> None:
    """Raises `Gone` for a body that has been dissolved."""
    if organization.valid_to is not None:
        raise Gone


def _names(name: Mapping[str, str]) -> dict[str, str]:
    names = {language: clean(text) for language, text in name.items() if text}
    if not names.get("vi"):
        raise Invalid(fields={"name.vi": N_("Cần có tên tiếng Việt.")})
    return names


def _require_free_code(work: Work, organization: Organization, code: str | None) -> None:
    query = select(Organization.id).where(Organization.code == code, Organization.id != organization.id)
    if code is not None and work.session.scalar(query) is not None:
        raise CodeTaken(fields={"code": CodeTaken.message})


def _settle(work: Work) -> None:
    """Write what waits. Raises `CodeTaken` or `SlugTaken` where somebody else was quicker."""
    try:
        slugs.settle(work)
    except IntegrityError as error:
        if "code" not in str(error.orig):
            raise
        raise CodeTaken(fields={"code": CodeTaken.message}) from error


def _assign(organization: Organization, values: Mapping[str, Any], editable: frozenset[str]) -> None:
    if unknown := sorted(set(values) - editable):
        raise Invalid(fields={field.removesuffix("_id"): N_("Không có trường này.") for field in unknown})
    if values.get("level", "city") not in LEVELS:
        raise Invalid(fields={"level": N_("Mã không có trong danh mục.")})
    homepage = values.get("homepage")
    if homepage is not None and not entry.is_web_address(homepage):
        raise Invalid(fields={"homepage": N_("Địa chỉ phải bắt đầu bằng http:// hoặc https://.")})
    for field, value in values.items():
        setattr(organization, field, entry.clean_values(value))
