"""The catalogue of the demo city as the search sees it, in two depths, on both engines."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opendata.base.kit.vietnamese import sort_key
from opendata.base.kit.vocabularies import Vocabularies
from opendata.demo import catalogue as city
from opendata.demo.writing.sidecar import description
from opendata.engines.search import IndexDocument, SearchIndex, open_index
from opendata.services.catalog.query import Lexicon, Outcome, search

SHARED = Path(
    os.environ.get("OPENDATA_SHARED_FIXTURES", Path(__file__).resolve().parents[6] / "shared" / "fixtures")
)


@dataclass(frozen=True)
class Body:
    slug: str
    name: Mapping[str, str]
    abbreviation: str | None = None
    former_names: Sequence[Mapping[str, str]] = ()
    living: bool = True
    successors: Sequence[str] = ()


def tables() -> dict[str, Any]:
    vocabularies = Vocabularies()
    return {name: vocabularies.table(name) for name in ("abbreviations", "synonyms", "search_words")}


def bodies() -> list[Body]:
    slugs = {body.code: body.slug for body in city.bodies()}
    living = [
        Body(body.slug, body.name, body.abbreviation, [{"vi": name} for name in body.former_names])
        for body in city.bodies()
    ]
    gone = [
        Body(old.slug, old.name, living=False, successors=[slugs[code] for code in old.into])
        for old in city.predecessors()
    ]
    return living + gone


def names_of(code: str) -> list[str]:
    body = city.body(code)
    names = [*body.name.values(), body.abbreviation, *body.former_names]
    return names + (names_of(body.parent) if body.parent else [])


def document(dataset: city.Dataset, *, deep: bool) -> IndexDocument:
    """`deep`: with description, columns and English keywords, as the product indexes it; else only
    titles, Vietnamese tags and the names of the body."""
    words = [word for language in (("vi", "en") if deep else ("vi",)) for word in dataset.keywords[language]]
    columns = [*dataset.columns, *(field for fields in dataset.tables.values() for field in fields)]
    labels = {label for column in columns for label in column.label.values()}
    long = [*description(dataset, city.body(dataset.body)).values(), dataset.slug]
    long += [" ".join(sorted({column.name for column in columns})), *sorted(labels)]
    return IndexDocument(
        id=dataset.id,
        sequence=1,
        visibility="public",
        text={
            "title": dataset.title["vi"],
            "title_en": dataset.title["en"],
            "tags": "\n".join(words),
            "body": "\n".join(names_of(dataset.body)),
            "description": "\n".join(long) if deep else "",
        },
        facets={
            "organization": [city.body(dataset.body).slug],
            "tag": list(dataset.keywords["vi"]),
            "topic": list(dataset.topics),
            "format": list(dataset.formats),
        },
        sort={"newest": 20_000, "title": sort_key(dataset.title["vi"]), "popularity": 0},
        row={
            "id": dataset.id,
            "slug": dataset.slug,
            "title": dataset.title,
            "keywords": {language: list(held) for language, held in dataset.keywords.items()},
        },
    )


def open_filled(url: str, *, deep: bool) -> SearchIndex:
    index = open_index(url)
    index.write([document(dataset, deep=deep) for dataset in city.datasets().values()])
    return index


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon(**tables(), bodies=bodies())


@pytest.fixture(scope="session", params=["short", "deep"])
def index(request: pytest.FixtureRequest) -> SearchIndex:
    """The reference engine; short: titles, tags and names of bodies only, deep: all that is indexed."""
    return open_filled("memory://", deep=request.param == "deep")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    """The embedded engine in full depth."""
    return open_filled(f"tantivy://{tmp_path_factory.mktemp('index')}", deep=True)


@pytest.fixture(scope="session")
def reference() -> SearchIndex:
    """The reference engine in full depth."""
    return open_filled("memory://", deep=True)


@pytest.fixture
def find(index: SearchIndex, lexicon: Lexicon) -> Callable[..., Outcome]:
    return lambda text, **options: search(index, lexicon, text, **{"size": 50, **options})


@pytest.fixture(scope="session")
def design_queries() -> dict[str, Any]:
    path = SHARED / "search" / "queries.json"
    if not path.exists():
        pytest.skip("does not apply: the shared search queries are not on this machine")
    return {query["q"]: query for query in json.loads(path.read_text())}


@pytest.fixture(scope="session")
def reference_find(reference: SearchIndex, lexicon: Lexicon) -> Callable[[str], Outcome]:
    return lambda text: search(reference, lexicon, text, size=50)
