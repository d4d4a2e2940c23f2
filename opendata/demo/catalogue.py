"""The forty datasets, the bodies and the topics as the package data describes them, typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from opendata.base.formats.record import LangText

Mode = Literal["switch", "restated", "moi_only", "cu_only", "bridge", "none"]
FieldType = Literal["text", "number", "integer", "date", "datetime", "boolean", "point", "line", "polygon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column as it is kept in the catalogue; `codes` names a list in `Dataset.codes` or a vocabulary."""

    name: str
    type: FieldType
    label: LangText
    unit: str | None = None
    key: bool = False
    nullable: bool = False
    ref: str | None = None
    codes: str | None = None
    grain: str | None = None
    length: int | None = None
    multiple: bool = False
    note: LangText = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A figure that the generated rows must give. `rest` holds what only its kind of check needs."""

    id: str
    dataset: str
    check: str
    source: str
    text: LangText
    column: str | None = None
    table: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    op: str | None = None
    value: Any = None
    unit: str | None = None
    decimals: int | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    id: str
    slug: str
    title: LangText
    keywords: Mapping[str, tuple[str, ...]]
    body: str
    theme: str
    topics: tuple[str, ...]
    frequency: str
    formats: tuple[str, ...]
    api: bool
    synthetic: bool
    synthetic_columns: tuple[str, ...]
    license: str
    legal_basis: tuple[Mapping[str, Any], ...]
    rows_about: int
    period: tuple[str, str | None]
    mode: Mode
    scope: LangText
    what: LangText
    caveat: LangText
    columns: tuple[Field, ...]
    tables: Mapping[str, tuple[Field, ...]]
    codes: Mapping[str, Mapping[str, LangText]]
    anchors: tuple[Anchor, ...]
    hvd: tuple[str, ...] = ()

    def fields(self, table: str | None = None) -> tuple[Field, ...]:
        return self.tables[table] if table else self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """A former body. `into` names the bodies that took over its duties; `alias_of` those that should
    still be found under its name."""

    code: str
    slug: str
    name: LangText
    valid_from: str
    valid_to: str
    into: tuple[str, ...]
    alias_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    code: str
    slug: str
    name: LangText
    abbreviation: str
    level: Literal["city", "central"]
    parent: str | None
    status: Literal["press", "pattern", "unverified"]
    contact: LangText
    email: str
    valid_from: str
    former_names: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    slug: str
    title: LangText
    description: LangText


@cache
def datasets() -> Mapping[str, Dataset]:
    """The forty by id, in their order."""
    shared = _read("city.yaml")
    found = {}
    for folder in files("opendata.demo").joinpath("data", "datasets").iterdir():
        if folder.name.endswith(".yaml"):
            for identifier, raw in _load(folder.read_text(encoding="utf-8")).items():
                found[identifier] = _dataset(identifier, raw, shared)
    return dict(sorted(found.items()))


@cache
def bodies() -> tuple[Body, ...]:
    """The seventeen bodies that publish, parents before their parts."""
    return tuple(
        Body(
            code=code,
            former_names=tuple(old.name["vi"] for old in predecessors() if code in old.alias_of),
            replaces=tuple(old.code for old in predecessors() if code in old.into),
            **raw,
        )
        for code, raw in _read("city.yaml")["bodies"].items()
    )


@cache
def predecessors() -> tuple[Predecessor, ...]:
    """Former bodies with the dates they ended; old to new is many to many."""
    raw = _read("city.yaml")["predecessors"]
    return tuple(
        Predecessor(
            code=code,
            slug=one["slug"],
            name=one["name"],
            valid_from=one["valid_from"],
            valid_to=one["valid_to"],
            into=tuple(one["into"]),
            alias_of=tuple(one.get("alias_of", ())),
        )
        for code, one in raw.items()
    )


@cache
def topics() -> tuple[Topic, ...]:
    return tuple(Topic(slug=slug, **raw) for slug, raw in _read("city.yaml")["topics"].items())


def anchors() -> tuple[Anchor, ...]:
    """All anchors in the order of their datasets."""
    return tuple(anchor for dataset in datasets().values() for anchor in dataset.anchors)


def body(code: str) -> Body:
    return next(one for one in bodies() if one.code == code)


def legal_texts() -> Mapping[str, Mapping[str, Any]]:
    texts: Mapping[str, Mapping[str, Any]] = _read("city.yaml")["legal"]
    return texts


def shared_codes() -> Mapping[str, Mapping[str, LangText]]:
    """Code lists that several datasets use."""
    lists: Mapping[str, Mapping[str, LangText]] = _read("city.yaml")["codes"]
    return lists


@cache
def _read(name: str) -> dict[str, Any]:
    return _load(files("opendata.demo").joinpath("data", name).read_text(encoding="utf-8"))


def _load(text: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506  # one of the two safe loaders
    return loaded


def _dataset(identifier: str, raw: dict[str, Any], shared: dict[str, Any]) -> Dataset:
    start, end = raw["period"]
    synthetic_columns = tuple(raw.get("synthetic_columns", ()))
    return Dataset(
        id=identifier,
        slug=raw["slug"],
        title=raw["title"],
        keywords={language: tuple(words) for language, words in raw["keywords"].items()},
        body=raw["body"],
        theme=raw["theme"],
        topics=tuple(raw["topics"]),
        frequency=raw["frequency"],
        formats=tuple(raw["formats"]),
        api=raw.get("api", False),
        synthetic=not synthetic_columns,
        synthetic_columns=synthetic_columns,
        license=raw.get("license", "cc-by-4.0"),
        legal_basis=tuple(shared["legal"][name] for name in ("open-data", *raw.get("legal", ()))),
        rows_about=raw["rows"],
        period=(start, end),
        mode=raw["scope"]["mode"],
        scope={language: raw["scope"][language] for language in ("vi", "en")},
        what=raw["what"],
        caveat=raw["caveat"],
        columns=_fields(raw["columns"]),
        tables={name: _fields(columns) for name, columns in raw.get("tables", {}).items()},
        codes=raw.get("codes", {}),
        anchors=tuple(_anchor(name, identifier, one) for name, one in raw["anchors"].items()),
        hvd=tuple(raw.get("hvd", ())),
    )


def _fields(raw: dict[str, dict[str, Any]]) -> tuple[Field, ...]:
    return tuple(_field(name, dict(one)) for name, one in raw.items())


def _field(name: str, raw: dict[str, Any]) -> Field:
    label = {"vi": raw.pop("vi"), "en": raw.pop("en")}
    note = {language: raw.pop(f"note_{language}") for language in ("vi", "en") if f"note_{language}" in raw}
    return Field(name=name, label=label, note=note, **raw)


def _anchor(name: str, dataset: str, raw: dict[str, Any]) -> Anchor:
    own = {key: raw[key] for key in _ANCHOR_FIELDS if key in raw}
    rest = {key: value for key, value in raw.items() if key not in own and key not in ("vi", "en")}
    text = {language: raw[language] for language in ("vi", "en")}
    return Anchor(id=name, dataset=dataset, text=text, rest=rest, **own)


_ANCHOR_FIELDS = ("check", "source", "column", "table", "where", "op", "value", "unit", "decimals")
