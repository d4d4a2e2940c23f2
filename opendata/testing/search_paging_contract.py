"""What every search index keeps of a list while others write: whoever follows it finds each dataset that did
not change exactly once. Subclass with a fixture `index` that gives an empty index."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import orjson
import pytest

from opendata.base.kit.errors import Invalid
from opendata.base.kit.vocabularies import Vocabularies
from opendata.engines.search import Hit, IndexDocument, SearchIndex, telling
from opendata.services.catalog.query import Course, Lexicon, Outcome, search
from opendata.services.catalog.query.course import read
from opendata.testing.index_documents import dataset

Write = Callable[[SearchIndex, int], None]
"""What others write behind page number so and so."""

SIZE = 10
PLACES = ("giá đất", "giá đất ở", "đất có giá", "gia dat", "giá nhà đất")


def listed(count: int = 45) -> list[IndexDocument]:
    """With the words in many places, so that their scores differ and many are equal."""
    return [
        dataset(
            f"set-{n:03d}",
            f"{PLACES[n % 5]} khu vực số" if n % 3 else "bảng khác",
            newest=n % 7,
            description=PLACES[(n + 1) % 5],
            tags="đất" if n % 2 else "",
        )
        for n in range(count)
    ]


def others(count: int = 45) -> list[IndexDocument]:
    return [dataset(f"other-{n:03d}", f"điều gì đó {n}", newest=n % 7) for n in range(count)]


@cache
def lexicon() -> Lexicon:
    names = ("abbreviations", "synonyms", "search_words")
    return Lexicon(**{name: Vocabularies().table(name) for name in names})


def page(index: SearchIndex, text: str, before: Outcome | None = None, **options: Any) -> Outcome:
    """The first one, or the one behind `before`, over a cursor as doors write it."""
    asked: dict[str, Any] = {"size": SIZE, **options}
    if before is not None:
        key, course = orjson.loads(
            orjson.dumps((before.results.hits[-1].key, before.course.written())),
        )
        asked |= {"after": tuple(key), "course": read(course) if course else None}
    return search(index, lexicon(), text, **asked)


def walk(index: SearchIndex, text: str, write: Write | None = None, **options: Any) -> list[Hit]:
    """Every hit, with something written between two pages; fails on a walk that does not end."""
    found = page(index, text, **options)
    hits = list(found.results.hits)
    for number in range(100):
        if len(found.results.hits) < SIZE:
            return hits
        if write is not None:
            write(index, number)
        found = page(index, text, found, **options)
        hits += found.results.hits
    raise AssertionError("paging did not end")


# --- what others write ------------------------------------------------------------------------------


def adding(index: SearchIndex, number: int) -> None:
    index.write([dataset(f"added-{number}-{n}", f"chuyện khác {n}") for n in range(30)])


def adding_hits(index: SearchIndex, number: int) -> None:
    index.write([dataset(f"added-{number}-{n}", "giá đất mới", newest=n) for n in range(15)])


def removing(index: SearchIndex, number: int) -> None:
    index.write([], [(f"other-{n:03d}", 5) for n in range(10 * number, 10 * number + 10)])


def removing_hits(index: SearchIndex, number: int) -> None:
    index.write([], [(f"set-{n:03d}", 5) for n in range(number, 45, 9)])


def gaining_words(index: SearchIndex, number: int) -> None:
    changed = others()[10 * number : 10 * number + 10]
    index.write([replace(each, sequence=5, text={"title": "giá đất"}) for each in changed])


def losing_words(index: SearchIndex, number: int) -> None:
    changed = listed()[number::9]
    index.write([replace(each, sequence=5, text={"title": "chuyện khác"}) for each in changed])


def all_of_it(index: SearchIndex, number: int) -> None:
    for write in (adding, adding_hits, removing, gaining_words, losing_words):
        write(index, number)


WRITES = (adding, adding_hits, removing, removing_hits, gaining_words, losing_words, all_of_it)


@dataclass(frozen=True)
class Turn:
    """A query that is taken in another way as soon as `document` is there."""

    text: str
    titles: str
    document: IndexDocument


TURNS = {
    "a variant is there": Turn("KCN", "quy hoạch KCN", dataset("x", "khu công nghiệp")),
    "marks are there": Turn("cảng", "cang ca", dataset("x", "cảng")),
    "noise is a name": Turn("số liệu dân số", "dân số", dataset("x", "số liệu dân số")),
    "what was glued": Turn("cangbien", "cảng biển", dataset("x", "cangbien")),
    "what was mistyped": Turn("cangr bieenr", "cảng biển", dataset("x", "cangr bieenr")),
    "all of the words": Turn(
        "cảng biển quốc tế khổng lồ", "cảng biển quốc tế", dataset("x", "cảng biển quốc tế khổng lồ")
    ),
    "a time": Turn("cảng năm 2021", "cảng", dataset("x", "cảng", period=(18_700, 18_800))),
}


class SearchPagingContract:
    @pytest.fixture
    def index(self) -> SearchIndex:
        raise NotImplementedError

    @pytest.mark.parametrize("text", ["giá đất", "gia dat"])
    @pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
    def test_what_did_not_change_stands_once_in_its_place(
        self, index: SearchIndex, write: Write, text: str
    ) -> None:
        index.write([*listed(), *others()])
        calm = walk(index, text)
        assert len({hit.id for hit in calm}) == len(calm) > 2 * SIZE
        found = walk(index, text, write)
        kept = [hit.id for hit in calm if index.sequences([hit.id]).get(hit.id, (0, ""))[0] == 1]
        assert len(kept) > SIZE
        assert [hit.id for hit in found if hit.id in kept] == kept

    @pytest.mark.parametrize("sort", ["newest", "title", "popularity"])
    def test_other_orders_keep_it_too(self, index: SearchIndex, sort: str) -> None:
        index.write([*listed(), *others()])
        calm = walk(index, "giá đất", sort=sort)
        found = walk(index, "giá đất", adding_hits, sort=sort)
        assert [hit.id for hit in found if hit.id.startswith("set")] == [hit.id for hit in calm]

    @pytest.mark.parametrize("sort", ["relevance", "title"])
    @pytest.mark.parametrize("name", TURNS)
    def test_a_query_is_taken_one_way_on_all_pages(self, index: SearchIndex, name: str, sort: str) -> None:
        turn = TURNS[name]
        period = (17_000, 17_100) if name == "a time" else None
        index.write([dataset(f"set-{n:03d}", f"{turn.titles} {n}", period=period) for n in range(25)])
        calm = walk(index, turn.text, sort=sort)
        assert len(calm) == 25
        first = page(index, turn.text, sort=sort)
        found = walk(index, turn.text, lambda index, _: index.write([turn.document]), sort=sort)
        assert [hit.id for hit in found if hit.id != "x"] == [hit.id for hit in calm]
        again = page(index, turn.text, first, sort=sort)
        assert (again.step, again.searched) == (first.step, first.searched)

    def test_a_word_that_becomes_common_between_two_pages_scores_as_before(
        self, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(telling, "_COMMON", 50)
        index.write([*listed(), *others()])
        calm = walk(index, "giá đất")
        found = walk(index, "giá đất", adding_hits)
        assert [hit.id for hit in found if hit.id.startswith("set")] == [hit.id for hit in calm]

    def test_a_word_that_is_common_no_more_scores_as_before(
        self, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(telling, "_COMMON", 32)
        index.write([*listed(), *others()])
        calm = walk(index, "giá đất")
        found = walk(index, "giá đất", losing_words)
        kept = [hit.id for hit in calm if index.sequences([hit.id])[hit.id][0] == 1]
        assert [hit.id for hit in found if hit.id in kept] == kept

    def test_a_course_belongs_to_its_query(self, index: SearchIndex) -> None:
        index.write(listed())
        first = page(index, "giá đất")
        for text in ("giá", "đất giá", "cảng", "", "giá đất ở"):
            with pytest.raises(Invalid):
                page(index, text, first)

    def test_made_up_figures_do_no_harm(self, index: SearchIndex) -> None:
        index.write(listed())
        first = page(index, "giá đất")
        for documents in (0, 1, 2**31):
            for count in (0, 1, 2**31):
                counts = (count,) * len(first.course.counts)
                made_up = replace(first.course, documents=documents, counts=counts)
                found = search(
                    index,
                    lexicon(),
                    "giá đất",
                    after=first.results.hits[-1].key,
                    course=read(written(made_up)),
                )
                assert found.results.total in {0, len(walk(index, "giá đất"))}


def written(course: Course) -> Any:
    return orjson.loads(orjson.dumps(course.written()))
