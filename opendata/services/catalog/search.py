"""Search of datasets for every door: permission joined in, labels added, no SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opendata.base.formats.record import LangText
from opendata.base.runtime import Work

SORTS = ("relevance", "newest", "title", "popularity")
MAX_SIZE = 100
MAX_TEXT = 1000
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
    """One page of rows (`documents.row_of`), each with `near` set where the match is approximate.

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
    """A page of datasets the caller may see. Raises `Invalid` naming the parameter that is wrong."""
    raise NotImplementedError


def suggest(work: Work, text: str, *, limit: int = 8) -> list[Suggestion]:
    """Completions while typing: titles, bodies, tags and topics with a word beginning so."""
    raise NotImplementedError


def related(work: Work, document: Mapping[str, Any], *, limit: int = 4) -> list[Mapping[str, Any]]:
    """Rows of other datasets that share the most telling words of this one's title and keywords."""
    raise NotImplementedError
