"""Reading the description beside the files: YAML, or a sheet with a field and its value in each row."""

import io
import unicodedata
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import yaml
from python_calamine import CalamineError, CalamineWorkbook

from opendata.plugin import Access, RecordError
from opendata_harvest_folder.grouping import Group

MAX_BYTES = 1 << 20
MAX_UNPACKED = 20 << 20
MAX_DEPTH = 20
MAX_ROWS = 1_000


def read_sidecar(group: Group, access: Access) -> Mapping[str, Any]:
    """{"fields": …} of a YAML sidecar or {"rows": [[name, value], …]} of a sheet. Raises RecordError."""
    entry = group.sidecar
    if entry is None:
        return {}
    if entry.size > MAX_BYTES:
        raise RecordError(group.guid, entry.path, "too_large", entry.size)
    with access.folder.open(entry.path) as file:
        body = file.read(MAX_BYTES + 1)
    try:
        if entry.path.endswith(".xlsx"):
            return {"rows": sheet_rows(body)}
        return {"fields": yaml_fields(body)}
    except (ValueError, RecursionError, CalamineError, zipfile.BadZipFile, yaml.YAMLError) as error:
        raise RecordError(group.guid, entry.path, "parse", str(error)[:300]) from error


def yaml_fields(body: bytes) -> dict[str, Any]:
    """Plain values only. Aliases are refused: a few lines of them stand for gigabytes. Raises ValueError."""
    text = body.decode("utf-8-sig")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
        raise ValueError("aliases are not read")
    found = yaml.load(text, Loader=loader)  # noqa: S506  # a safe loader
    if not isinstance(found, dict):
        raise ValueError("the sidecar is no mapping of fields")  # noqa: TRY004  # a fault of the text
    plain: dict[str, Any] = _plain(found, 0)
    return plain


def sheet_rows(body: bytes) -> list[list[str]]:
    """The first two cells of each row of the first sheet that has any. Raises ValueError."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        if sum(member.file_size for member in package.infolist()) > MAX_UNPACKED:
            raise ValueError("the sheet unpacks too large")
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    rows: list[list[str]] = []
    for row in book.get_sheet_by_index(0).iter_rows():
        cells = [_cell(cell) for cell in row[:2]]
        if len(cells) == 2 and all(cells):
            rows.append(cells)
        if len(rows) >= MAX_ROWS:
            break
    return rows


def _plain(value: Any, depth: int) -> Any:
    """JSON values: YAML reads bare dates as dates and lets any value be a key."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, Mapping):
        return {_key(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"a value of type {type(value).__name__}")


def _key(value: Any) -> str:
    """The language code `no` and its like arrive as truth values; as keys they are text."""
    return unicodedata.normalize("NFC", str(value))


def _cell(value: Any) -> str:
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
