"""What the pipeline knows about words: tables that people edit, and the names of the bodies."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from opendata.base.kit.vietnamese import clean, fold, is_plain_syllable
from opendata.services.catalog.query.words import Phrase, PhraseTable, phrase


class Body(Protocol):
    """A body of the register, living or not; `successors` are slugs."""

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def abbreviation(self) -> str | None: ...
    @property
    def former_names(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def living(self) -> bool: ...
    @property
    def successors(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an abbreviation or initialism may stand for. `now` names the successors of a former body."""

    text: str
    words: Phrase
    now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Synonyms:
    """`group` is found by number; `words` are the other phrases of the group."""

    words: tuple[Phrase, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BodyName:
    """The name of a body. `now`: a former one's duties lie with the bodies of these names."""

    text: str
    now: tuple[str, ...]


class Lexicon:
    """Immutable. Build a new one when a table or the register changes."""

    def __init__(
        self,
        *,
        abbreviations: Mapping[str, Mapping[str, Any]],
        synonyms: Sequence[Mapping[str, Sequence[str]]],
        search_words: Mapping[str, Sequence[str]],
        bodies: Iterable[Body] = (),
    ) -> None:
        """The first three are the parsed vocabulary tables of the same names."""
        bodies = list(bodies)
        self._search_words = search_words
        self.body_words = tuple(search_words["body_words"])
        former = dict(_former_names(bodies))
        self.filler = frozenset(word.exact for text in search_words["filler"] for word in phrase(text))
        self._meanings = _meanings(abbreviations, self._initialisms(bodies, former))
        self.synonyms: PhraseTable[Synonyms] = PhraseTable(_synonyms(synonyms))
        self.words = frozenset(
            word.fold for text in _texts_of(synonyms) for word in phrase(text) if not word.marked
        )
        present = {body.name.get("vi", ""): () for body in bodies if body.living}
        self.bodies: PhraseTable[BodyName] = PhraseTable(
            (words, BodyName(name, now))
            for name, now in (former | present).items()
            for words in dict.fromkeys((phrase(name), self._core(phrase(name))))
        )
        self.short_forms: PhraseTable[str] = PhraseTable(_short_forms(abbreviations))
        self.noise: PhraseTable[str] = PhraseTable((phrase(text), text) for text in search_words["noise"])

    def meanings(self, written: str, *, all_capitals: bool = False) -> tuple[Meaning, ...]:
        """What a token stands for; nothing when it is no abbreviation. One that reads like a syllable
        counts in capitals only, and not where the whole query is in capitals."""
        plain = written.lower().replace("đ", "d")
        if not plain.isascii() or not plain:
            return ()
        closed = re.sub(r"[-.]", "", plain)
        found = _without_repeats(
            [*self._meanings.get(plain, ()), *(self._meanings.get(closed, ()) if closed != plain else ())],
            self.filler,
        )
        if found and is_plain_syllable(plain) and (all_capitals or not written.isupper()):
            return ()
        return found

    def initialisms_of(self, name: str) -> frozenset[str]:
        """The keys under which the name of a body is found."""
        return frozenset(key for key, _ in self._short_names(name))

    def _core(self, words: Phrase) -> Phrase:
        return tuple(word for word in words if word.exact not in self.filler)

    def _initialisms(
        self, bodies: Iterable[Body], former: Mapping[str, tuple[str, ...]]
    ) -> Iterator[tuple[str, Meaning]]:
        present = [body.name.get("vi", "") for body in bodies if body.living]
        known = {phrase(text) for name in present for _, text in self._short_names(name)}
        for name, now in [*((name, ()) for name in present), *former.items()]:
            for key, text in self._short_names(name):
                words = phrase(text)
                # a name that was cut may be that of a present body: Sở Y tế (tỉnh Hải Dương), or no
                # more than a subject: (Cục) Hải quan
                is_name = words not in known and (name.startswith(text) or len(words) > 2)
                yield key, Meaning(text, words, now if is_name else ())
        for body in bodies:
            name = body.name.get("vi", "")
            if body.living and body.abbreviation and name:
                yield _key(body.abbreviation), Meaning(name, phrase(name))

    def _short_names(self, name: str) -> Iterator[tuple[str, str]]:
        """(initialism, the words it stands for), with and without the word that begins the name and
        the place that ends it, with `và` as &, as v, or dropped."""
        for text in self._cores(clean(name)):
            parts = re.findall(r"[^\W_]+", text)
            if len(parts) < 2:
                continue
            for conjunction in ("", "&", "v"):
                signs = [conjunction if fold(part) == "va" else fold(part)[0] for part in parts]
                key = "".join(signs)
                if len(key) > 1:
                    yield key, text

    def _cores(self, name: str) -> Iterator[str]:
        ends = [""] + [end for end in self._search_words["place_ends"] if name.endswith(" " + end)]
        starts = [""] + [start for start in self._search_words["body_words"] if name.startswith(start + " ")]
        for end in ends:
            for start in starts:
                yield name.removesuffix(end).removeprefix(start).strip()


def _without_repeats(meanings: Iterable[Meaning], filler: frozenset[str]) -> tuple[Meaning, ...]:
    """Of meanings that differ in fillers only, the name of a former body or else the longer text; none
    that only adds words to another."""
    kept: dict[Phrase, Meaning] = {}
    for meaning in meanings:
        core = tuple(word for word in meaning.words if word.exact not in filler)
        known = kept.get(core)
        if known is None or (bool(meaning.now), len(meaning.words)) > (bool(known.now), len(known.words)):
            kept[core] = meaning
    return tuple(
        meaning
        for core, meaning in kept.items()
        if not any(other != core and core[: len(other)] == other for other in kept)
    )


def _key(written: str) -> str:
    return fold(clean(written))


def _meanings(
    tables: Mapping[str, Mapping[str, Any]], initialisms: Iterable[tuple[str, Meaning]]
) -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, dict[Phrase, Meaning]] = {}
    for written, texts in _rows(tables):
        for text in texts:
            found.setdefault(_key(written), {})[phrase(text)] = Meaning(text, phrase(text))
    for key, meaning in initialisms:
        known = found.setdefault(key, {})
        before = known.get(meaning.words)
        if before is None or (meaning.now and not before.now):
            known[meaning.words] = meaning
    return {key: tuple(meanings.values()) for key, meanings in found.items()}


def _rows(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for area in tables.values():
        for written, texts in area.items():
            yield str(written), [texts] if isinstance(texts, str) else list(texts)


def _short_forms(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Phrase, str]]:
    """Phrases of two words or more that a table abbreviates without another meaning."""
    for written, texts in _rows(tables):
        if len(texts) == 1 and len(phrase(texts[0])) > 1 and not is_plain_syllable(_key(written)):
            yield phrase(texts[0]), written


def _texts_of(groups: Iterable[Mapping[str, Sequence[str]]]) -> Iterator[str]:
    for group in groups:
        yield from group["words"]


def _synonyms(groups: Iterable[Mapping[str, Sequence[str]]]) -> Iterator[tuple[Phrase, Synonyms]]:
    merged: dict[Phrase, dict[str, None]] = {}
    for group in groups:
        texts = list(group["words"])
        for text in [*texts, *group.get("query", ())]:
            others = merged.setdefault(phrase(text), {})
            others.update(dict.fromkeys(other for other in texts if other != text))
    for words, others in merged.items():
        plurals = [plural for text in others if (plural := _plural(text))]
        found = Synonyms(tuple(phrase(text) for text in [*others, *plurals]), tuple(others))
        yield words, found
        plural = _plural(" ".join(word.exact for word in words))
        if plural:
            yield phrase(plural), found


def _plural(text: str) -> str | None:
    """The plural of an English noun of the table; None for a Vietnamese word."""
    last = text.rsplit(maxsplit=1)[-1]
    if not text.isascii() or not last.isalpha() or all(map(is_plain_syllable, text.split())):
        return None
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return f"{text[:-1]}ies"
    return f"{text}es" if last.endswith(("s", "x", "ch", "sh")) else f"{text}s"


def _former_names(bodies: Sequence[Body]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(former name, names of all that followed it): a body may have had other names, and one that is
    gone may have several successors. A name that a living body has is not a former one."""
    by_slug = {body.slug: body for body in bodies}
    living = {body.name.get("vi", "") for body in bodies if body.living}
    followed: dict[str, dict[str, None]] = {}
    for body in bodies:
        heirs = _heirs(body, by_slug, frozenset())
        names = [name.get("vi", "") for name in body.former_names]
        for name in [*names, *([] if body.living else [body.name.get("vi", "")])]:
            if name and name not in living:
                followed.setdefault(name, {}).update(dict.fromkeys(heirs))
    for name, heirs_of_name in followed.items():
        yield name, tuple(heirs_of_name)


def _heirs(body: Body, by_slug: Mapping[str, Body], seen: frozenset[str]) -> list[str]:
    if body.living:
        return [body.name.get("vi", "")]
    heirs: list[str] = []
    for slug in body.successors:
        if slug in by_slug and slug not in seen:
            heirs += _heirs(by_slug[slug], by_slug, seen | {body.slug})
    return list(dict.fromkeys(heirs))
