"""Completions while typing. The one place where a prefix matches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from opendata.base.kit.vietnamese import clean
from opendata.engines.search import Best, Clause, Every, Hit, Plan, SearchIndex, Term
from opendata.services.catalog.query.interpretation import MAX_TEXT
from opendata.services.catalog.query.words import Typed, Word, typed

Kind = Literal["organization", "topic", "tag", "dataset"]
Label = Callable[[Kind, str], str | None]
"""(kind, facet value) to the text shown, None to leave it out."""

_FIELDS = {"title": 4.0, "title_en": 3.0, "tags": 2.0, "body": 1.0}
_MAX_ENDINGS = 30
_SHARES: tuple[tuple[Kind, int], ...] = (("organization", 2), ("topic", 1), ("tag", 3))


@dataclass(frozen=True, slots=True)
class Completion:
    """`value` is the facet value of an organization, topic or tag, the slug of a dataset."""

    kind: Kind
    text: str
    value: str


def suggest(
    index: SearchIndex,
    text: str,
    label: Label,
    *,
    visible: frozenset[str] = frozenset({"public"}),
    limit: int = 8,
    language: str = "vi",
) -> list[Completion]:
    """Bodies, topics, tags and titles with the words of `text`, the last of which may be unfinished.
    Only what the reader may see: names come from the facets of matching datasets."""
    text = clean(text)[:MAX_TEXT]
    query = typed(text)
    if not query:
        return []
    *whole, last = query
    plan = Plan(
        where=_where(index, [item.word for item in whole], last.word),
        visible=visible,
        facets=("organization", "topic", "tag"),
        facet_size=300,
        size=3 * limit,
    )
    found = index.search(plan)
    names = [
        completion
        for kind, share in _SHARES
        for completion in _names(kind, found.facets[kind], query, label)[:share]
    ]
    titles = _titles(found.hits, query, language)
    room = max(limit - len(names), limit // 2)
    return [*names[: limit - min(len(titles), room)], *titles[:room]][:limit]


def _where(index: SearchIndex, whole: Sequence[Word], last: Word) -> Clause:
    endings = {last.fold}
    for name in _FIELDS:
        endings.update(token for token, _ in index.vocabulary(f"{name}.fold", last.fold, _MAX_ENDINGS))
    required = [Best(tuple(_anywhere(word.fold))) for word in whole]
    unfinished = Best(tuple(term for ending in sorted(endings) for term in _anywhere(ending)))
    return Every((*required, unfinished))


def _anywhere(token: str) -> Iterator[Clause]:
    for name, weight in _FIELDS.items():
        yield Term(f"{name}.fold", token, weight)


def _names(
    kind: Kind, counts: Sequence[tuple[str, int]], query: Sequence[Typed], label: Label
) -> list[Completion]:
    labelled = ((value, label(kind, value)) for value, _ in counts)
    found = [
        (_fitness(query, text), Completion(kind, text, value))
        for value, text in labelled
        if text and _fitness(query, text) is not None
    ]
    return [completion for _, completion in sorted(found, key=lambda item: item[0] or 0)]


def _titles(hits: Sequence[Hit], query: Sequence[Typed], language: str) -> list[Completion]:
    found: list[tuple[int, Completion]] = []
    for hit in hits:
        titles = hit.row.get("title") or {}
        text = titles.get(language) or next(iter(titles.values()), "")
        fitness = min(
            (fit for title in titles.values() if (fit := _fitness(query, title)) is not None), default=99
        )
        found.append((fitness, Completion("dataset", text, str(hit.row.get("slug") or hit.id))))
    return [completion for _, completion in sorted(found, key=lambda item: item[0])]


def _fitness(query: Sequence[Typed], text: str) -> int | None:
    """How well a text goes on from what was typed, 0 best; None when it lacks a word."""
    held = [item.word for item in typed(text)]
    *whole, last = [item.word for item in query]
    if not all(any(word.fold == other.fold for other in held) for word in whole):
        return None
    beginning = [place for place, word in enumerate(held) if word.fold.startswith(last.fold)]
    if not beginning:
        return None
    in_order = any(
        [word.fold for word in held[place - len(whole) : place]] == [word.fold for word in whole]
        for place in beginning
        if place >= len(whole)
    )
    marks_right = all(any(word.means(other) for other in held) for word in whole)
    return 2 * (not in_order) + (not marks_right)
