"""How the hits of a query were found, and what the index told of its words then.

Every write changes how rare words are, and with that every score; one may even make a query find what it did
not. All pages behind the first are therefore planned from what the first was planned from, which travels in
the cursor: a hit that did not change keeps its place, and the index need not be asked again.
"""

import string
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from opendata.base.kit.cursors import refused
from opendata.services.catalog.query.interpretation import MAX_TEXT
from opendata.services.catalog.query.planning import Statistics

Step = Literal["noise", "time", "typing", "glued", "onset", "spelling", "relaxed"]
Pair = tuple[str, str]

_UNDONE = frozenset({"noise", "time", "words"})
_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_MOST = 2**31
_NO_MORE = -1
"""Counts nothing: there is no figure for a word that is asked of."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to take a query. `text` is read instead of the one typed, if any; `undone` names kinds of
    rewritings to leave out, or "words", which leaves nothing but the time; `timed`: the time counts."""

    step: Step | None = None
    text: str = ""
    undone: tuple[str, ...] = ()
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Course:
    """A way, and the number of documents and the frequencies it was planned from, in the order in which
    planning asks for them. `check` belongs to the query and to the words asked of."""

    way: Way
    documents: int
    counts: tuple[int, ...]
    check: int

    def statistics(self) -> Statistics:
        """What the index told then."""
        left = iter(self.counts)
        return lambda pairs: (self.documents, {pair: next(left, _NO_MORE) for pair in pairs})

    def written(self) -> list[Any] | None:
        """JSON; None where nothing was asked and nothing rewritten."""
        if not self.counts and self.way == Way():
            return None
        way = self.way
        how = [] if way == Way() else [way.step or "", way.text, list(way.undone), way.timed]
        return [self.check, self.documents, "".join(map(_number, self.counts)), *how]


class Told:
    """The statistics of an index, which remember what was asked and told."""

    def __init__(self, ask: Statistics) -> None:
        self._ask = ask
        self._documents = 0
        self._found: dict[Pair, int] = {}

    def __call__(self, pairs: Iterable[Pair]) -> tuple[int, Mapping[Pair, int]]:
        asked = list(pairs)
        new = [pair for pair in dict.fromkeys(asked) if pair not in self._found]
        self._documents, found = self._ask(new)
        for pair in new:
            # of two words side by side nothing matters but whether they stand so anywhere
            self._found[pair] = min(found[pair], 1) if pair[0].endswith("2") else found[pair]
        return self._documents, {pair: self._found[pair] for pair in asked}

    def course(self, way: Way, typed: str) -> Course:
        words = "\n".join([typed, *map(":".join, self._found)])
        return Course(way, self._documents, tuple(self._found.values()), zlib.crc32(words.encode()))


def read(written: Any) -> Course:
    """The course in a cursor. Raises `Invalid` for what `Course.written` writes for none."""
    try:
        check, documents, counts, *how = written
        course = Course(_way(*how), documents, tuple(_numbers(counts)), check)
    except (TypeError, ValueError) as error:
        raise refused() from error
    if not all(type(part) is int and 0 <= part <= 2 * _MOST for part in (check, documents)):
        raise refused()
    return course


def _way(step: str = "", text: str = "", undone: Sequence[str] = (), timed: bool = True) -> Way:
    fits = step in {"", *get_args(Step)} and isinstance(text, str) and len(text) <= MAX_TEXT
    if not fits or not _UNDONE.issuperset(undone) or type(timed) is not bool:
        raise ValueError
    return Way(cast("Step", step) or None, text, tuple(undone), timed)


def _number(number: int) -> str:
    """In digits of five bits; all but the last have a sixth."""
    digits = _DIGITS[number % 32]
    while number := number // 32:
        digits = _DIGITS[32 + number % 32] + digits
    return digits


def _numbers(written: str) -> Iterator[int]:
    number = 0
    for sign in written:
        digit = _DIGITS.index(sign)
        number = number * 32 + digit % 32
        if number > _MOST:
            raise ValueError
        if digit < 32:
            yield number
            number = 0
