"""The exchange form of a dataset: what every import, export, harvest and API speaks.

Frozen dataclasses without a database behind them. Texts in two languages are `LangText`, a mapping
with the keys "vi" and "en"; vocabulary values are the codes of `config/vocabularies`; dates keep the
precision they came with ("2026", "2026-06", "2026-06-05" or an ISO 8601 instant with zone).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

LangText = dict[str, str]
LangList = dict[str, list[str]]

Kind = Literal["file", "link", "table", "api", "document"]
ColumnType = Literal["text", "integer", "number", "boolean", "date", "datetime", "geometry", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An office that answers for the data; never a private person's number."""

    name: LangText
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """A legal text and the article that is the ground for publishing or refusing."""

    code: str
    article: str | None = None
    title: LangText = field(default_factory=dict)
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Inclusive; either end may be open. Each end keeps its precision."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spatial:
    """Administrative codes (province 2 digits, ward 5 digits) and a box west, south, east, north in WGS84."""

    places: tuple[str, ...] = ()
    bbox: tuple[float, float, float, float] | None = None
    geometry: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which city the figures cover: before or after the merger of 2025-07-01 (`pham_vi`)."""

    mode: Literal["switch", "restated", "moi_only", "cu_only", "bridge", "none"]
    note: LangText = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A typed relation or a page: references, replaces, isReplacedBy, requires; documentation."""

    url: str
    rel: str = "references"
    title: LangText = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One line of a table's dictionary. `unit` is as shown; `codes` names a code list."""

    name: str
    label: LangText = field(default_factory=dict)
    type: ColumnType = "text"
    unit: str | None = None
    codes: str | None = None
    term: str | None = None
    key: bool = False
    nullable: bool = True
    personal: str | None = None
    note: LangText = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRecord:
    """A file, link, table, API or document of a dataset. Sizes in bytes; `sha256` in hex."""

    id: str | None = None
    title: LangText = field(default_factory=dict)
    description: LangText = field(default_factory=dict)
    kind: Kind = "link"
    access_url: str | None = None
    download_url: str | None = None
    file_name: str | None = None
    format: str | None = None
    media_type: str | None = None
    compress: str | None = None
    package: str | None = None
    byte_size: int | None = None
    sha256: str | None = None
    encoding: str | None = None
    rows: int | None = None
    license: str | None = None
    rights: LangText = field(default_factory=dict)
    access_level: str | None = None
    availability: str | None = None
    issued: str | None = None
    modified: str | None = None
    columns: tuple[Column, ...] = ()
    conforms_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """A dataset as its publisher describes it. Workflow, visibility and quality are never part of it."""

    title: LangText
    description: LangText = field(default_factory=dict)
    slug: str | None = None
    keywords: LangList = field(default_factory=dict)
    themes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    publisher: str | None = None
    creator: tuple[str, ...] = ()
    contact: tuple[Contact, ...] = ()
    license: str | None = None
    access_level: str | None = None
    access_reason: LangText = field(default_factory=dict)
    legal_basis: tuple[LegalBasis, ...] = ()
    priority_list: str | None = None
    hvd_category: tuple[str, ...] = ()
    frequency: str | None = None
    last_update: str | None = None
    issued: str | None = None
    modified: str | None = None
    data_until: str | None = None
    temporal: Period | None = None
    spatial: Spatial | None = None
    pham_vi: Scope | None = None
    language: tuple[str, ...] = ()
    landing_page: str | None = None
    version_note: LangText = field(default_factory=dict)
    status: str | None = None
    provenance: LangText = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    synthetic: bool = False
    synthetic_columns: tuple[str, ...] = ()
    series: str | None = None
    series_position: str | None = None
    related: tuple[Link, ...] = ()
    conforms_to: tuple[str, ...] = ()
    documentation: tuple[Link, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    resources: tuple[ResourceRecord, ...] = ()
