"""What a file is: its bytes decide, its name only settles what bytes leave open.

Codes are those of `config/vocabularies/formats.yaml`. Nothing is unpacked beyond a directory of names.
"""

import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

HEAD = 65_536
MAX_MEMBERS = 10_000

_MAGIC = (
    (b"%PDF-", "PDF"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"PAR1", "PARQUET"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SQLITE = b"SQLite format 3\x00"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ROOT = re.compile(rb"<(?![?!])(?:([\w.-]+):)?([\w.-]+)")
_XML_ROOTS = {b"kml": "KML", b"rdf": "RDF_XML", b"html": "HTML", b"table": "HTML", b"head": "HTML"}
_TURTLE = re.compile(rb"^\s*(?:@prefix|@base|PREFIX)\s", re.MULTILINE)
_GTFS = {"agency.txt", "routes.txt", "trips.txt", "stop_times.txt"}
_BY_NAME = {
    "csv": "CSV",
    "tsv": "TSV",
    "tab": "TSV",
    "txt": "TXT",
    "json": "JSON",
    "geojson": "GEOJSON",
    "jsonld": "JSON_LD",
    "ndjson": "NDJSON",
    "jsonl": "NDJSON",
    "ttl": "RDF_TURTLE",
    "xls": "XLS",
    "doc": "DOC",
    "gml": "GML",
}


@dataclass(frozen=True, slots=True)
class FileType:
    """`format` is a code; `compress` and `problem` are codes or None. `encoding` is a byte order mark's."""

    format: str
    compress: str | None = None
    encoding: str | None = None
    problem: str | None = None


def detect(path: Path, name: str) -> FileType:
    """Reads the first 64 KiB of `path`, and the directory where it is a ZIP package."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(path)
    if head.startswith(b"\x1f\x8b"):
        inner = PurePosixPath(name).stem
        return FileType(_BY_NAME.get(ending(inner), "BIN"), compress="gzip")
    if head.startswith(b"PAR1") and not _ends_with(path, b"PAR1"):
        return FileType("PARQUET", problem="truncated")
    return _binary(head, name) or _textual(head, name)


def ending(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def _package(path: Path) -> FileType:
    try:
        with zipfile.ZipFile(path) as package:
            members = package.namelist()
            kind = _open_document(package, members)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return FileType("ZIP", problem="damaged_package")
    if len(members) > MAX_MEMBERS:
        return FileType("ZIP", problem="too_many_members")
    return FileType(kind or _by_members(set(members)))


def _open_document(package: zipfile.ZipFile, members: Collection[str]) -> str | None:
    if "mimetype" not in members or package.getinfo("mimetype").file_size > 200:
        return None
    return "ODS" if b"opendocument.spreadsheet" in package.read("mimetype") else None


def _by_members(members: set[str]) -> str:
    if "xl/workbook.xml" in members:
        return "XLSX"
    if "word/document.xml" in members:
        return "DOCX"
    names = {PurePosixPath(member).name.lower() for member in members}
    if names >= _GTFS:
        return "GTFS"
    endings = {ending(name) for name in names}
    return "SHP" if {"shp", "dbf"} <= endings else "ZIP"


def _binary(head: bytes, name: str) -> FileType | None:
    for magic, code in _MAGIC:
        if head.startswith(magic):
            return FileType(code)
    if head.startswith(_OLE):
        return FileType("DOC" if ending(name) == "doc" else "XLS")
    if head.startswith(_SQLITE):
        return FileType("GPKG" if head[68:72] == b"GPKG" else "BIN")
    encoding = next((code for mark, code in _BOMS if head.startswith(mark)), None)
    if encoding == "utf-16":
        return FileType(_BY_NAME.get(ending(name), "TXT"), encoding=encoding)
    return FileType("BIN") if b"\x00" in head else None


def _textual(head: bytes, name: str) -> FileType:
    marked = head.startswith(_BOMS[0][0])
    body = head.removeprefix(_BOMS[0][0]).lstrip()
    encoding = "utf-8-sig" if marked else None
    return FileType(_text_format(body, ending(name)), encoding=encoding)


def _text_format(body: bytes, named: str) -> str:
    if body.startswith(b"<"):
        return _markup(body)
    if body.startswith((b"{", b"[")):
        return _json(body, named)
    if _TURTLE.search(body):
        return "RDF_TURTLE"
    by_name = _BY_NAME.get(named)
    if by_name in {"CSV", "TSV", "TXT"}:
        return by_name
    first = body.split(b"\n", 1)[0]
    if b"\t" in first:
        return "TSV"
    return "CSV" if b"," in first or b";" in first else "TXT"


def _markup(body: bytes) -> str:
    if body[:15].lower().startswith(b"<!doctype html"):
        return "HTML"
    root = _ROOT.search(body)
    if root is None:
        return "TXT"
    if (root[1] or b"").lower() == b"gml" or b"http://www.opengis.net/gml" in body:
        return "GML"
    return _XML_ROOTS.get(root[2].lower(), "XML")


def _json(body: bytes, named: str) -> str:
    """The content is read later; here the name may promise a more special kind of JSON."""
    if named in {"jsonld", "ndjson", "jsonl", "geojson"}:
        return _BY_NAME[named]
    lines = body.split(b"\n")
    if len(lines) > 2 and all(line[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines[:2]):
        return "NDJSON"
    return "JSON"


def _ends_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(magic)))
        return file.read() == magic
