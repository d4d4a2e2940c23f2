"""Which words of a shown text a query has matched."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from opendata.base.kit.vietnamese import cut, match_key, token, words
from opendata.services.catalog.query.words import Word, phrase, word

_MAX_TEXT = 50_000


@dataclass(frozen=True, slots=True)
class Marks:
    """Keys of the words to mark: `exact` with their marks, `fold` in any form, `phrases` (of exact keys)
    where all their words stand side by side; `loose` ones (fillers) only between two marked words."""

    exact: frozenset[str] = frozenset()
    fold: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    phrases: frozenset[tuple[str, ...]] = frozenset()

    def hold(self, text: str) -> bool:
        """Would every word of the text be marked?"""
        return all(self.places(phrase(text)))

    def places(self, words: Sequence[Word]) -> list[bool]:
        """For each word of a text, whether it is marked."""
        marked = [word.exact in self.exact or word.fold in self.fold for word in words]
        keys = [word.exact for word in words] if self.phrases else []
        for wanted in self.phrases:
            for place in range(len(keys) - len(wanted) + 1):
                if keys[place] == wanted[0] and tuple(keys[place : place + len(wanted)]) == wanted:
                    marked[place : place + len(wanted)] = [True] * len(wanted)
        return marked


@dataclass(frozen=True, slots=True)
class Segment:
    text: str
    marked: bool = False


def highlight(text: str, marks: Marks) -> tuple[Segment, ...]:
    """The text in segments that join to it exactly. Marked words side by side are one segment."""
    return _segments(text, _runs(text[:_MAX_TEXT], marks))


def _segments(text: str, runs: Iterable[tuple[int, int]]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    done = 0
    for start, end in runs:
        if start > done:
            segments.append(Segment(text[done:start]))
        segments.append(Segment(text[start:end], marked=True))
        done = end
    if done < len(text) or not segments:
        segments.append(Segment(text[done:]))
    return tuple(segments)


def excerpt(text: str, marks: Marks, *, length: int = 240) -> tuple[Segment, ...]:
    """A part of about `length` characters with the most marked words, cut between words."""
    if len(text) <= length:
        return highlight(text, marks)
    runs = list(_runs(text[:_MAX_TEXT], marks))
    start = max((first for first, _ in runs), key=lambda at: _caught(runs, at, length), default=0)
    start = max(0, min(start - length // 6, len(text) - length))
    start = text.find(" ", start) + 1 if start else 0
    end = text.rfind(" ", start, start + length) if start + length < len(text) else len(text)
    end = end if end > start else start + length
    inside = [
        (max(first - start, 0), min(last, end) - start)
        for first, last in runs
        if start < last and first < end
    ]
    segments = _segments(text[start:end], inside)
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return _trimmed([Segment(before), *segments, Segment(after)])


def markup(segments: Sequence[Segment]) -> str:
    """Safe HTML with `<mark>`."""
    return "".join(
        f"<mark>{escape(segment.text)}</mark>" if segment.marked else escape(segment.text)
        for segment in segments
    )


def as_written(text: str, row: Mapping[str, Any]) -> str | None:
    """How a list row writes the words of `text`, marks and capitals included; None when it does not."""
    wanted = [match_key(found.token) for found in words(text)]
    for shown in _texts(row):
        held = list(words(shown))
        keys = [match_key(found.token) for found in held]
        for place in range(len(keys) - len(wanted) + 1):
            found = shown[held[place].start : held[place + len(wanted) - 1].end]
            if wanted and keys[place : place + len(wanted)] == wanted and found.count(" ") == len(wanted) - 1:
                return found if place else found[:1].lower() + found[1:]
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:1000]
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _runs(text: str, marks: Marks) -> Iterator[tuple[int, int]]:
    """Places of marked words; those with only white space or loose words between are one."""
    run: tuple[int, int] | None = None
    pending = False
    pieces = cut(text)
    gaps, written = pieces[::2], pieces[1::2]
    held = [word(token(one)) for one in written]
    marked = marks.places(held)
    if not any(marked):
        return
    end = 0
    for own, is_marked, gap, one in zip(held, marked, gaps, written, strict=False):
        start = end + len(gap)
        end = start + len(one)
        if is_marked:
            if run and (pending or not text[run[1] : start].strip()):
                run = (run[0], end)
            else:
                if run:
                    yield run
                run = (start, end)
            pending = False
        elif run:
            touches = pending or not text[run[1] : start].strip()
            pending = touches and own.exact in marks.loose
            if not pending:
                yield run
                run = None
    if run:
        yield run


def _caught(runs: Sequence[tuple[int, int]], at: int, length: int) -> int:
    return sum(at <= first and last <= at + length for first, last in runs)


def _trimmed(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Without empty segments; plain neighbours joined."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and not segment.marked and not joined[-1].marked:
            joined[-1] = replace(joined[-1], text=joined[-1].text + segment.text)
        elif segment.text:
            joined.append(segment)
    return tuple(joined)
