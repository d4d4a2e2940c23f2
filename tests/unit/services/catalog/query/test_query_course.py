"""What pages behind the first are planned from: short, complete, and asked of nobody again."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from opendata.base.kit import cursors
from opendata.engines.search import Results, SearchIndex
from opendata.engines.search.fake import MemoryIndex
from opendata.services.catalog.query import Lexicon, search
from opendata.services.catalog.query.course import Course, Told, Way, read
from opendata.testing.index_documents import dataset


class Silent(MemoryIndex):
    """Tells its hits and nothing else."""

    def statistics(self, tokens: Iterable[tuple[str, str]]) -> tuple[int, Mapping[tuple[str, str], int]]:
        raise AssertionError(list(tokens))

    def vocabulary(self, *_: Any, **__: Any) -> Any:
        raise AssertionError


class Counting(Silent):
    searches = 0

    def search(self, plan: Any) -> Results:
        self.searches += 1
        return super().search(plan)


def filled(index: SearchIndex) -> SearchIndex:
    index.write([dataset(f"{n:02d}", f"cảng biển {n}") for n in range(30)])
    return index


@pytest.mark.parametrize("text", ["cảng biển", "cangbien", "cangr bieenr", "cảng biển lạ", "so lieu cang"])
def test_a_later_page_costs_one_search(lexicon: Lexicon, text: str) -> None:
    first = search(filled(MemoryIndex()), lexicon, text, size=10)
    assert first.results.total == 30
    silent = Counting()
    filled(silent)
    course = read(first.course.written())
    second = search(silent, lexicon, text, size=10, after=first.results.hits[-1].key, course=course)
    assert [hit.id for hit in second.results.hits] == [f"{n:02d}" for n in range(10, 20)]
    assert silent.searches == 1
    assert second.notes == first.notes


@pytest.mark.parametrize("number", [0, 1, 31, 32, 1023, 1024, 123_456, 2**31])
def test_figures_are_read_as_they_were_written(number: int) -> None:
    way = Way("onset", "cảng", ("noise",), timed=False)
    for course in (Course(Way(), 7, (number, 5, number), 9), Course(way, number, (), 2**32 - 1)):
        assert read(course.written()) == course


def test_a_list_without_words_has_no_course(lexicon: Lexicon) -> None:
    assert search(filled(MemoryIndex()), lexicon, "", size=10).course.written() is None


def test_the_cursor_of_the_longest_query_is_taken_by_every_door(lexicon: Lexicon) -> None:
    text = " ".join(f"s{n:02d}k" for n in range(200))[:1000]

    def statistics(pairs: Iterable[tuple[str, str]]) -> tuple[int, dict[tuple[str, str], int]]:
        return 200_000, dict.fromkeys(pairs, 20_000)

    class Known(MemoryIndex):
        def statistics(self, tokens: Iterable[tuple[str, str]]) -> Any:
            return statistics(tokens)

    course = search(Known(), lexicon, text).course
    assert len(course.counts) > 700
    assert len(cursors.encode((False, -1, -(2**40), "x" * 36, "f" * 250, 20, course.written()))) < 6000


def test_nothing_is_asked_for_twice() -> None:
    asked: list[tuple[str, str]] = []

    def statistics(pairs: Iterable[tuple[str, str]]) -> tuple[int, dict[tuple[str, str], int]]:
        asked.extend(pairs)
        return 5, dict.fromkeys(asked, 3)

    told = Told(statistics)
    assert told([("any.fold", "a"), ("any.fold2", "a_b"), ("any.fold", "a")]) == (
        5,
        {("any.fold", "a"): 3, ("any.fold2", "a_b"): 1},
    )
    assert told([("any.fold", "a"), ("any.fold", "b")])[1] == {("any.fold", "a"): 3, ("any.fold", "b"): 3}
    assert asked == [("any.fold", "a"), ("any.fold2", "a_b"), ("any.fold", "b")]
    assert told.course(Way(), "a b").counts == (3, 1, 3)
