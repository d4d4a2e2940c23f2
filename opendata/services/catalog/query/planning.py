"""From an interpretation to a plan of clauses with constant scores. Pure: statistics are passed in."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from opendata.base.kit.vietnamese import gram2
from opendata.engines.search import ANY_FIELD, LONG_FIELD, MAIN_FIELD, Best, Clause, Every, Term
from opendata.services.catalog.query.highlight import Marks
from opendata.services.catalog.query.interpretation import Interpretation, Unit, Variant
from opendata.services.catalog.query.words import Phrase, Word

FIELD_WEIGHTS: Mapping[str, float] = {
    "title": 4.0,
    "title_en": 3.0,
    "tags": 2.0,
    "body": 1.0,
    "description": 0.5,
}
EXACT_FORM = 1.5
FOLD_FORM = 1.0
FOLD_FORM_OF_MARKED = 0.45
EXACT_PHRASE = 4.0
FOLD_PHRASE = 2.5
RELAXED_SHARE = 0.6
RELAXED_BONUS = 100.0

Statistics = Callable[[Iterable[tuple[str, str]]], tuple[int, Mapping[tuple[str, str], int]]]


@dataclass(frozen=True, slots=True)
class Matching:
    """The clauses of a plan. `firm` tells hits from words strewn over a long text; `hopeless`: the
    statistics alone tell that nothing matches. `marks` is what a match may be shown by."""

    where: Clause | None
    exact: Clause | None
    firm: Clause | None
    hopeless: bool
    marks: Marks


def match(interpretation: Interpretation, statistics: Statistics) -> Matching:
    """All required units, in any field; phrases, fillers and better forms add to the score."""
    frequencies = Frequencies(interpretation.units, statistics)
    units = [_pruned(unit, frequencies) for unit in interpretation.units]
    required = [unit for unit in units if unit.required] or units
    if not required:
        return Matching(None, None, None, hopeless=False, marks=Marks())
    scores = [_unit_score(unit, frequencies) for unit in units]
    where = Every(
        required=tuple(_unit_match(unit) for unit in required),
        optional=(*scores, *_phrases(_sequences(units))),
    )
    return Matching(
        where=where,
        exact=_exact(required),
        firm=_firm(required),
        hopeless=not all(unit.variants for unit in required),
        marks=_marks(units),
    )


def relaxed(interpretation: Interpretation, statistics: Statistics) -> Matching | None:
    """Most of the syllables, after expansion; None when there are fewer than three."""
    frequencies = Frequencies(interpretation.units, statistics)
    words = list(dict.fromkeys(_expanded(interpretation.units, frequencies)))
    if len(words) < 3:
        return None
    needed = math.ceil(RELAXED_SHARE * len(words))
    # more words come first, whatever they score: a word is worth more than all scores together
    scores = tuple(_word_score(word, frequencies, weight=1.0 / len(words), strict=False) for word in words)
    found = tuple(
        Best(tuple(Term(*stream(word), RELAXED_BONUS) for stream in (_exact_stream, _fold_stream)))
        for word in words
    )
    where = Every(required=found, optional=(*scores, *_phrases([words])), at_least=needed)
    possible = sum(frequencies.exact(word) + frequencies.fold(word) > 0 for word in words)
    marks = Marks(fold=frozenset(word.fold for word in words))
    return Matching(where, None, None, hopeless=possible < needed, marks=marks)


class Frequencies:
    """log(1 + N / df) of the words of some units, asked for at once."""

    def __init__(self, units: Sequence[Unit], statistics: Statistics) -> None:
        pairs = dict.fromkeys(  # in the same order whenever it is planned
            pair
            for unit in units
            for variant in unit.variants
            for word in variant.words
            for pair in (_exact_stream(word), _fold_stream(word))
        )
        self._documents, self._found = statistics(pairs)

    def exact(self, word: Word) -> int:
        return self._found[_exact_stream(word)]

    def fold(self, word: Word) -> int:
        return self._found[_fold_stream(word)]

    def rarity(self, frequency: int) -> float:
        return math.log(1 + self._documents / max(frequency, 1))


def _exact_stream(word: Word) -> tuple[str, str]:
    return f"{ANY_FIELD}.exact", word.exact


def _fold_stream(word: Word) -> tuple[str, str]:
    """Where other marks than those typed are looked for: not in long texts, which hold nearly every
    syllable in some form. A word typed without marks may stand anywhere."""
    return f"{MAIN_FIELD if word.marked else ANY_FIELD}.fold", word.fold


# --- units ----------------------------------------------------------------------------------------


def _pruned(unit: Unit, frequencies: Frequencies) -> Unit:
    """Without the variants that no document can satisfy."""
    possible = tuple(variant for variant in unit.variants if _is_possible(variant, frequencies))
    return Unit(unit.typed, possible, required=unit.required)


def _is_possible(variant: Variant, frequencies: Frequencies) -> bool:
    return all(
        frequencies.exact(word) or (not variant.strict and frequencies.fold(word)) for word in variant.words
    )


def _unit_match(unit: Unit) -> Clause:
    return _any(_variant_match(variant, exact=False) for variant in unit.variants)


def _variant_match(variant: Variant, *, exact: bool = False, field: str = ANY_FIELD) -> Clause:
    """Scoreless. `exact`: the marks that are there must be right. `field`: in it alone."""
    field = "body" if variant.name_of_body else field
    if variant.together and len(variant.words) > 1:
        form = "exact" if variant.strict or exact else "fold"
        return _all(Term(f"{field}.{form}2", gram, 0.0) for gram in _grams(variant.words, form))
    return _all(
        _word_match(word, field, strict=variant.strict or (exact and word.marked)) for word in variant.words
    )


def _word_match(word: Word, field: str, *, strict: bool) -> Clause:
    exact = Term(f"{field}.exact", word.exact, 0.0)
    if strict:
        return exact
    if field == ANY_FIELD and word.marked:
        return Best((exact, Term(*_fold_stream(word), 0.0)))
    return Term(f"{field}.fold", word.fold, 0.0)


def _exact(units: Sequence[Unit]) -> Clause | None:
    """What a hit must satisfy to be no near match; None where no mark was typed or is meant."""
    loose = (variant for unit in units for variant in unit.variants if not variant.strict)
    if not any(word.marked for variant in loose for word in variant.words):
        return None
    return Every(
        tuple(_any(_variant_match(variant, exact=True) for variant in unit.variants) for unit in units)
    )


def _firm(units: Sequence[Unit]) -> Clause | None:
    """A hit that is none of words strewn over a long text: all units in the main fields, or the whole
    text side by side in the description. None for a single word, which is firm anywhere."""
    words = tuple(item.word for unit in units for item in unit.typed)
    if len(words) < 2:
        return None
    in_main = tuple(
        _any(_variant_match(variant, field=MAIN_FIELD) for variant in unit.variants) for unit in units
    )
    in_long = _all(Term(f"{LONG_FIELD}.fold2", gram, 0.0) for gram in _grams(words, "fold"))
    return Best((Every(in_main), in_long))


def _unit_score(unit: Unit, frequencies: Frequencies) -> Clause:
    """Every variant weighs as much as the words it stands for: KCN alone as much as its three."""
    meant = max((len(v.words) for v in unit.variants if not v.together), default=1)
    length = max(len(unit.typed), meant)
    return _any(
        _variant_score(variant, frequencies, variant.weight * length / len(variant.words))
        for variant in unit.variants
    )


def _variant_score(variant: Variant, frequencies: Frequencies, weight: float) -> Clause:
    fields = ("body",) if variant.name_of_body else tuple(FIELD_WEIGHTS)
    words = [
        _word_score(word, frequencies, weight=weight, strict=variant.strict, fields=fields)
        for word in variant.words
    ]
    if len(words) == 1:
        return words[0]
    return Every(tuple(words), tuple(_phrase(variant.words, variant.weight, strict=variant.strict)))


def _word_score(
    word: Word,
    frequencies: Frequencies,
    *,
    weight: float,
    strict: bool,
    fields: Iterable[str] = tuple(FIELD_WEIGHTS),
) -> Clause:
    """The best field and form count."""
    exact = EXACT_FORM * frequencies.rarity(frequencies.exact(word)) * weight
    fold_form = FOLD_FORM_OF_MARKED if word.marked else FOLD_FORM
    fold = fold_form * frequencies.rarity(frequencies.fold(word)) * weight
    clauses = []
    for name in fields:
        if frequencies.exact(word):
            clauses.append(Term(f"{name}.exact", word.exact, round(FIELD_WEIGHTS[name] * exact, 4)))
        if not strict and not (word.marked and name == LONG_FIELD):
            clauses.append(Term(f"{name}.fold", word.fold, round(FIELD_WEIGHTS[name] * fold, 4)))
    return Best(tuple(clauses))


def _marks(units: Sequence[Unit]) -> Marks:
    exact: set[str] = set()
    fold: set[str] = set()
    loose = {item.word.exact for unit in units for item in unit.typed}
    phrases: set[tuple[str, ...]] = set()
    for variant in (variant for unit in units if unit.required for variant in unit.variants):
        if variant.together:
            phrases.add(tuple(word.exact for word in variant.words))
        elif variant.strict:
            exact.update(word.exact for word in variant.words)
        else:
            fold.update(word.fold for word in variant.words)
    return Marks(frozenset(exact), frozenset(fold), frozenset(loose), frozenset(phrases))


# --- phrases --------------------------------------------------------------------------------------


def _sequences(units: Sequence[Unit]) -> Iterator[Phrase]:
    """The words as typed, and with the first expansion of each unit that has one."""
    typed = tuple(item.word for unit in units for item in unit.typed)
    yield typed
    expanded: list[Word] = []
    for unit in units:
        own = tuple(item.word for item in unit.typed)
        longer = [v.words for v in unit.variants if len(v.words) > len(own) and not v.name_of_body]
        expanded += longer[0] if longer and len(own) == 1 else own
    if tuple(expanded) != typed:
        yield tuple(expanded)


def _phrases(sequences: Iterable[Sequence[Word]]) -> Iterator[Clause]:
    seen: set[Clause] = set()
    for words in sequences:
        for clause in _phrase(tuple(words), 1.0, strict=False):
            if clause not in seen:
                seen.add(clause)
                yield clause


def _phrase(words: Phrase, weight: float, *, strict: bool) -> Iterator[Clause]:
    """Each pair of neighbours earns its share of the bonus, so the whole phrase in one field earns
    all of it and a part of the phrase a part."""
    share = weight / max(len(words) - 1, 1)
    exact, fold = _grams(words, "exact"), _grams(words, "fold")
    for exact_gram, fold_gram in zip(exact, fold, strict=True):
        clauses = []
        for name, field_weight in FIELD_WEIGHTS.items():
            clauses.append(Term(f"{name}.exact2", exact_gram, round(field_weight * EXACT_PHRASE * share, 4)))
            if not strict:
                bonus = round(field_weight * FOLD_PHRASE * share, 4)
                clauses.append(Term(f"{name}.fold2", fold_gram, bonus))
        yield Best(tuple(clauses))


def _grams(words: Phrase, form: str) -> list[str]:
    return gram2([word.exact if form == "exact" else word.fold for word in words])


# --- relaxing -------------------------------------------------------------------------------------


def _expanded(units: Sequence[Unit], frequencies: Frequencies) -> Iterator[Word]:
    """The words to look for: as typed where the index knows them, else the first expansion."""
    for unit in units:
        if not unit.required:
            continue
        own, *others = unit.variants
        words = own.words
        if others and not _is_possible(own, frequencies):
            words = next((v.words for v in others if not v.name_of_body), own.words)
        yield from words


def _all(clauses: Iterable[Clause]) -> Clause:
    found = tuple(clauses)
    return found[0] if len(found) == 1 else Every(found)


def _any(clauses: Iterable[Clause]) -> Clause:
    found = tuple(clauses)
    return found[0] if len(found) == 1 else Best(found)
