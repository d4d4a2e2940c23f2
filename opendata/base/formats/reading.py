"""What every mapping from a foreign description to a DatasetRecord shares.

A `Reading` is made for one record: it cleans texts, finds codes, and notes what it found odd. Nothing here
reads the clock or the network.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import urlsplit

from opendata.base.formats.dates import read_date
from opendata.base.formats.record import DatasetRecord, Kind, LangList, LangText, ResourceRecord
from opendata.base.kit.clock import CITY_ZONE
from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.kit.fetch.errors import SchemeNotAllowed
from opendata.base.kit.fetch.urls import parse_url
from opendata.base.kit.html_text import to_line, to_markdown
from opendata.base.kit.vietnamese import clean
from opendata.base.kit.vocabularies import Vocabularies

_TEXTS = frozenset({"title", "description", "access_reason", "version_note", "provenance"})
_TUPLES = frozenset({"themes", "topics", "creator", "language", "sources", "conforms_to", "hvd_category"})
_OBJECTS = frozenset({"contact", "legal_basis", "related", "documentation", "resources"})
_URL_LIMIT = 2000
_SERVICES = frozenset({"API", "WMS", "WFS"})
_NOT_DOWNLOADED = _SERVICES | {"HTML"}
_PACKED = re.compile(r"(ZIP|GZIP|GZ)\s*[+/:]\s*(.+)|(.+?)\s*[+/(]+\s*(ZIP|GZIP|GZ)\)?", re.IGNORECASE)
_PACKAGES = {"ZIP": "application/zip", "GZIP": "application/gzip", "GZ": "application/gzip"}
_INNER_COMPRESSED = re.compile(r"\.(?:zip|gz)\Z", re.IGNORECASE)


class RecordError(OpenDataError):
    """One record cannot be used: it is quarantined, the others go on.

    `path` says where in the record ("$.distribution[1].downloadURL"), `value` is what stood there.
    """

    status = 422
    message = N_("Bản ghi không dùng được (%(code)s) tại %(path)s.")

    def __init__(self, guid: str | None, path: str, code: str, value: Any = None) -> None:
        self.code = code  # type: ignore[misc]  # the code is the record's trouble, told by the caller
        self.guid = guid
        self.path = path
        self.value = value
        super().__init__(code=code, path=path)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that does not stop the record: where, a stable code, what stood there (cut)."""

    path: str
    code: str
    value: str = ""


class Reading:
    """`language` is that of texts the source does not label; `warnings` is read afterwards."""

    def __init__(
        self,
        vocabularies: Vocabularies,
        *,
        language: str = "vi",
        guid: str | None = None,
        zone: tzinfo = CITY_ZONE,
    ) -> None:
        self._vocabularies = vocabularies
        self._language = "en" if language.lower().startswith("en") else "vi"
        self._zone = zone
        self.guid = guid
        self.warnings: list[Remark] = []

    def warn(self, path: str, code: str, value: Any = None) -> None:
        self.warnings.append(Remark(path, code, "" if value is None else self.text(value)[:200]))

    def text(self, value: Any) -> str:
        """One clean line; numbers as text, nothing for None and for lists and objects."""
        if isinstance(value, str):
            return to_line(value)
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""

    def html(self, text: Any) -> str:
        """Safe Markdown from text that may be HTML."""
        return to_markdown(text) if isinstance(text, str) else self.text(text)

    def license(self, *values: Any, path: str = "$.license") -> str | None:
        """The code of the first value that names a known licence by code, name or URL.

        None when there is none; with a remark when something stood there.
        """
        texts = [text for value in values if (text := self.text(value))]
        for text in texts:
            found = self._vocabularies.resolve("licences", text) or self._by_label("licences", text)
            if found:
                return found
        if texts:
            self.warn(path, "unknown_license", texts[0])
        return None

    def theme(self, value: Any) -> str | None:
        """The code of a theme given as code, label or URI; None when it is not known."""
        text = self.text(value)
        return (
            (self._vocabularies.resolve("themes", text) or self._by_label("themes", text)) if text else None
        )

    def languages(self, values: Iterable[Any]) -> list[str]:
        """Codes of languages given as tag or URI; a tag that is in no vocabulary is kept."""
        texts = [text for value in values if (text := self.text(value))]
        return list(dict.fromkeys(self._language_code(text) for text in texts))

    def frequency(self, value: Any, path: str = "$.frequency") -> str | None:
        """The code of an update frequency: EU code or URI, English word, ISO 8601 repeating interval."""
        text = self.text(value)
        if not text:
            return None
        found = self._vocabularies.resolve("frequencies", text) or self._by_label("frequencies", text)
        if found is None:
            self.warn(path, "unknown_frequency", text)
        return found

    def date(self, value: Any, path: str = "$", *, zone: tzinfo | None = None) -> str | None:
        """The date with the precision it came with; None with a remark when it cannot be read.

        `zone` is that of instants without an offset, the city's by default.
        """
        text = self.text(value)
        if not text:
            return None
        found = read_date(text, zone=zone or self._zone)
        if found is None and not _is_interval(text):
            self.warn(path, "unknown_date", text)
        return found

    def format(self, mime: Any, url: Any = None, path: str = "$.format") -> str | None:
        """The format's code from a media type, name or extension, else from the end of the URL.

        A name that is in no vocabulary is kept, in capitals, with a remark.
        """
        named = self.text(mime)
        plain = named.partition(";")[0].strip()
        inner, _ = _unpacked(plain)
        found = self._vocabularies.resolve("formats", inner) if inner else None
        if found and found not in {"BIN", "ZIP", "TXT"}:
            return found
        by_name = self._vocabularies.resolve("formats", _extension(url))
        if by_name or found:
            return by_name or found
        if named:
            self.warn(path, "unknown_format", named)
        return inner.upper()[:60] or None

    def link(
        self,
        url: Any,
        format: Any = None,  # noqa: A002  # the word of the field
        *,
        path: str = "$",
        access_url: Any = None,
        media_type: Any = None,
        title: Any = None,
        description: Any = None,
        **fields: Any,
    ) -> ResourceRecord | None:
        """A resource that lies elsewhere; None with a remark when the address is none.

        `url` is where the data is; `access_url` a page about it. Formats that are not files, such as web
        pages and services, get no download address.
        """
        address = self.url(url, path) if url else None
        page = self.url(access_url, path) if access_url else None
        if address is None and page is None:
            if not url and not access_url:
                self.warn(path, "missing_url")
            return None
        code = self.format(format or media_type, address, path)
        kind = self._kind(code)
        download = address if code not in _NOT_DOWNLOADED else None
        return ResourceRecord(
            title=self.labelled(title),
            description=self.labelled(description, self.html),
            kind=kind,
            access_url=page or address,
            download_url=download,
            format=code,
            media_type=self._media_type(media_type),
            package=_unpacked(self.text(format))[1],
            **fields,
        )

    def url(self, value: Any, path: str = "$") -> str | None:
        """An absolute http(s) address as given, blanks encoded; None with a remark when it is none."""
        text = clean(value) if isinstance(value, str) else ""
        if not text:
            return None
        address = text.replace(" ", "%20")
        try:
            parse_url(address)
            if len(address) <= _URL_LIMIT:
                return address
        except SchemeNotAllowed:
            pass
        self.warn(path, "bad_url", text)
        return None

    def labelled(self, value: Any, read: Any = None) -> LangText:
        """A text, or a mapping of language to text, as a text in two languages; empty when there is none."""
        one = read or self.text
        if isinstance(value, Mapping):
            pairs = ((_language(key), one(text)) for key, text in value.items())
            return {key: text for key, text in pairs if key and text}
        text = one(value)
        return {self._language: text} if text else {}

    def words(self, value: Any) -> LangList:
        """Keywords from a list, a comma-separated text, or a mapping of language to either."""
        if isinstance(value, Mapping):
            pairs = ((_language(key), self._word_list(words)) for key, words in value.items())
            return {key: words for key, words in pairs if key and words}
        words = self._word_list(value)
        return {self._language: words} if words else {}

    def dataset(self, **fields: Any) -> DatasetRecord:
        """The record from plain values: texts become labelled, lists tuples, None and empty are left out.

        Raises RecordError when there is no title. A title without Vietnamese stands for both languages.
        """
        given = {name: value for name, value in fields.items() if value not in (None, "", [], (), {})}
        for name in _TEXTS & given.keys():
            given[name] = self.labelled(given[name], self.html if name == "description" else None)
        if "keywords" in given:
            given["keywords"] = self.words(given["keywords"])
        for name in (_TUPLES | _OBJECTS) & given.keys():
            given[name] = _sequence(given[name])
        title = given.get("title")
        if not title:
            raise RecordError(self.guid, "$.title", "missing_title")
        title.setdefault("vi", next(iter(title.values())))
        return DatasetRecord(**given)

    def _language_code(self, text: str) -> str:
        known = self._vocabularies.resolve("languages", text)
        plain = _language(text)
        return known or (self._vocabularies.resolve("languages", plain) if plain else None) or text[:40]

    def _by_label(self, table: str, text: str) -> str | None:
        wanted = text.lower()
        for code, term in self._vocabularies.terms(table).items():
            if wanted in {name.lower() for name in (*term.label.values(), term.data.get("pod", ""))}:
                return code
        return None

    def _kind(self, code: str | None) -> Kind:
        if code in _SERVICES:
            return "api"
        term = self._vocabularies.terms("formats").get(code or "")
        return "document" if term and term.data.get("document") else "link"

    def _media_type(self, value: Any) -> str | None:
        text = self.text(value).partition(";")[0].strip().lower()
        return text if re.fullmatch(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", text) else None

    def _word_list(self, value: Any) -> list[str]:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, Sequence):
            return []
        return list(dict.fromkeys(word for item in items if (word := self.text(item))))


def _sequence(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        return (value,)
    return tuple(item for item in value if item is not None and item != "")


def _language(label: Any) -> str | None:
    """vi or en for a language tag or an EU code; None for others."""
    text = str(label).rsplit("/", 1)[-1].lower()
    return {"vi": "vi", "vie": "vi", "en": "en", "eng": "en"}.get(text.partition("-")[0])


def _is_interval(text: str) -> bool:
    return text.upper().startswith("R/P")


def _extension(url: Any) -> str | None:
    """The ending of the URL's path as vocabularies list it (".csv"), looking through a packing (.csv.gz)."""
    if not isinstance(url, str):
        return None
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    name = path.rsplit("/", 1)[-1]
    bare = _INNER_COMPRESSED.sub("", name)
    name = bare if "." in bare else name
    return "." + name.rsplit(".", 1)[-1].lower() if "." in name else None


def _unpacked(name: str) -> tuple[str, str | None]:
    """ "ZIP+CSV" is CSV packed as application/zip."""
    found = _PACKED.fullmatch(name)
    if not found:
        return name, None
    packing, inner = (found[1], found[2]) if found[1] else (found[4], found[3])
    return inner.strip(), _PACKAGES[packing.upper()]
