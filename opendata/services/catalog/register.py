"""Names kept in memory for reads: bodies, topics and tag spellings.

A list page needs the labels of its facets and the search needs the names of every body; both come from
here without a query. The register is read again when the index has a new generation, at most every two
seconds, and by age, off the path of requests: another process may have changed what the index does not tell.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from opendata.base.formats.record import LangText
from opendata.base.kit.vietnamese import clean, exact_key
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import FormerSlug, Organization, OrganizationSuccession, Tag, Topic
from opendata.base.runtime import SYSTEM, Platform
from opendata.services.access.people import DEPARTMENT
from opendata.services.catalog.query import Lexicon

REFRESH_SECONDS = 2.0
OLD_SECONDS = 30.0


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
    """A consistent reading of the register, with the lexicon the search reads queries by."""

    generation: str
    bodies: Mapping[str, BodyEntry]
    topics: Mapping[str, LangText]
    tags: Mapping[str, str]
    former: Mapping[str, str]
    lexicon: Lexicon

    @property
    def told(self) -> tuple[Mapping[str, object], ...]:
        """What was read; the lexicon follows from it."""
        return self.bodies, self.topics, self.tags, self.former

    def organization(self, slug: str) -> str:
        """The present slug of a body given by a present or former one."""
        return self.former.get(slug, slug)

    def tag(self, word: str) -> str:
        """The spelling in use of a keyword."""
        word = clean(word)
        return self.tags.get(exact_key(word), word)


class Register:
    """Thread-safe holder of the newest `Names`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._names: Names | None = None
        self._read_at = self._looked = float("-inf")
        self._readings = 0
        self._lock = threading.Lock()

    def names(self, generation: str) -> Names:
        """The names as of index `generation`, or at most two seconds older."""
        held = self._names
        if held is not None and not self._stale(held, generation):
            return held
        with self._lock:
            held = self._names
            if held is None or self._stale(held, generation):
                held = self._names = _read(self._platform, generation)
                self._read_at = time.monotonic()
                self._readings += 1
        return held

    def edition(self, generation: str) -> int:
        """A number that differs whenever `names` may tell something else."""
        self.names(generation)
        return self._readings

    def tick(self) -> None:
        """Read by age, while requests go on with what is held; what is told anew has a new edition."""
        held, now = self._names, time.monotonic()
        if held is None or now - max(self._read_at, self._looked) < OLD_SECONDS:
            return
        self._looked = now
        found = _read(self._platform, held.generation)
        if found.told == held.told:
            return
        with self._lock:
            if self._names is held:  # else read or forgotten meanwhile
                self._names = found
                self._readings += 1

    def _stale(self, held: Names, generation: str) -> bool:
        return held.generation != generation and time.monotonic() - self._read_at > REFRESH_SECONDS

    def forget(self) -> None:
        """Read anew at the next call."""
        self._names = None


def _read(platform: Platform, generation: str) -> Names:
    with platform.read(SYSTEM) as work:
        departments = select(Organization).where(Organization.kind == DEPARTMENT)
        # in every process alike: what a short name stands for is told in this order, and a list gone on by it
        ordered = departments.order_by(Organization.sort_key, Organization.id)
        organizations = work.session.scalars(ordered).all()
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
    bodies = {
        o.slug: _entry(o, tuple(sorted(after.get(o.id, ()))), slugs.get(o.parent_id or ""))
        for o in organizations
    }
    return Names(
        generation=generation,
        bodies=bodies,
        topics={row.slug: row.title for row in topics},
        tags={row.key: row.label for row in tags},
        former={row.slug: slugs[row.object_id] for row in former if row.object_id in slugs},
        lexicon=_lexicon(platform.part(Vocabularies), bodies.values()),
    )


def _lexicon(vocabularies: Vocabularies, bodies: Iterable[BodyEntry]) -> Lexicon:
    tables = {name: vocabularies.table(name) for name in ("abbreviations", "synonyms", "search_words")}
    return Lexicon(**tables, bodies=bodies)


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
