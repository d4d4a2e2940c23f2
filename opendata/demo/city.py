"""The bodies, topics, accounts and sources of the demo city in the tables; what is there stays as it is.

What was made is known by the audit trail: everything created by the caller `DEMO`.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from opendata.base.models import AuditEvent, HarvestSource, Organization, Topic
from opendata.base.runtime import Caller, Work
from opendata.demo.catalogue import Body, Predecessor, bodies, predecessors, topics
from opendata.demo.people import PEOPLE, Person
from opendata.services.access import members, people
from opendata.services.catalog import organizations
from opendata.services.harvest import sources

DEMO = Caller(kind="system", name="demo", operator=True)
SCHEDULE = "daily"


def made(work: Work, object_type: str) -> list[str]:
    """The ids of the objects of a type that the demo created, whether they still exist or not."""
    query = select(AuditEvent.object_id).where(
        AuditEvent.actor == DEMO.name,
        AuditEvent.actor_id.is_(None),
        AuditEvent.object_type == object_type,
        AuditEvent.action == f"{object_type}.create",
    )
    return list(work.session.scalars(query))


def settle(work: Work) -> None:
    """Bodies with their predecessors, and topics."""
    current = {body.code: _body(work, body) for body in bodies()}
    for former in predecessors():
        before = _predecessor(work, former)
        after = [current[code] for code in former.into]
        organizations.succeed(work, before, after, on_date=former.valid_to)
    known = set(work.session.scalars(select(Topic.slug)))
    for topic in topics():
        if topic.slug not in known:
            organizations.create_topic(work, topic.title, topic.description, slug=topic.slug)


def admit(work: Work, *, secret: bool) -> Iterator[tuple[Person, str | None]]:
    """Every account with the password it was just given, None where it was there before.

    `secret`: not the public passwords but random ones (an installation others can reach).
    """
    for person in PEOPLE:
        if people.find(work, person.email) is not None:
            yield person, None if secret else person.password
            continue
        password = secrets.token_urlsafe(12) if secret else person.password
        user = people.create(work, person.email, person.name, password, operator=person.operator)
        if person.role and person.body:
            members.assign(work, user, organizations.get(work, person.body), person.role)
        yield person, password


def connect(work: Work, root: Path) -> list[HarvestSource]:
    """One accepted source per body, on its folder below `root`."""
    return [_source(work, body, root / body.slug) for body in bodies()]


def source_slug(code: str) -> str:
    """The source of a body, by the body's code."""
    return f"demo-{code.lower()}"


def _source(work: Work, body: Body, folder: Path) -> HarvestSource:
    slug = source_slug(body.code)
    source = work.session.scalar(select(HarvestSource).where(HarvestSource.slug == slug))
    if source is None:
        source = sources.create(
            work,
            type="folder",
            url=str(folder),
            title=f"Thư mục dữ liệu của {body.name['vi']}",
            organization_id=organizations.get(work, body.code).id,
            slug=slug,
            schedule=SCHEDULE,
        )
    elif source.url != str(folder):
        sources.edit(work, source, url=str(folder))
    if source.state != "accepted":
        sources.accept(work, source)
    return source


def _body(work: Work, body: Body) -> Organization:
    parent = work.session.scalar(select(Organization.id).where(Organization.code == body.parent))
    return _found(work, body.code, body.slug) or organizations.create(
        work,
        body.name,
        slug=body.slug,
        code=body.code,
        abbreviation=body.abbreviation,
        level=body.level,
        parent_id=parent,
        former_names=[{"vi": name} for name in body.former_names],
        contact={"name": dict(body.contact), "email": body.email},
        valid_from=body.valid_from,
    )


def _predecessor(work: Work, former: Predecessor) -> Organization:
    return _found(work, former.code, former.slug) or organizations.create(
        work,
        former.name,
        slug=former.slug,
        code=former.code,
        valid_from=former.valid_from,
        valid_to=former.valid_to,
    )


def _found(work: Work, code: str, slug: str) -> Organization | None:
    query = select(Organization).where((Organization.code == code) | (Organization.slug == slug))
    return work.session.scalar(query.limit(1))
