"""Elasticsearch and the embedded engine give one and the same answer to everything that is asked."""

import json
import os
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opendata.base.kit.vietnamese import fold
from opendata.demo import catalogue as city
from opendata.engines.search import ALL, SearchIndex, telling
from opendata.engines.search import FACETS as INDEX_FACETS
from opendata.services.catalog import indexing
from opendata.services.catalog.filters import BY_NAME
from opendata.services.catalog.query import Outcome, search
from opendata.services.catalog.register import Register
from opendata.services.catalog.search import SORTS, DatasetQuery, find

SHARED = Path(
    os.environ.get("OPENDATA_SHARED_FIXTURES", Path(__file__).resolve().parents[3] / "shared" / "fixtures")
)
FACETS = tuple(name for name in BY_NAME if name in INDEX_FACETS)
HOSTILE = [
    "", " ", "*", "* OR *", "a:(", '"', "NEAR(", "-x", "\\", "[* TO *]", "x" * 300, "\x00", "💥 cảng",
    " ".join(["cảng", "biển", "số", "dân"] * 60), "{{7*7}}", "_all:x", "title_fold:cang", "%s", "../../x",
]  # fmt: skip


def half_marked(text: str) -> str:
    return " ".join(fold(word) if place % 2 else word for place, word in enumerate(text.split()))


TYPED: dict[str, Callable[[str], str]] = {
    "marked": str,
    "unmarked": fold,
    "half marked": half_marked,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "composed capitals": lambda text: unicodedata.normalize("NFC", text).upper(),
}


def city_texts() -> list[str]:
    found: dict[str, None] = {}
    for dataset in city.datasets().values():
        words = dataset.title["vi"].split()
        found |= dict.fromkeys((dataset.title["vi"], " ".join(words[:2]), " ".join(words[-2:])))
        found |= dict.fromkeys((*dataset.keywords["vi"][:3], dataset.title["en"].split()[0]))
    for body in city.bodies():
        found |= dict.fromkeys(filter(None, (body.abbreviation, *body.former_names)))
    return list(found)


@pytest.fixture(scope="session")
def ask(two_engines) -> Callable[..., tuple[Outcome, Outcome]]:
    names = two_engines.embedded.part(Register).names("parity")

    def both(text: str, **options: Any) -> tuple[Outcome, Outcome]:
        asked = {"size": 100, "facets": FACETS, **options}
        first, second = (search(index, names.lexicon, text, **asked) for index in two_engines.indexes)
        return _without_generation(first), _without_generation(second)

    return both


def _without_generation(outcome: Outcome) -> Outcome:
    return replace(outcome, results=replace(outcome.results, generation=""))


def test_words_that_most_datasets_hold_score_nothing_on_either(ask, monkeypatch) -> None:
    texts = city_texts()
    scored = [ask(text, size=41)[0] for text in texts]
    monkeypatch.setattr(telling, "_COMMON", 3)
    lowered = 0
    for text, before in zip(texts, scored, strict=True):
        embedded, scaled = ask(text, size=42)
        assert scaled == embedded, text
        lowered += [hit.score for hit in embedded.results.hits] != [hit.score for hit in before.results.hits]
    assert lowered > len(texts) // 4


@pytest.mark.parametrize("form", TYPED)
def test_the_city_is_found_alike_however_it_is_typed(ask, form: str) -> None:
    found = 0
    for text in city_texts():
        embedded, scaled = ask(TYPED[form](text))
        assert scaled == embedded, text
        found += bool(embedded.results.total)
    assert found > 100


def test_the_queries_of_the_design_are_answered_alike(ask) -> None:
    path = SHARED / "search" / "queries.json"
    if not path.exists():
        pytest.skip("does not apply: the shared search queries are not on this machine")
    for query in json.loads(path.read_text()):
        for typed in TYPED.values():
            embedded, scaled = ask(typed(query["q"]))
            assert scaled == embedded, query["q"]
            assert scaled.results.total or not query["must"], query["q"]


@pytest.mark.parametrize("text", HOSTILE)
def test_engine_syntax_is_plain_text_on_both(ask, text: str) -> None:
    embedded, scaled = ask(text)
    assert scaled == embedded


def random_options(chance: random.Random, facets: dict[str, list[str]]) -> dict[str, Any]:
    name = chance.choice([facet for facet, values in facets.items() if values])
    return {
        "sort": chance.choice(SORTS),
        "size": chance.choice([1, 3, 20]),
        "filters": chance.choice([{}, {name: tuple(chance.sample(facets[name], 1))}]),
        "period": chance.choice([None, (19_000, 20_000)]),
        "visible": frozenset(chance.choice([{"public"}, {ALL}])),
        "as_typed": chance.random() < 0.2,
    }


def pages(ask, text: str, **options: Any) -> Iterator[tuple[Outcome, Outcome]]:
    for _ in range(8):
        embedded, scaled = ask(text, **options)
        yield embedded, scaled
        hits = embedded.results.hits
        if len(hits) < options["size"]:
            return
        options |= {"after": hits[-1].key, "course": embedded.course}


def test_orders_filters_and_pages_are_alike(ask, two_engines) -> None:
    chance = random.Random(11)
    counted = ask("")[0].results.facets
    facets = {name: [value for value, _ in values] for name, values in counted.items()}
    texts = [*city_texts(), "", "số", "hải phòng", "theo", "cang"]
    for _ in range(120):
        text = chance.choice(list(TYPED.values()))(chance.choice(texts))
        options = random_options(chance, facets)
        for embedded, scaled in pages(ask, text, **options):
            assert scaled == embedded, (text, options)


def test_pages_of_the_service_are_alike(two_engines) -> None:
    for text in ("cảng biển", "gia dat", "UBND", ""):
        query = DatasetQuery(text=text, facets=FACETS, size=10)
        shown = []
        for platform in (two_engines.embedded, two_engines.scaled):
            with platform.read() as work:
                shown.append(find(work, query))
        assert shown[0] == shown[1]


def test_both_indexes_hold_what_the_database_holds(two_engines) -> None:
    embedded, scaled = (index.sequences() for index in two_engines.indexes)
    assert scaled == embedded
    assert indexing.drift(two_engines.scaled) == indexing.Drift()


def test_both_count_their_words_alike(two_engines) -> None:
    embedded, scaled = two_engines.indexes
    for stream in ("any.fold", "title.exact", "tags.fold", "main.fold2", "any.exact2"):
        for prefix in ("", "c", "khu", "đ", "a.b*"):
            assert list(scaled.vocabulary(stream, prefix, 5000)) == list(
                embedded.vocabulary(stream, prefix, 5000)
            ), (stream, prefix)


def test_writes_of_one_platform_are_seen_through_the_other(two_engines) -> None:
    """The scaled index follows when datasets are written again through the outbox."""
    index = two_engines.scaled.part(SearchIndex)
    before = index.sequences()
    chosen = sorted(before)[:3]
    indexing.repair(two_engines.scaled, indexing.Drift(stale=tuple(chosen)))
    after = index.sequences()
    assert {key for key in before if after[key] != before[key]} == set(chosen)
    indexing.repair(two_engines.embedded, indexing.drift(two_engines.embedded))
    assert two_engines.embedded.part(SearchIndex).sequences().keys() == after.keys()
