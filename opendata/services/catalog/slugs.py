"""Addresses that survive renames: a slug once used stays reserved and redirects."""

import re
from collections.abc import Collection, Iterable
from itertools import count
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opendata.base.kit.errors import N_, Conflict, Invalid
from opendata.base.kit.vietnamese import slugify
from opendata.base.models import Dataset, FormerSlug, Organization, Topic
from opendata.base.runtime import Work

MODELS: dict[str, type[Dataset | Organization | Topic]] = {
    "dataset": Dataset,
    "organization": Organization,
    "topic": Topic,
}


_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{1,99}")


class Sluggish(Protocol):
    """An object with an address."""

    id: str
    slug: str


class SlugTaken(Conflict):
    code = "slug_taken"
    message = N_("Địa chỉ này đã được dùng cho nội dung khác.")


def free(work: Work, kind: str, title: str) -> str:
    """A slug for `title` that nothing of this kind holds or ever held: base, base-2, base-3…

    It is the caller's from now on: a second call in the same transaction gives another one.
    """
    base = _base(kind, title)
    claimed: set[tuple[str, str]] = work.session.info.setdefault("slugs", set())
    slug = base
    if (kind, base) in claimed or _held(work, kind, base):
        taken = _taken(work, kind, base)
        numbered = (f"{base}-{n}" for n in count(2))
        slug = next(s for s in numbered if s not in taken and (kind, s) not in claimed)
    claimed.add((kind, slug))
    return slug


def expect(work: Work, kind: str, titles: Iterable[str]) -> None:
    """Look up at once what a batch of `free` is going to ask for one by one, in this transaction."""
    bases = {_base(kind, title) for title in titles}
    looked_up: dict[tuple[str, str], bool] = work.session.info.setdefault("slugs_held", {})
    looked_up.update({(kind, base): False for base in bases})
    looked_up.update({(kind, slug): True for slug in _found(work, kind, bases)})


def _base(kind: str, title: str) -> str:
    base = slugify(title)
    return base if len(base) >= 2 else f"{kind}-{base}".rstrip("-")


def _held(work: Work, kind: str, slug: str) -> bool:
    looked_up: dict[tuple[str, str], bool] = work.session.info.get("slugs_held", {})
    known = looked_up.get((kind, slug))
    return bool(_found(work, kind, {slug})) if known is None else known


def _found(work: Work, kind: str, wanted: Collection[str]) -> set[str]:
    """Those in use now or before, without writing what waits: the claims of a transaction tell the rest."""
    model = MODELS[kind]
    current = select(model.slug).where(model.slug.in_(wanted))
    former = select(FormerSlug.slug).where(FormerSlug.kind == kind, FormerSlug.slug.in_(wanted))
    with work.session.no_autoflush:
        return set(work.session.scalars(current.union_all(former)))


def _taken(work: Work, kind: str, base: str) -> set[str]:
    model = MODELS[kind]
    pattern = base + "-%"
    current = select(model.slug).where((model.slug == base) | model.slug.like(pattern))
    former = select(FormerSlug.slug).where(
        FormerSlug.kind == kind, (FormerSlug.slug == base) | FormerSlug.slug.like(pattern)
    )
    return set(work.session.scalars(current.union_all(former)))


def rename(work: Work, kind: str, item: Sluggish, slug: str) -> None:
    """Give `item` another slug and keep the old one as a redirect. Raises `SlugTaken`, `Invalid`."""
    if slug == item.slug:
        return
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            fields={"slug": N_("Chỉ dùng chữ cái không dấu, chữ số và gạch nối, từ 2 đến 100 ký tự.")}
        )
    holder = work.session.get(FormerSlug, (kind, slug))
    mine = holder is not None and holder.object_id == item.id
    if not mine and slug in _taken(work, kind, slug):
        raise SlugTaken(fields={"slug": SlugTaken.message})
    if holder is not None:
        work.session.delete(holder)
    work.session.add(FormerSlug(kind=kind, slug=item.slug, object_id=item.id))
    item.slug = slug
    settle(work)


def settle(work: Work) -> None:
    """Write what waits. Raises `SlugTaken` where somebody else took the address at the same moment: after it
    was looked up as free, before this."""
    try:
        work.session.flush()
    except IntegrityError as error:
        if "slug" not in str(error.orig):
            raise
        raise SlugTaken(fields={"slug": SlugTaken.message}) from error


def former(work: Work, kind: str, slug: str) -> str | None:
    """The id of the object that once had this slug."""
    held = work.session.get(FormerSlug, (kind, slug))
    return held.object_id if held else None
