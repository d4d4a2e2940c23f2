"""Optional words that many documents hold score nothing; what matches stays."""

from collections.abc import Mapping
from typing import Any

from opendata.engines.search.elastic.statistics import Frequencies
from opendata.engines.search.protocol import Best, Every, Term
from opendata.engines.search.telling import (
    bound,
    common,
    is_written,
    judged,
    optional_terms,
    telling,
    undecided,
)

MOST = 10
HELD: Mapping[str, int] = {"rare": 3, "common": 11, "limit": 10}


def term(token: str, score: float = 1.0) -> Term:
    return Term("title.fold", token, score)


def frequency(_: str, token: str) -> int:
    return HELD.get(token, 0)


def reduced(*optional: Term | Best | Every) -> tuple[object, ...]:
    found = telling(Every((term("needed"),), optional), frequency, MOST)
    assert isinstance(found, Every)
    assert found.required == (term("needed"),)
    return found.optional


def test_what_is_common_grows_with_the_catalogue() -> None:
    assert [common(count) for count in (0, 10_000, 1_000_000)] == [10_000, 10_000, 50_000]


def test_common_and_unknown_words_are_left_out() -> None:
    assert reduced(term("common"), term("limit"), term("unknown"), term("rare")) == (
        term("limit"),
        term("rare"),
    )


def test_of_alternatives_the_telling_ones_are_left() -> None:
    assert reduced(Best((term("common"), term("rare")))) == (Best((term("rare"),)),)
    assert reduced(Best((term("common"), term("unknown")))) == ()


def test_a_variant_of_several_words_keeps_what_tells_of_it() -> None:
    assert reduced(Every((term("rare"), term("common")))) == (Every((term("rare"),)),)
    assert reduced(Every((term("rare"), term("unknown")))) == ()
    assert reduced(Every((term("common"),))) == ()
    spared = Every((term("common"),), (term("rare"),))
    assert reduced(spared) == (Every((term("rare"),), at_least=1),)


def test_what_is_required_stays_however_common() -> None:
    where = Every((Best((term("common"), term("unknown"))), term("common")), at_least=1)
    assert telling(where, frequency, MOST) == where
    assert telling(term("common"), frequency, MOST) == term("common")


def test_later_pages_score_what_the_first_one_scored() -> None:
    where = Every((term("needed"),), (term("rare"), term("common"), term("limit")))
    scored, written = judged(where, frequency, MOST, None)
    assert scored == Every((term("needed"),), (term("rare"), term("limit")))
    assert is_written(written)
    assert undecided(where, written) == [("title.fold", "rare"), ("title.fold", "limit")]
    grown = {"rare": 2 * MOST, "common": 1, "limit": MOST + 1}
    assert judged(where, lambda _, token: grown.get(token, 0), 2 * MOST, written) == (scored, written)


def test_a_made_up_cursor_makes_no_word_of_most_documents_score() -> None:
    assert [bound(50_000, None), bound(50_000, "")] == [10_000, 20_000]
    where = Every((term("needed"),), (term("rare"), term("common")))
    assert judged(where, lambda *_: 2 * MOST + 1, 2 * MOST, "")[0] == Every((term("needed"),))
    assert judged(where, frequency, 2 * MOST, "f" * 4000)[0] == Every((term("needed"),))
    assert not any(map(is_written, ("f" * 4001, "x", "-1", "F", " 1", "0x1", "1_0")))


def test_frequencies_are_asked_of_optional_parts_alone() -> None:
    inner = Every((term("a"),), (Best((term("b"), Every((term("c"),), (term("d"),)))),))
    where = Every((inner, term("e")), (term("f"),))
    assert [found.token for found in optional_terms(where)] == ["b", "c", "d", "f"]


def test_what_a_bound_settles_is_not_asked_of_the_cluster() -> None:
    frequencies = Frequencies()
    asked: list[int] = []

    def ask(body: Mapping[str, Any]) -> Mapping[str, Any]:
        filters = body["aggs"]["tokens"]["filters"]["filters"]
        asked.append(len(filters))
        return _counts([20] * len(filters))

    known = [("any.fold", "cang"), ("any.fold", "bien"), ("main.fold", "bien")]
    frequencies.of(known, "g", lambda _: _counts([4, 30, 30]))
    wanted = [
        ("title.fold", "cang"),
        ("description.fold2", "cang_bien"),
        ("title.fold", "bien"),
        ("any.fold", "bien"),
    ]
    assert frequencies.up_to(MOST, wanted, "g", ask) == {
        ("title.fold", "cang"): 4,
        ("description.fold2", "cang_bien"): 4,
        ("title.fold", "bien"): 20,
        ("any.fold", "bien"): 30,
    }
    assert asked == [1]


def test_what_few_hold_in_the_short_fields_may_be_common_in_all() -> None:
    frequencies, pairs = Frequencies(), [("any.fold", "cang"), ("any.fold2", "cang_bien")]
    frequencies.of([("main.fold", "cang"), ("main.fold", "bien")], "g", lambda _: _counts([4, 4]))
    held = frequencies.up_to(MOST, pairs, "g", lambda _: _counts([20, 15]))
    assert held == dict(zip(pairs, [20, 15], strict=True))


def _counts(counts: list[int]) -> Mapping[str, Any]:
    return {"aggregations": {"tokens": {"buckets": [{"doc_count": count} for count in counts]}}}
