"""Search of datasets for every door: permission joined in, labels added, no SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from opendata.base.formats.record import LangText
from opendata.base.i18n import pick
from opendata.base.kit import cursors
from opendata.base.kit.errors import N_, Invalid, Unavailable
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Platform, Work
from opendata.engines.search import Hit, SearchIndex
from opendata.engines.search.ordering import fits
from opendata.services.access import policy
from opendata.services.catalog import reduced
from opendata.services.catalog.filters import BY_NAME
from opendata.services.catalog.query import Course, Marks, Outcome, excerpt, highlight, markup, search
from opendata.services.catalog.query import suggest as complete
from opendata.services.catalog.query.course import read
from opendata.services.catalog.register import Names, Register

log = structlog.get_logger(__name__)
REDUCED = "reduced"
"""Stands for the generation of an index that does not answer."""
SORTS = ("relevance", "newest", "title", "popularity")
MAX_SIZE = 100
MAX_TEXT = 1000
_LAST_PLACE = 2**31
"""No hit stands behind it."""
YES_NO: Mapping[str, LangText] = {"true": {"vi": "Có", "en": "Yes"}, "false": {"vi": "Không", "en": "No"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetQuery:
    """What a door asks. `filters` maps filter name to accepted values; `cursor` is `Page.next`.

    `as_typed` switches every rewriting off; `undo` names rewritings to leave out.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    sort: str = "relevance"
    size: int = 20
    cursor: str | None = None
    as_typed: bool = False


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    label: LangText
    count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of rows (`rows.row_of`), each with `near` set where the match is approximate and
    `highlight` holding title and description as safe HTML with `<mark>`, by language (None without words).

    `notes` are sentences about what was rewritten: (message id, parameters).
    """

    total: int
    total_exact: int
    rows: tuple[Mapping[str, Any], ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    next: str | None
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    searched: str = ""
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`kind` is dataset, organization, tag or topic; `slug` where there is one."""

    kind: str
    text: str
    slug: str | None = None


def find(work: Work, query: DatasetQuery) -> Page:
    """A page of datasets the caller may see, `reduced` while the index is away. Raises `Invalid` naming the
    parameter that is wrong."""
    _check(query)
    try:
        return _find(work, query)
    except Unavailable as error:
        log.warning("search.reduced", error=repr(error))
        return _find_reduced(work, query)


def _find_reduced(work: Work, query: DatasetQuery) -> Page:
    work.reduced = True
    names = work.part(Register).names(REDUCED)
    found = reduced.find(
        work,
        query.text,
        filters=_resolved(query.filters, names),
        visible=policy.visible_to(work.caller),
        sort=query.sort,
        size=query.size,
        cursor=query.cursor,
    )
    rows = tuple({**row, "near": False, "highlight": None} for row in found.rows)
    return Page(
        total=found.total,
        total_exact=found.total,
        rows=rows,
        facets=dict.fromkeys(query.facets, ()),
        next=found.next,
        searched=query.text,
        reduced=True,
    )


def _find(work: Work, query: DatasetQuery) -> Page:
    index = work.part(SearchIndex)
    held = index.info()
    names = work.part(Register).names(held.generation)
    filters = _resolved(query.filters, names)
    after, course = _after(query, held.documents)
    outcome = search(
        index,
        names.lexicon,
        query.text,
        filters=filters,
        visible=policy.visible_to(work.caller),
        facets=query.facets,
        sort=query.sort,
        size=query.size,
        after=after,
        course=course,
        as_typed=query.as_typed,
    )
    results = outcome.results
    return Page(
        total=results.total,
        total_exact=results.total_exact,
        rows=tuple(_row(hit, outcome.marks if outcome.searched else None) for hit in results.hits),
        facets=_labelled(work, results.facets, filters, names),
        next=_next(outcome, query.size),
        notes=outcome.notes,
        searched=outcome.searched,
    )


def _row(hit: Hit, marks: Marks | None) -> dict[str, Any]:
    row = {**hit.row, "near": hit.near, "highlight": None}
    if marks is not None:
        row["highlight"] = {
            "title": {lang: markup(highlight(text, marks)) for lang, text in row["title"].items()},
            "description": {lang: markup(excerpt(text, marks)) for lang, text in row["description"].items()},
        }
    return row


def state(platform: Platform) -> tuple[str, int]:
    """What every page and every label of the catalogue follows from; a change of it changes this value."""
    try:
        generation = platform.part(SearchIndex).info().generation
    except Unavailable:
        generation = REDUCED
    return generation, platform.part(Register).edition(generation)


def _check(query: DatasetQuery) -> None:
    problems: dict[str, str] = {}
    if len(query.text) > MAX_TEXT:
        problems["q"] = N_("Câu tìm kiếm quá dài.")
    if query.sort not in SORTS:
        problems["sort"] = N_("Không có cách sắp xếp này.")
    if not 0 <= query.size <= MAX_SIZE:
        problems["size"] = N_("Mỗi trang có từ 0 đến 100 mục.")
    for name in {*query.filters, *query.facets} - set(BY_NAME):
        problems[name] = N_("Không có bộ lọc này.")
    if problems:
        raise Invalid(fields=problems)


def _resolved(filters: Mapping[str, tuple[str, ...]], names: Names) -> dict[str, tuple[str, ...]]:
    """Former slugs of bodies and other spellings of tags stand for the present ones."""
    resolve = {"organization": names.organization, "tag": names.tag}
    return {
        name: tuple(dict.fromkeys(resolve.get(name, str)(value) for value in values))
        for name, values in filters.items()
    }


def _labelled(
    work: Work,
    counted: Mapping[str, Sequence[tuple[str, int]]],
    chosen: Mapping[str, tuple[str, ...]],
    names: Names,
) -> dict[str, tuple[FacetValue, ...]]:
    vocabularies = work.part(Vocabularies)
    return {
        name: tuple(
            FacetValue(value, _label(name, value, names, vocabularies), count, value in chosen.get(name, ()))
            for value, count in values
        )
        for name, values in counted.items()
    }


def _label(name: str, value: str, names: Names, vocabularies: Vocabularies) -> LangText:
    source = BY_NAME[name].labels
    if source == "organizations":
        return names.bodies[value].name if value in names.bodies else {"vi": value}
    if source == "topics":
        return names.topics.get(value, {"vi": value})
    if source == "yes_no":
        return YES_NO[value]
    return dict(vocabularies.label(source, value)) if source else {"vi": value}


def _after(query: DatasetQuery, documents: int) -> tuple[tuple[Any, ...] | None, Course | None]:
    """The key in the cursor, and the course of a query with words. Raises `Invalid` for a key of another
    sort, or that no hit can have had. Its place, which says how far to read, ends with the datasets there
    are: some may be gone."""
    if not query.cursor:
        return None, None
    key, course = cursors.decode(query.cursor), None
    if key and isinstance(key[-1], list):
        *key_parts, written = key
        key, course = tuple(key_parts), read(written)
    orders = {query.sort, "newest"} if query.sort == "relevance" else {query.sort}
    if not any(fits(key, order) for order in orders) or not 0 <= key[-1] <= _LAST_PLACE:
        raise cursors.refused()
    return (*key[:-1], min(key[-1], documents)), course


def _next(outcome: Outcome, size: int) -> str | None:
    """A full page may have a next one; a cursor past the end finds an empty page."""
    hits, course = outcome.results.hits, outcome.course.written()
    if not hits or len(hits) < size:
        return None
    return cursors.encode(hits[-1].key if course is None else (*hits[-1].key, course))


def suggest(work: Work, text: str, *, limit: int = 8, language: str = "vi") -> list[Suggestion]:
    """Completions while typing: titles, bodies, tags and topics with a word beginning so. None while the
    index is away: typing goes on without."""
    try:
        return _suggest(work, text, limit, language)
    except Unavailable:
        work.reduced = True
        return []


def _suggest(work: Work, text: str, limit: int, language: str) -> list[Suggestion]:
    index = work.part(SearchIndex)
    names = work.part(Register).names(index.info().generation)
    visible = policy.visible_to(work.caller)

    def label(kind: str, value: str) -> str | None:
        if kind == "tag":
            return value
        known = names.topics.get(value) if kind == "topic" else None
        known = names.bodies[value].name if kind == "organization" and value in names.bodies else known
        return pick(known, language) if known else None

    found = complete(index, text, label, visible=visible, limit=limit, language=language)
    return [Suggestion(c.kind, c.text, None if c.kind == "tag" else c.value) for c in found]


def related(work: Work, document: Mapping[str, Any], *, limit: int = 4) -> list[Mapping[str, Any]]:
    """Rows of other datasets of the same themes and keywords."""
    words = document["keywords"].get("vi", [])[:5]
    found = (
        find(work, DatasetQuery(filters={"tag": tuple(words)}, sort="newest", size=limit + 1))
        if words
        else None
    )
    rows = [row for row in found.rows if row["id"] != document["id"]] if found else []
    return rows[:limit]
