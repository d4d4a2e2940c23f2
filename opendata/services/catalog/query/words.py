"""The words of a query and the phrases of the tables, compared syllable by syllable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from opendata.base.kit.vietnamese import tokens, words
from opendata.engines.search.analysis import token_keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Word:
    """A token by its two keys."""

    exact: str
    fold: str

    @property
    def marked(self) -> bool:
        return self.exact != self.fold

    def means(self, other: "Word") -> bool:
        """Typed as this, may `other` be meant? A mark that was typed counts, a missing one does not."""
        return self.exact == other.exact or (not self.marked and self.fold == other.fold)


class Typed(NamedTuple):
    """A word of the query and its place in the text."""

    word: Word
    start: int
    end: int


Phrase = tuple[Word, ...]


@lru_cache(maxsize=50_000)
def word(token: str) -> Word:
    return Word(*token_keys(token))


def phrase(text: str) -> Phrase:
    return tuple(word(token) for token in tokens(text))


def typed(text: str) -> list[Typed]:
    """The words of clean text, with their places."""
    return [Typed(word(found.token), found.start, found.end) for found in words(text)]


class PhraseTable(Generic[T]):
    """Phrases with what they stand for; finds those that begin at a place of a query."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        self._by_first: dict[str, list[tuple[Phrase, T]]] = {}
        for written, value in entries:
            if written:
                self._by_first.setdefault(written[0].fold, []).append((written, value))
        for found in self._by_first.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def at(self, query: Sequence[Word], place: int) -> Iterator[tuple[int, T]]:
        """(length, value) of phrases that stand at `place`, longest first."""
        if place >= len(query):
            return
        for written, value in self._by_first.get(query[place].fold, ()):
            part = query[place : place + len(written)]
            if len(part) == len(written) and all(
                mine.means(theirs) for mine, theirs in zip(part, written, strict=True)
            ):
                yield len(written), value
