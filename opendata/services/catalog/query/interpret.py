"""From the text of a query to its interpretation. Pure, and never fails."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from opendata.base.kit.vietnamese import clean, is_plain_syllable
from opendata.services.catalog.query import times
from opendata.services.catalog.query.interpretation import (
    ABBREVIATION_WEIGHT,
    INFLECTED_WEIGHT,
    MAX_TEXT,
    SYNONYM_WEIGHT,
    Interpretation,
    Rewriting,
    Unit,
    Variant,
)
from opendata.services.catalog.query.lexicon import BodyName, Lexicon, Meaning, Synonyms
from opendata.services.catalog.query.words import Phrase, Typed, Word, phrase, typed, word

Holds = Callable[[Phrase], bool]
"""Do these words stand side by side in a title, a tag or the name of a body?"""

_CHUNK = re.compile(r"\S+")
_PIECE = re.compile(r"[^\s/,;:()\[\]{}\"“”'’|+]+")
_CODE = re.compile(r"[\w.,\-/]+")
_DIGIT = re.compile(r"\d")
_WHOLE_CODE = re.compile(r"[\w.\-/]+")
_PARTED_CODE = re.compile(r"(?:[^\W\d_]+ )?(?<!\w)0\d{2,}(?!\w)(?: [^\W\d_]+)?")
"""Its number begins with a nought and is longer than a count that is written so (05 KCN)."""
_AMPERSAND = re.compile(r"[^\W\d_]{1,6}\s*&\s*[^\W\d_]{1,6}(?!\w)")
_PARTS = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_MAX_MEANINGS = 6


def holds_nothing(words: Phrase) -> bool:  # noqa: ARG001
    return False


def interpret(
    text: str,
    lexicon: Lexicon,
    holds: Holds = holds_nothing,
    *,
    undo: Collection[str] = (),
    as_typed: bool = False,
) -> Interpretation:
    """Read a query. `undo` holds ids of rewritings to leave out, or their kinds; `as_typed` leaves out
    all. At most `MAX_TEXT` characters are read."""
    text = clean(clean(text)[:MAX_TEXT])
    if as_typed:
        undo = ("abbreviation", "renamed", "synonym", "time", "noise")
    found_time = times.find(text)
    period = found_time if found_time and _allowed(Rewriting("time", found_time.text), undo) else None
    reading = _Reading(text, _outside(typed(text), period), lexicon, holds, undo)
    reading.read()
    if not reading.has_required and reading.dropped:
        reading = _Reading(text, reading.query, lexicon, holds, (*undo, "noise"))
        reading.read()
    if not reading.units and period is not None:
        # nothing but time words: they are searched for as they stand
        return interpret(text, lexicon, holds, undo=(*undo, "time"))
    rewritings = [*reading.rewritings, *([Rewriting("time", period.text)] if period else [])]
    return Interpretation(text, reading.searched, tuple(reading.units), period, tuple(rewritings))


def _outside(query: Iterable[Typed], period: times.TimeWords | None) -> list[Typed]:
    spans = period.spans if period else ()
    return [item for item in query if not any(start < item.end and item.start < end for start, end in spans)]


def _allowed(rewriting: Rewriting, undo: Collection[str]) -> bool:
    return rewriting.id not in undo and rewriting.kind not in undo


@dataclass
class _Reading:
    """One pass over the words of a query from left to right."""

    text: str
    query: list[Typed]
    lexicon: Lexicon
    holds: Holds
    undo: Collection[str]
    units: list[Unit] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    found: list[Rewriting] = field(default_factory=list)

    def read(self) -> None:
        place = 0
        while place < len(self.query):
            place += self._step(place)

    @property
    def has_required(self) -> bool:
        return any(unit.required for unit in self.units)

    @property
    def rewritings(self) -> list[Rewriting]:
        noise = [Rewriting("noise", text) for text in self.dropped]
        return list(dict.fromkeys([*self.found, *noise]))

    @property
    def searched(self) -> str:
        return " ".join(self._written(unit.typed) for unit in self.units)

    @cached_property
    def _words(self) -> list[Word]:
        return [item.word for item in self.query]

    @cached_property
    def _all_capitals(self) -> bool:
        return len(self.query) > 1 and self.text.isupper()

    @cached_property
    def _codes(self) -> list[tuple[int, int]]:
        whole = (found for found in _WHOLE_CODE.finditer(self.text) if _DIGIT.search(found.group()))
        return [found.span() for found in chain(whole, _PARTED_CODE.finditer(self.text))]

    def _step(self, place: int) -> int:
        """Read what begins at `place`; returns the number of words it took."""
        for step in (self._abbreviation, self._known_phrase, self._noise, self._filler, self._code):
            taken = step(place)
            if taken:
                return taken
        self._add(place, 1, _inflected(self._words[place]))
        return 1

    # --- the steps: each adds a unit or drops words, and returns how many words it took ------------

    def _abbreviation(self, place: int) -> int:
        in_code = self._in_code(place)
        for taken, written in self._tokens_at(place):
            if in_code and not _DIGIT.search(written):
                continue
            meanings = self.lexicon.meanings(written, all_capitals=self._all_capitals)[:_MAX_MEANINGS]
            named = Rewriting("abbreviation", written, " / ".join(meaning.text for meaning in meanings))
            if meanings and _allowed(named, self.undo):
                self.found.append(named)
                self._add(place, taken, [*self._expansions(meanings), *self._heirs(meanings)])
                return taken
        return 0

    def _in_code(self, place: int) -> bool:
        """HP is no city in HP-017-XD, nor in HP 017 XD."""
        item = self.query[place]
        return any(start <= item.start and item.end <= end for start, end in self._codes)

    def _known_phrase(self, place: int) -> int:
        """The longest of: a name of a body, words with synonyms, words with a short form."""
        body = next(self.lexicon.bodies.at(self._words, place), None)
        synonyms = self._synonyms_at(place)
        short = next(self.lexicon.short_forms.at(self._words, place), None)
        noise = next(self.lexicon.noise.at(self._words, place), (0, ""))[0]
        longest = max((found[0] for found in (body, synonyms, short) if found), default=0)
        if longest == 0 or longest <= noise:
            return 0
        variants: list[Variant] = []
        if body and body[0] == longest:
            variants += self._renamed(body[1])
        if synonyms and synonyms[0] == longest:
            self.found.append(Rewriting("synonym", self._part(place, longest), ", ".join(synonyms[1].texts)))
            variants += [
                Variant(words, SYNONYM_WEIGHT, together=True, strict=True) for words in synonyms[1].words
            ]
        if short and short[0] == longest:
            variants.append(Variant(phrase(short[1]), ABBREVIATION_WEIGHT, strict=True))
        if longest == 1:
            variants += _inflected(self._words[place])
        self._add(place, longest, variants)
        return longest

    def _noise(self, place: int) -> int:
        for taken, listed in self.lexicon.noise.at(self._words, place):
            written = self._part(place, taken)
            # a single unmarked syllable may be another word (tai: tải, tài, tại)
            ambiguous = taken == 1 and phrase(listed)[0] != self._words[place]
            if ambiguous or not _allowed(Rewriting("noise", written), self.undo):
                continue
            if self._is_held(place, taken):
                return 0
            self.dropped.append(written)
            return taken
        return 0

    def _filler(self, place: int) -> int:
        if self._words[place].exact not in self.lexicon.filler:
            return 0
        self._add(place, 1, [], required=False)
        return 1

    def _code(self, place: int) -> int:
        """PM2.5 = PM 2.5, HP-017-XD = HP017XD: letters and digits with or without signs between."""
        item = self.query[place]
        chunk = self._chunk_words(place)
        written = self.text[item.start : chunk[-1].end] if chunk else ""
        if len(chunk) > 1 and any(sign.isdigit() for sign in written) and len(written) <= 40:
            joined = word("".join(re.findall(r"[^\W_]+", written)))
            self._add(place, len(chunk), [Variant((joined,), strict=True)])
            return len(chunk)
        parts = _PARTS.findall(self.text[item.start : item.end])
        if len(parts) > 1:
            self._add(place, 1, [Variant(tuple(word(part.lower()) for part in parts), together=True)])
            return 1
        return self._parted_code(place)

    def _parted_code(self, place: int) -> int:
        """`PM 2.5`, `5 G`: a few letters and a number with a blank between."""
        pair = self.query[place : place + 2]
        if len(pair) < 2 or self.text[pair[0].end : pair[1].start].strip(" .-"):
            return 0
        first, second = (item.word.exact for item in pair)
        letters = first if second[0].isdigit() else second if first.isdigit() else ""
        longest = 4 if letters == first else 2
        if not (letters.isascii() and letters.isalpha() and len(letters) <= longest):
            return 0
        written = "".join(self.text[item.start : item.end] for item in pair)
        self._add(place, 2, [Variant(phrase(written), strict=True)])
        return 2

    # --- parts ------------------------------------------------------------------------------------

    def _add(self, place: int, length: int, variants: Iterable[Variant], *, required: bool = True) -> None:
        items = tuple(self.query[place : place + length])
        own = Variant(tuple(item.word for item in items))
        # fillers inside a unit are as optional as those outside
        core = tuple(found for found in own.words if found.exact not in self.lexicon.filler)
        own = Variant(core or own.words)
        seen = {own.words: own}
        for variant in variants:
            if variant.words:
                seen.setdefault(variant.words, variant)
        self.units.append(Unit(items, tuple(seen.values()), required=required))

    def _expansions(self, meanings: Iterable[Meaning]) -> Iterator[Variant]:
        for meaning in meanings:
            core = tuple(found for found in meaning.words if found.exact not in self.lexicon.filler)
            # a single short word must be right: its fold is many other words
            yield Variant(core or meaning.words, ABBREVIATION_WEIGHT, strict=len(core) < 2)

    def _heirs(self, meanings: Iterable[Meaning]) -> Iterator[Variant]:
        for meaning in meanings:
            if meaning.now:
                yield from self._renamed(BodyName(self._full_name(meaning.text), meaning.now))

    def _full_name(self, name: str) -> str:
        """With the word that an initialism leaves out: GTVT is Sở Giao thông vận tải."""
        for start in self.lexicon.body_words:
            full = next(self.lexicon.bodies.at([*phrase(start), *phrase(name)], 0), None)
            if full:
                return full[1].text
        return name

    def _renamed(self, body: BodyName) -> Iterator[Variant]:
        named = Rewriting("renamed", body.text, ", ".join(body.now))
        if body.now and _allowed(named, self.undo):
            self.found.append(named)
            yield from _body_names(body.now)

    def _synonyms_at(self, place: int) -> tuple[int, Synonyms] | None:
        for length, synonyms in self.lexicon.synonyms.at(self._words, place):
            named = Rewriting("synonym", self._part(place, length))
            if _allowed(named, self.undo):
                return length, synonyms
        return None

    def _is_held(self, place: int, length: int) -> bool:
        """Does a title, tag or name hold the noise words together with a neighbour?"""
        last = place + length
        before = place > 0 and self.holds(tuple(self._words[place - 1 : last]))
        return before or (last < len(self._words) and self.holds(tuple(self._words[place : last + 1])))

    def _tokens_at(self, place: int) -> Iterator[tuple[int, str]]:
        """(number of words, text) of the white-space token that begins here, then of its first piece;
        first of all two tokens with an ampersand between them (NN & MT)."""
        start = self.query[place].start
        joined = _AMPERSAND.match(self.text, start)
        for found in (joined, _CHUNK.match(self.text, start), _PIECE.match(self.text, start)):
            if found and not (start and self.text[start - 1] in "&_"):
                written = re.sub(r"\s+", "", found.group()).strip(".,;:!?\"'“”‘’()[]{}")
                taken = sum(start <= item.start < found.end() for item in self.query[place:])
                if taken and written:
                    yield taken, written
        # SỞ-XD, QĐ-UBND: the parts of a code between hyphens
        item = self.query[place]
        yield 1, self.text[item.start : item.end]

    def _chunk_words(self, place: int) -> list[Typed]:
        """The words of the token that begins at `place`, signs of codes included."""
        start = self.query[place].start
        found = _CODE.match(self.text, start)
        end = found.end() if found else start
        return [item for item in self.query[place:] if item.end <= end]

    def _part(self, place: int, length: int) -> str:
        return self._written(self.query[place : place + length])

    def _written(self, items: Sequence[Typed]) -> str:
        return self.text[items[0].start : items[-1].end] if items else ""


def _body_names(names: Iterable[str]) -> Iterator[Variant]:
    for name in names:
        yield Variant(phrase(name), ABBREVIATION_WEIGHT, together=True, name_of_body=True)


def _inflected(found: Word) -> list[Variant]:
    """The other number of an English noun."""
    noun = found.exact
    if len(noun) < 4 or not (noun.isascii() and noun.isalpha()) or is_plain_syllable(noun):
        return []
    if noun.endswith("ies"):
        others = [f"{noun[:-3]}y"]
    elif noun.endswith("s"):
        others = [noun[:-1], noun[:-2]] if noun.endswith("es") else [noun[:-1]]
    elif noun.endswith("y"):
        others = [f"{noun[:-1]}ies"]
    else:
        others = [f"{noun}s"] if not noun.endswith(("x", "ch", "sh")) else [f"{noun}es"]
    return [Variant((word(other),), INFLECTED_WEIGHT, strict=True) for other in others]
