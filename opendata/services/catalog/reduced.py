"""Search without the index: folded words and filters in SQL, for as long as the search engine is away.

Every word must stand in the text, with or without marks; no ranking by field, no corrections, no facets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, or_, select

from opendata.base.kit import cursors
from opendata.base.kit.errors import Unavailable
from opendata.base.kit.vietnamese import fold, tokens
from opendata.base.models import Dataset, DatasetDocument
from opendata.base.runtime import Work
from opendata.engines.search import ALL
from opendata.services.catalog.filters import FILTERS
from opendata.services.catalog.rows import row_of

MOST_WORDS = 12
_MARK = "reduced"


@dataclass(frozen=True, slots=True)
class Found:
    total: int
    rows: tuple[Mapping[str, Any], ...]
    next: str | None


def words_of(text: Mapping[str, str]) -> str:
    """The folded tokens of the texts of a dataset, each between two spaces."""
    every = (fold(token) for value in text.values() for token in tokens(value))
    return f" {' '.join(dict.fromkeys(every))} "


def facets_of(document: Mapping[str, Any]) -> str:
    """A line for each value that a filter may ask for."""
    lines = (f"{declared.name}={value}" for declared in FILTERS for value in declared.values(document))
    return "\n" + "".join(f"{line}\n" for line in lines)


def find(
    work: Work,
    text: str,
    *,
    filters: Mapping[str, tuple[str, ...]],
    visible: frozenset[str],
    sort: str,
    size: int,
    cursor: str | None,
) -> Found:
    """A page in the order asked for; relevance is newest here. Raises `Unavailable` for a cursor of the
    index: it is good again when the index is."""
    offset = _offset(cursor)
    conditions = list(_conditions(text, filters, visible))
    counted = select(func.count(DatasetDocument.dataset_id)).where(*conditions)
    total = work.session.scalar(counted) or 0
    page = _ordered(select(DatasetDocument.body).where(*conditions), sort).offset(offset).limit(size)
    rows = tuple(row_of(orjson.loads(body)) for body in work.session.scalars(page))
    more = size and offset + size < total
    return Found(total, rows, cursors.encode((_MARK, offset + size)) if more else None)


def _conditions(
    text: str, filters: Mapping[str, tuple[str, ...]], visible: frozenset[str]
) -> Iterator[ColumnElement[bool]]:
    if ALL not in visible:
        yield DatasetDocument.visibility.in_(visible)
    for token in dict.fromkeys(tokens(text)[:MOST_WORDS]):
        yield DatasetDocument.words.contains(f" {fold(token)} ", autoescape=True)
    for name, values in filters.items():
        yield or_(
            *(DatasetDocument.facets.contains(f"\n{name}={value}\n", autoescape=True) for value in values)
        )


def _ordered(query: Select[Any], sort: str) -> Select[Any]:
    newest = (DatasetDocument.newest.desc(), DatasetDocument.dataset_id)
    if sort in {"relevance", "newest"}:
        return query.order_by(*newest)
    first = Dataset.sort_key if sort == "title" else Dataset.popularity.desc()
    return query.join(Dataset, Dataset.id == DatasetDocument.dataset_id).order_by(first, *newest)


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    key = cursors.decode(cursor)
    if len(key) != 2 or key[0] != _MARK or not isinstance(key[1], int) or not 0 <= key[1] < 1 << 31:
        raise Unavailable
    return key[1]
