"""A first look into a file: how it is encoded, how many records it holds, how its columns are named.

Nothing here repairs: what cannot be read for sure is told as a problem and left uncounted.
"""

import csv
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ijson
from python_calamine import CalamineError, CalamineWorkbook

from opendata.services.catalog.file_types import FileType

MAX_CELL = 8 << 20
MAX_UNPACKED = 100 << 20
MAX_RATIO = 100
MAX_COLUMNS = 2_000
_SAMPLE = 65_536
_DELIMITERS = ",;\t|"
_SHOWN = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1258": "windows-1258", "utf-16": "UTF-16"}
"""IANA names of the encodings we read."""


@dataclass(frozen=True, slots=True)
class Contents:
    """`rows` without the header. `problems` are codes with a remark: ("csv_uneven", "12")."""

    format: str
    encoding: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = field(default=())


def look(path: Path, kind: FileType) -> Contents:
    """What can be told of the file without a schema; never raises for what the bytes hold."""
    found = Contents(kind.format, _SHOWN.get(kind.encoding or ""))
    if kind.problem or kind.compress:
        return replace(found, problems=((kind.problem, ""),) if kind.problem else ())
    reader = _READERS.get(kind.format)
    return reader(path, found) if reader else found


def _delimited(path: Path, found: Contents) -> Contents:
    encoding = _encoding(path)
    if encoding is None:
        return replace(found, problems=(("encoding_unknown", ""),))
    shown = _SHOWN[encoding]
    problems = (("encoding_guessed", shown),) if encoding == "cp1258" else ()
    rows, columns, troubles = _count_delimited(path, encoding, found.format)
    return replace(found, encoding=shown, rows=rows, columns=columns, problems=problems + troubles)


def _count_delimited(
    path: Path, encoding: str, code: str
) -> tuple[int | None, tuple[str, ...], tuple[tuple[str, str], ...]]:
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = "\t" if code == "TSV" else _delimiter(file.read(_SAMPLE))
        file.seek(0)
        lines = (line for line in csv.reader(file, delimiter=delimiter, strict=True) if line)
        try:
            header = next(lines, None)
            if header is None:
                return 0, (), ()
            rows = uneven = 0
            for line in lines:
                rows += 1
                uneven += len(line) != len(header)
        except (csv.Error, UnicodeError) as error:
            return None, (), (("csv_damaged", str(error)[:200]),)
    return rows, _names(header), (("csv_uneven", str(uneven)),) if uneven else ()


def _delimiter(sample: str) -> str:
    """The sign that cuts the header into most parts outside quotes; a comma where none does."""
    first = next((line for line in sample.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=lambda sign: (outside.count(sign), sign == ","))


def _encoding(path: Path) -> str | None:
    """What a byte order mark says, strict UTF-8, else the old Windows code page if every byte is a letter
    of it."""
    with path.open("rb") as file:
        marked = file.read(2) in {b"\xff\xfe", b"\xfe\xff"}
    names = ("utf-16",) if marked else ("utf-8-sig", "cp1258")
    return next((name for name in names if _decodes(path, name)), None)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _names(cells: Any) -> tuple[str, ...]:
    texts = ("" if cell is None else str(cell).strip() for cell in cells)
    return tuple(unicodedata.normalize("NFC", text)[:200] for text in texts)[:MAX_COLUMNS]


def _workbook(path: Path, found: Contents) -> Contents:
    if trouble := _unpacking(path):
        return replace(found, problems=((trouble, ""),))
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [sheet.name for sheet in book.sheets_metadata]
        rows = book.get_sheet_by_name(sheets[0]).iter_rows() if sheets else iter(())
        filled = (row for row in rows if any(cell not in (None, "") for cell in row))
        header = next(filled, ())
        count = sum(1 for _ in filled)
    except (CalamineError, OSError, ValueError) as error:
        return replace(found, problems=(("workbook_damaged", str(error)[:200]),))
    problems = (("more_sheets", str(len(sheets))),) if len(sheets) > 1 else ()
    return replace(found, rows=count, columns=_names(header), problems=problems)


def _unpacking(path: Path) -> str | None:
    """Refuses a workbook that would unpack to far more than it weighs, before anything unpacks it."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as package:
        unpacked = sum(member.file_size for member in package.infolist())
    ratio = unpacked / max(1, path.stat().st_size)
    if unpacked > MAX_UNPACKED or (unpacked > 1 << 20 and ratio > MAX_RATIO):
        return "unpacks_too_large"
    return None


def _json(path: Path, found: Contents) -> Contents:
    try:
        if _first_sign(path) == b"[":
            return _objects(found, _items(path, "item"))
        if _value(path, "type") == "FeatureCollection":
            features = replace(found, format="GEOJSON")
            return _objects(features, (item or {} for item in _items(path, "features.item.properties")))
        return replace(found, encoding="UTF-8") if _whole(path) else found
    except (ijson.JSONError, UnicodeError, ValueError) as error:
        return replace(found, problems=(("json_damaged", str(error)[:200]),))


def _objects(found: Contents, items: Iterator[Any]) -> Contents:
    columns: dict[str, None] = {}
    rows = 0
    for item in items:
        rows += 1
        if isinstance(item, dict) and len(columns) < MAX_COLUMNS:
            columns.update(dict.fromkeys(item))
    return replace(found, encoding="UTF-8", rows=rows, columns=_names(columns))


def _items(path: Path, prefix: str) -> Iterator[Any]:
    with path.open("rb") as file:
        _skip_mark(file)
        yield from ijson.items(file, prefix, use_float=True)


def _value(path: Path, key: str) -> Any:
    return next(_items(path, key), None)


def _whole(path: Path) -> bool:
    with path.open("rb") as file:
        _skip_mark(file)
        for _ in ijson.basic_parse(file, use_float=True):
            pass
    return True


def _first_sign(path: Path) -> bytes:
    with path.open("rb") as file:
        _skip_mark(file)
        return file.read(1024).lstrip()[:1]


def _skip_mark(file: Any) -> None:
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)


def _lines(path: Path, found: Contents) -> Contents:
    with path.open("rb") as file:
        rows = sum(1 for line in file if line.strip())
    return replace(found, rows=rows)


_READERS: dict[str, Callable[[Path, Contents], Contents]] = {
    "CSV": _delimited,
    "TSV": _delimited,
    "XLSX": _workbook,
    "XLS": _workbook,
    "ODS": _workbook,
    "JSON": _json,
    "GEOJSON": _json,
    "NDJSON": _lines,
}
