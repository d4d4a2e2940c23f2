"""The one door for records: text is cleaned, codes are resolved, limits are kept.

Every record passes here whatever it came through (API, form, harvest, import).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from opendata.base.formats.dates import is_date
from opendata.base.formats.record import DatasetRecord, LangList, LangText, ResourceRecord
from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.vietnamese import clean, exact_key
from opendata.base.kit.vocabularies import Vocabularies

T = TypeVar("T")
LANGUAGES = ("vi", "en")
SHORT = 48


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one record; beyond them it is refused alone."""

    title: int = 500
    description: int = 100_000
    keyword: int = 100
    keywords: int = 500
    resources: int = 5_000
    size: int = 1_048_576
    """Bytes of the normalised record."""


LIMITS = Limits()


def normalise(
    record: DatasetRecord, vocabularies: Vocabularies, *, before: DatasetRecord | None = None
) -> DatasetRecord:
    """A record with clean text and known codes. Dates that stood there `before` may stay as they are: an
    earlier release judged none. Raises `Invalid` naming each field that is wrong."""
    plain = msgspec.to_builtins(record)
    cleaned = msgspec.convert(clean_values(plain), DatasetRecord)
    cleaned = replace(
        cleaned,
        keywords=_keywords(cleaned.keywords),
        frequency=_code(vocabularies, "frequencies", cleaned.frequency),
        license=_code(vocabularies, "licences", cleaned.license),
        access_level=_code(vocabularies, "access", cleaned.access_level),
        themes=_codes(vocabularies, "themes", cleaned.themes),
        language=_codes(vocabularies, "languages", cleaned.language),
        resources=tuple(_resource(r, vocabularies) for r in cleaned.resources),
    )
    _check(cleaned, vocabularies, before)
    return cleaned


def to_json(record: DatasetRecord) -> dict[str, Any]:
    """JSON values only; the inverse of `from_json`."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def from_json(value: Any) -> DatasetRecord:
    """Raises `Invalid` with the path of the first value of a wrong type."""
    return _convert(value, DatasetRecord)


def resource_to_json(record: ResourceRecord) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(record)
    del plain["id"]
    return plain


def resource_from_json(value: Any) -> ResourceRecord:
    return _convert(value, ResourceRecord)


def _convert(value: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        raise Invalid(fields={path.strip("`$.") or "record": message}) from error


def clean_values(value: Any) -> Any:
    """The value with every text in it cleaned, at any depth."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list | tuple):
        return [clean_values(item) for item in value]
    if isinstance(value, dict):
        return {_clean_text(key): clean_values(item) for key, item in value.items()}
    return value


def _clean_text(text: str) -> str:
    return _clean_word(text) if len(text) <= SHORT else clean(text, multiline="\n" in text)


@lru_cache(maxsize=20_000)
def _clean_word(text: str) -> str:
    """Most texts of a record are names of fields, codes and keywords, the same in the next."""
    return clean(text, multiline="\n" in text)


def _keywords(keywords: LangList) -> LangList:
    """One spelling a keyword: equal but for case, spaces or code points counts once."""
    kept: LangList = {}
    for language in LANGUAGES:
        unique = {exact_key(word): word for word in reversed(keywords.get(language, [])) if word}
        if unique:
            kept[language] = list(reversed(unique.values()))
    return kept


def _code(vocabularies: Vocabularies, name: str, value: str | None) -> str | None:
    """The code of a known value; an unknown one is kept for `_check` to name."""
    return vocabularies.resolve(name, value) or value


def _codes(vocabularies: Vocabularies, name: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_code(vocabularies, name, value) or value for value in values))


def _resource(resource: ResourceRecord, vocabularies: Vocabularies) -> ResourceRecord:
    return replace(
        resource,
        format=_code(vocabularies, "formats", resource.format),
        license=_code(vocabularies, "licences", resource.license),
    )


def _check(record: DatasetRecord, vocabularies: Vocabularies, before: DatasetRecord | None) -> None:
    problems: dict[str, str] = {}
    if not record.title.get("vi"):
        problems["title.vi"] = N_("Cần có tên tiếng Việt.")
    _check_texts(problems, "title", record.title, LIMITS.title)
    _check_texts(problems, "description", record.description, LIMITS.description)
    _check_codes(problems, record, vocabularies)
    _check_keywords(problems, record.keywords)
    _check_links(problems, record)
    _check_dates(problems, record, set(_dates(before).values()) if before else ())
    if len(record.resources) > LIMITS.resources:
        problems["resources"] = N_("Có quá nhiều tệp dữ liệu trong một bộ dữ liệu.")
    if not problems and len(msgspec.json.encode(record)) > LIMITS.size:
        problems["record"] = N_("Mô tả bộ dữ liệu vượt quá 1 MB.")
    if problems:
        raise Invalid(fields=problems)


def _check_texts(problems: dict[str, str], field: str, text: LangText, limit: int) -> None:
    for language, value in text.items():
        if language not in LANGUAGES:
            problems[f"{field}.{language[:20]}"] = N_("Ngôn ngữ không được hỗ trợ.")
        elif len(value) > limit:
            problems[f"{field}.{language}"] = N_("Nội dung quá dài.")


def _check_codes(problems: dict[str, str], record: DatasetRecord, vocabularies: Vocabularies) -> None:
    pairs = (
        ("license", "licences", record.license),
        ("frequency", "frequencies", record.frequency),
        ("access_level", "access", record.access_level),
        ("status", "statuses", record.status),
    )
    for field, name, value in pairs:
        if value is not None and not vocabularies.known(name, value):
            problems[field] = N_("Mã không có trong danh mục.")
    for index, theme in enumerate(record.themes):
        if not vocabularies.known("themes", theme):
            problems[f"themes.{index}"] = N_("Mã không có trong danh mục.")


def _check_keywords(problems: dict[str, str], keywords: LangList) -> None:
    if sum(map(len, keywords.values())) > LIMITS.keywords:
        problems["keywords"] = N_("Có quá nhiều từ khóa.")
    if any(len(word) > LIMITS.keyword for words in keywords.values() for word in words):
        problems["keywords"] = N_("Từ khóa quá dài.")


def _check_links(problems: dict[str, str], record: DatasetRecord) -> None:
    links = {"landing_page": record.landing_page}
    for index, resource in enumerate(record.resources):
        links[f"resources.{index}.access_url"] = resource.access_url
        links[f"resources.{index}.download_url"] = resource.download_url
    for field, url in links.items():
        if url is not None and not is_web_address(url):
            problems[field] = N_("Địa chỉ phải bắt đầu bằng http:// hoặc https://.")


def _check_dates(problems: dict[str, str], record: DatasetRecord, stored: Collection[str | None]) -> None:
    for field, text in _dates(record).items():
        if text and text not in stored and not is_date(text):
            problems[field] = N_("Ngày cần có dạng 2026, 2026-06 hoặc 2026-06-05, từ năm 1000 đến 2200.")


def _dates(record: DatasetRecord) -> dict[str, str | None]:
    """By field."""
    dates = {"last_update": record.last_update, "issued": record.issued, "modified": record.modified}
    if record.temporal is not None:
        dates |= {"temporal.start": record.temporal.start, "temporal.end": record.temporal.end}
    for index, resource in enumerate(record.resources):
        dates[f"resources.{index}.issued"] = resource.issued
        dates[f"resources.{index}.modified"] = resource.modified
    return dates


def is_web_address(url: str) -> bool:
    """Whether `url` is an absolute http or https address with a host."""
    if len(url) > 2000 or any(c.isspace() or ord(c) < 32 for c in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
