"""Names kept in memory for reads: bodies, topics and tag spellings.

A list page needs the labels of its facets and the search needs the names of every body; both come from
here without a query. The register is read again when the index has a new generation, at most every two
seconds.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from opendata.base.formats.record import LangText
from opendata.base.kit.vietnamese import exact_key
from opendata.base.models import FormerSlug, Organization, OrganizationSuccession, Tag, Topic
from opendata.base.runtime import SYSTEM, Platform

REFRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class BodyEntry:
    """One body, living or dissolved. `successors` are slugs."""

    slug: str
    name: LangText
    abbreviation: str | None
    former_names: tuple[LangText, ...]
    living: bool
    successors: tuple[str, ...]
    parent: str | None


@dataclass(frozen=True, slots=True)
class Names:
    """A consistent reading of the register."""

    generation: str = ""
    bodies: Mapping[str, BodyEntry] = field(default_factory=dict)
    topics: Mapping[str, LangText] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)

    def organization(self, slug: str) -> str:
        """The present slug of a body given by a present or former one."""
        return self.former.get(slug, slug)

    def tag(self, word: str) -> str:
        """The spelling in use of a keyword."""
        return self.tags.get(exact_key(word), word)


class Register:
    """Thread-safe holder of the newest `Names`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._names = Names()
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def names(self, generation: str) -> Names:
        """The names as of index `generation`, or at most two seconds older."""
        stale = self._names.generation != generation and time.monotonic() - self._read_at > REFRESH_SECONDS
        if stale and self._lock.acquire(blocking=not self._names.generation):
            try:
                self._names = _read(self._platform, generation)
                self._read_at = time.monotonic()
            finally:
                self._lock.release()
        return self._names

    def forget(self) -> None:
        """Read anew at the next call."""
        self._read_at = float("-inf")
        self._names = Names()


def _read(platform: Platform, generation: str) -> Names:
    with platform.read(SYSTEM) as work:
        organizations = work.session.scalars(select(Organization)).all()
        successions = work.session.execute(
            select(OrganizationSuccession.predecessor_id, OrganizationSuccession.successor_id)
        ).all()
        slugs = {organization.id: organization.slug for organization in organizations}
        after: dict[str, list[str]] = {}
        for predecessor, successor in successions:
            after.setdefault(predecessor, []).append(slugs[successor])
        topics = work.session.execute(select(Topic.slug, Topic.title)).all()
        tags = work.session.execute(select(Tag.key, Tag.label)).all()
        former = work.session.execute(
            select(FormerSlug.slug, FormerSlug.object_id).where(FormerSlug.kind == "organization")
        ).all()
    return Names(
        generation=generation,
        bodies={
            o.slug: _entry(o, tuple(sorted(after.get(o.id, ()))), slugs.get(o.parent_id or ""))
            for o in organizations
        },
        topics={row.slug: row.title for row in topics},
        tags={row.key: row.label for row in tags},
        former={row.slug: slugs[row.object_id] for row in former if row.object_id in slugs},
    )


def _entry(organization: Organization, successors: tuple[str, ...], parent: str | None) -> BodyEntry:
    return BodyEntry(
        slug=organization.slug,
        name=organization.name,
        abbreviation=organization.abbreviation,
        former_names=tuple(organization.former_names),
        living=organization.valid_to is None,
        successors=successors,
        parent=parent,
    )
