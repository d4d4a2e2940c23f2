"""Addresses that survive renames: a slug once used stays reserved and redirects."""

import re
from itertools import count
from typing import Protocol

from sqlalchemy import select

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
    """A slug for `title` that nothing of this kind holds or ever held: base, base-2, base-3…"""
    base = slugify(title)
    if len(base) < 2:
        base = f"{kind}-{base}".rstrip("-")
    taken = _taken(work, kind, base)
    return next(s for s in (base if n == 1 else f"{base}-{n}" for n in count(1)) if s not in taken)


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
        raise Invalid(fields={"slug": N_("Chỉ dùng chữ cái không dấu, chữ số và gạch nối, từ 2 đến 100 ký tự.")})
    holder = work.session.get(FormerSlug, (kind, slug))
    mine = holder is not None and holder.object_id == item.id
    if not mine and slug in _taken(work, kind, slug):
        raise SlugTaken(fields={"slug": SlugTaken.message})
    if holder is not None:
        work.session.delete(holder)
    work.session.add(FormerSlug(kind=kind, slug=item.slug, object_id=item.id))
    item.slug = slug
    work.session.flush()


def former(work: Work, kind: str, slug: str) -> str | None:
    """The id of the object that once had this slug."""
    held = work.session.get(FormerSlug, (kind, slug))
    return held.object_id if held else None
