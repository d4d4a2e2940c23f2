"""What a search engine must do for us, in our own words.

An engine turns display text into token streams through `engines.search.analysis`; a query reaches it as
a `Plan` of clauses with constant scores. No engine stems, folds or ranks by a formula of its own, so two
engines give equal lists.

Streams are named `field.form`. Fields are those of `TEXT_FIELDS`, `any`, which holds the tokens of all
of them, and `main`, which holds those of all but the description. Forms are `exact` (marks count),
`fold` (they do not), and `exact2` and `fold2`, neighbouring tokens joined by `_`, for phrases.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from opendata.base.kit.errors import N_, OpenDataError, Unavailable

ALL = "*"
"""The visibility token that matches every document (operators)."""

TEXT_FIELDS = ("title", "title_en", "tags", "body", "description")
LONG_FIELD = "description"
ANY_FIELD = "any"
MAIN_FIELD = "main"
FORMS = ("exact", "fold", "exact2", "fold2")
FACETS = (
    "organization",
    "theme",
    "tag",
    "format",
    "license",
    "frequency",
    "access_level",
    "year",
    "synthetic",
    "topic",
)
"""Facets an index counts and filters by; a document may leave any of them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDocument:
    """One dataset as the index holds it.

    `text` maps a text field to its display text; parts that do not belong together (tags, names) stand
    on lines of their own, so that no phrase runs from one into the next. `facets` maps facet name to
    values (strings). `sort` holds "newest" (an integer that grows with the data date, at least 0),
    "title" (a `sort_key`) and "popularity" (an integer, at least 0); what is missing sorts last. `row`
    is the list row a door shows: JSON, stored and returned as it is. `sequence` is the outbox
    sequence: older writes lose.
    """

    id: str
    sequence: int
    visibility: str
    text: Mapping[str, str]
    facets: Mapping[str, Sequence[str]]
    sort: Mapping[str, int | str]
    row: Mapping[str, Any]
    period: tuple[int, int] | None = None
    """Days since 1970-01-01 of the first and the last day covered; None when unknown."""


# --- plan -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """`token` stands in token stream `stream` (say "title.exact"); scores `score` once."""

    stream: str
    token: str
    score: float


@dataclass(frozen=True, slots=True)
class Best:
    """Any of the clauses; the score is that of the best one."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of `required` (at least `at_least` of them when given); `optional` only add score; none of
    `forbidden`. The score is the sum of what matched. Without `required` every document matches."""

    required: tuple["Clause", ...] = ()
    optional: tuple["Clause", ...] = ()
    forbidden: tuple["Clause", ...] = ()
    at_least: int | None = None


Clause = Term | Best | Every


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`where` is None for "everything". `exact` marks hits that are not approximate: a hit that does
    not satisfy it sorts after all that do (the heading "near matches")."""

    where: Clause | None = None
    exact: Clause | None = None
    visible: frozenset[str] = frozenset({"public"})
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Facet name to accepted values: values of one facet are alternatives, facets are all required."""
    period: tuple[int, int] | None = None
    """Days since 1970-01-01; a document matches when its period overlaps or is unknown."""
    facets: tuple[str, ...] = ()
    """Facets to count. A facet's own filter does not narrow its own counts."""
    facet_size: int = 50
    sort: str = "relevance"
    """relevance | newest | title | popularity. Ties: newer data first, then id."""
    size: int = 20
    after: tuple[Any, ...] | None = None
    """The `key` of the last hit of the page before."""

    def cache_key(self) -> Hashable:
        """Equal for plans that ask for the same thing."""
        filters = tuple(sorted((name, tuple(sorted(values))) for name, values in self.filters.items()))
        scope = (self.visible, filters, self.period, self.facets, self.facet_size)
        return (self.where, self.exact, scope, self.sort, self.size, self.after)


# --- results --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    id: str
    score: float
    """0 in any other order than relevance."""
    near: bool
    row: Mapping[str, Any]
    key: tuple[Any, ...]
    """Sort key of this hit (JSON scalars); give it back as `Plan.after` for the next page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    total: int
    total_exact: int
    """Hits that are not near matches."""
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    """Facet name to (value, count), highest count first, then value."""
    generation: str
    """Changes with every visible change of the index; part of cache keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInfo:
    documents: int
    generation: str
    schema: str
    """Hash of the schema the live index was built with."""
    outdated: bool = False
    """The code would build the index otherwise by now. It is served all the same; rebuild it soon."""


class DocumentsRefused(OpenDataError):
    """The index takes these documents in no form; all others were written."""

    code = "index_refused_documents"
    message = N_("Chỉ mục tìm kiếm không nhận %(count)s bộ dữ liệu: %(first)s.")

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        first = next(iter(reasons.items()))
        super().__init__(count=len(reasons), first=": ".join(first))


class IndexLost(Unavailable):
    """There is no index though there are documents that it should hold. It is not made again empty, nor
    filled write by write, for what it lacks meanwhile would look as if it did not exist: only `rebuild`
    makes it again, whole."""


Expects = Callable[[], bool]
"""Whether there are documents that an index should hold."""


def nothing() -> bool:
    """Nobody knows of any: an index that is not there is made, empty."""
    return False


class SearchIndex(Protocol):
    """Every method may raise `opendata.base.kit.errors.Unavailable`, and all but `rebuild` and `tend`
    `IndexLost`."""

    def prepare(self) -> None:
        """Make an empty index where there is none. Called before the first document is kept elsewhere:
        from then on an index that is not there is one that was lost."""

    def write(self, upserts: Iterable[IndexDocument], deletes: Iterable[tuple[str, int]] = ()) -> None:
        """Apply in bulk and make visible before returning. An upsert or delete (id, sequence) older
        than what the index holds for that id is ignored; a delete keeps a tombstone with its
        sequence."""

    def search(self, plan: Plan) -> Results: ...

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        """(number of documents N, {(stream, token): document frequency})."""

    def vocabulary(self, stream: str, prefix: str = "", limit: int = 1000) -> Sequence[tuple[str, int]]:
        """Tokens of a stream that begin with `prefix` with their document frequency, most frequent
        first, then in code-point order. Serves suggestions, glued syllables and the did-you-mean of
        unmarked words."""

    def sequences(self, ids: Collection[str] | None = None) -> Mapping[str, tuple[int, str]]:
        """{id: (sequence, visibility)} of every live document, or of those asked for; the drift scan
        compares it."""

    def rebuild(self, documents: Iterable[IndexDocument]) -> int:
        """Build a new index beside the live one and swap; searches meanwhile see the old one. Writes
        that arrive during the rebuild are not lost: `documents` is first read after they are being
        recorded, so read the database in the generator, not before the call. Tombstones stay.
        Returns the number of documents. One rebuild at a time: a second one raises `Conflict`. A few
        documents that the index does not take keep the others from nothing: `DocumentsRefused` is raised
        once they are live."""

    def tend(self) -> None:
        """Remove what a rebuild that died left behind, where that costs something. Asked now and then."""

    def info(self) -> IndexInfo: ...

    def close(self) -> None: ...
