"""Scores and clauses: the figures of the design, testable without an engine."""

import math
from collections.abc import Iterable

import pytest

from opendata.engines.search import Best, Clause, Every, Term
from opendata.services.catalog.query import Lexicon, interpret
from opendata.services.catalog.query.planning import FIELD_WEIGHTS, Matching, match, relaxed

DOCUMENTS, FREQUENCY = 99, 9
RARITY = math.log(1 + DOCUMENTS / FREQUENCY)


def statistics(pairs: Iterable[tuple[str, str]]) -> tuple[int, dict[tuple[str, str], int]]:
    return DOCUMENTS, {pair: 0 if pair[1].startswith("absent") else FREQUENCY for pair in pairs}


def planned(lexicon: Lexicon, text: str) -> Matching:
    return match(interpret(text, lexicon, as_typed=True), statistics)


def terms(clause: Clause | None) -> dict[tuple[str, str], float]:
    if isinstance(clause, Term):
        return {(clause.stream, clause.token): clause.score}
    parts: tuple[Clause, ...] = ()
    if isinstance(clause, Best):
        parts = clause.clauses
    elif isinstance(clause, Every):
        parts = (*clause.required, *clause.optional)
    found: dict[tuple[str, str], float] = {}
    for part in parts:
        for key, score in terms(part).items():
            found[key] = max(score, found.get(key, 0))
    return found


@pytest.mark.parametrize(("name", "weight"), FIELD_WEIGHTS.items())
def test_fields_and_forms_have_their_weights(lexicon: Lexicon, name: str, weight: float) -> None:
    unmarked = terms(planned(lexicon, "xanh").where)
    assert unmarked[f"{name}.exact", "xanh"] == round(weight * 1.5 * RARITY, 4)
    assert unmarked[f"{name}.fold", "xanh"] == round(weight * 1.0 * RARITY, 4)
    marked = terms(planned(lexicon, "đỏ").where)
    assert marked[f"{name}.exact", "đo\u0309"] == round(weight * 1.5 * RARITY, 4)
    if name != "description":
        assert marked[f"{name}.fold", "do"] == round(weight * 0.45 * RARITY, 4)


def test_other_marks_than_those_typed_are_not_looked_for_in_long_texts(lexicon: Lexicon) -> None:
    assert ("description.fold", "do") not in terms(planned(lexicon, "đỏ").where)
    assert ("any.fold", "do") not in terms(planned(lexicon, "đỏ").where)
    assert ("description.fold", "do") in terms(planned(lexicon, "do").where)


@pytest.mark.parametrize(("name", "weight"), FIELD_WEIGHTS.items())
def test_a_phrase_of_two_has_its_bonus(lexicon: Lexicon, name: str, weight: float) -> None:
    found = terms(planned(lexicon, "đỏ xanh").where)
    assert found[f"{name}.exact2", "đo\u0309_xanh"] == weight * 4
    assert found[f"{name}.fold2", "do_xanh"] == weight * 2.5


def test_a_longer_phrase_has_the_same_bonus_in_all(lexicon: Lexicon) -> None:
    """Half in shares for its pairs, half for the whole."""
    where = planned(lexicon, "xanh trời mây").where
    assert isinstance(where, Every)
    in_title = [
        score
        for part in where.optional
        for (stream, _), score in terms(part).items()
        if stream == "title.exact2"
    ]
    assert sum(in_title) == pytest.approx(4 * 4)


def test_scores_are_rounded_to_four_places(lexicon: Lexicon) -> None:
    assert all(score == round(score, 4) for score in terms(planned(lexicon, "cảng biển xanh").where).values())


def test_every_word_is_required(lexicon: Lexicon) -> None:
    where = planned(lexicon, "xanh mây").where
    assert isinstance(where, Every)
    assert where.required == (Term("any.fold", "xanh", 0.0), where.required[1])
    assert len(where.required) == 2
    assert where.at_least is None


def test_marks_make_other_hits_approximate(lexicon: Lexicon) -> None:
    assert planned(lexicon, "xanh bien").exact is None
    assert planned(lexicon, "bão").exact == Every((Term("any.exact", "bao\u0303", 0.0),))


def test_a_word_that_no_dataset_holds_is_hopeless(lexicon: Lexicon) -> None:
    assert planned(lexicon, "xanh absent").hopeless
    assert not planned(lexicon, "xanh mây").hopeless


def test_relaxing_needs_three_words_and_takes_three_fifths(lexicon: Lexicon) -> None:
    assert relaxed(interpret("xanh mây", lexicon), statistics) is None
    for text, needed in [("xanh mây trời", 2), ("xanh mây trời đỏ", 3), ("xanh mây trời đỏ lam", 3)]:
        found = relaxed(interpret(text, lexicon), statistics)
        assert found is not None
        assert isinstance(found.where, Every)
        assert found.where.at_least == needed


def test_more_words_outweigh_all_other_scores(lexicon: Lexicon) -> None:
    found = relaxed(interpret("xanh mây trời đỏ lam chàm", lexicon), statistics)
    assert found is not None
    assert isinstance(found.where, Every)
    others = sum(max(terms(part).values()) for part in found.where.optional)
    assert others < 100
