"""The dataset filters. One declaration gives API argument, OpenAPI text, facet, sidebar and docs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opendata.base.formats.record import LangText
from opendata.base.kit.errors import N_

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`values` reads the facet values of a dataset document; `labels` says where their labels come
    from: a vocabulary name, "organizations", "topics", "yes_no", or None when a value is its own label.
    `pattern` is the form of every value there can be, where there is one."""

    name: str
    label: str
    help: LangText
    values: Callable[[Document], Iterator[str]]
    labels: str | None = None
    pattern: str | None = None


def _organization(document: Document) -> Iterator[str]:
    yield document["publisher"]["slug"]


def _topics(document: Document) -> Iterator[str]:
    yield from (topic["slug"] for topic in document["topics"])


def _themes(document: Document) -> Iterator[str]:
    yield from document["themes"]


def _tags(document: Document) -> Iterator[str]:
    yield from dict.fromkeys(word for words in document["keywords"].values() for word in words)


def _formats(document: Document) -> Iterator[str]:
    yield from sorted({resource["format"] for resource in document["resources"] if resource["format"]})


def _years(document: Document) -> Iterator[str]:
    """Each year the data covers; at most the last 60."""
    temporal = document.get("temporal") or {}
    first, last = (str(temporal.get(end) or "")[:4] for end in ("start", "end"))
    if _is_number(last):
        first = first if _is_number(first) else last
        yield from (str(year) for year in range(max(int(first), int(last) - 59), int(last) + 1))


def _is_number(text: str) -> bool:
    """Plain digits: others, like superscripts, are no number to `int`."""
    return text.isascii() and text.isdigit()


def _single(field: str) -> Callable[[Document], Iterator[str]]:
    def values(document: Document) -> Iterator[str]:
        if document.get(field):
            yield document[field]

    return values


def _synthetic(document: Document) -> Iterator[str]:
    yield "true" if document["synthetic"] else "false"


FILTERS: tuple[Filter, ...] = (
    Filter(
        name="organization",
        label=N_("Cơ quan công bố"),
        help={
            "vi": "Địa chỉ rút gọn của cơ quan; tên cũ cũng được.",
            "en": "Slug of the publishing body; former slugs work.",
        },
        values=_organization,
        labels="organizations",
    ),
    Filter(
        name="theme",
        label=N_("Lĩnh vực"),
        help={"vi": "Mã lĩnh vực, ví dụ TRAN.", "en": "Theme code, say TRAN."},
        values=_themes,
        labels="themes",
    ),
    Filter(
        name="topic",
        label=N_("Chủ đề"),
        help={"vi": "Địa chỉ rút gọn của chủ đề.", "en": "Slug of the topic."},
        values=_topics,
        labels="topics",
    ),
    Filter(
        name="tag",
        label=N_("Từ khóa"),
        help={"vi": "Một từ khóa đúng như hiển thị.", "en": "A keyword as shown."},
        values=_tags,
    ),
    Filter(
        name="format",
        label=N_("Định dạng"),
        help={"vi": "Mã định dạng, ví dụ CSV.", "en": "Format code, say CSV."},
        values=_formats,
        labels="formats",
    ),
    Filter(
        name="license",
        label=N_("Giấy phép"),
        help={"vi": "Mã giấy phép, ví dụ cc-by-4.0.", "en": "Licence code, say cc-by-4.0."},
        values=_single("license"),
        labels="licences",
    ),
    Filter(
        name="frequency",
        label=N_("Tần suất cập nhật"),
        help={"vi": "Mã tần suất, ví dụ MONTHLY.", "en": "Frequency code, say MONTHLY."},
        values=_single("frequency"),
        labels="frequencies",
    ),
    Filter(
        name="access_level",
        label=N_("Mức độ tiếp cận"),
        help={"vi": "public, conditional hoặc non_public.", "en": "public, conditional or non_public."},
        values=_single("access_level"),
        labels="access",
        pattern="public|conditional|non_public",
    ),
    Filter(
        name="year",
        label=N_("Năm dữ liệu"),
        help={"vi": "Năm mà dữ liệu có, ví dụ 2024.", "en": "A year the data covers, say 2024."},
        values=_years,
        pattern="[0-9]{4}",
    ),
    Filter(
        name="synthetic",
        label=N_("Dữ liệu mô phỏng"),
        help={"vi": "true hoặc false.", "en": "true or false."},
        values=_synthetic,
        labels="yes_no",
        pattern="true|false",
    ),
)

BY_NAME: Mapping[str, Filter] = {declared.name: declared for declared in FILTERS}
