"""The first rows of a stored table, for pages."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opendata.base.runtime import Work
from opendata.engines.files import FileStore

MAX_ROWS = 20
READ_BYTES = 64 * 1024
KEPT_HEADS = 128
DELIMITERS = {"CSV": ",", "TSV": "\t"}
NUMBERS = {"integer": int, "number": float}


@dataclass(frozen=True, slots=True)
class Preview:
    """`columns` are dictionary lines of the resource in file order; an empty cell is None."""

    columns: Sequence[dict[str, Any]]
    rows: Sequence[Sequence[Any]]
    total: int | None
    resource: dict[str, Any]


def of_dataset(work: Work, document: dict[str, Any]) -> Preview | None:
    """The preview of the first resource that has one."""
    for resource in document["resources"]:
        if (found := of_resource(work, resource)) is not None:
            return found
    return None


def of_resource(work: Work, resource: dict[str, Any]) -> Preview | None:
    """None for what is no stored CSV or TSV, or may not be read by this caller."""
    delimiter = DELIMITERS.get(resource.get("format") or "")
    if delimiter is None or not resource.get("sha256"):
        return None
    lines = _rows(work, resource["sha256"], resource.get("encoding") or "utf-8", delimiter)
    header = next(lines, None)
    if not header:
        return None
    known = {column["name"]: column for column in resource["columns"]}
    columns = [known.get(name, {"name": name, "label": {}, "type": "text", "unit": None}) for name in header]
    rows = [_typed(row, columns) for row, _ in zip(lines, range(MAX_ROWS), strict=False)]
    return Preview(columns, rows, resource.get("rows"), resource)


def _rows(work: Work, sha256: str, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Whole lines within the first 64 KiB."""
    head = _head(work, sha256)
    if len(head) == READ_BYTES:
        head = head.rpartition(b"\n")[0]
    text = head.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding, errors="replace")
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


_heads: dict[str, bytes] = {}


def _head(work: Work, sha256: str) -> bytes:
    """A stored file never changes, so its head is kept: pages of tables need the store once, and have a
    preview while it is away."""
    found = _heads.get(sha256)
    if found is None:
        found = b"".join(work.part(FileStore).open(sha256, 0, READ_BYTES))
        if len(_heads) >= KEPT_HEADS:
            _heads.clear()
        _heads[sha256] = found
    return found


def _typed(row: list[str], columns: Sequence[dict[str, Any]]) -> list[Any]:
    cells = [*row, *[""] * (len(columns) - len(row))][: len(columns)]
    return [_cell(cell, column["type"]) for cell, column in zip(cells, columns, strict=True)]


def _cell(text: str, kind: str) -> Any:
    if text == "":
        return None
    if kind == "boolean":
        return text.lower() in {"true", "1", "x", "có"}
    try:
        return NUMBERS[kind](text) if kind in NUMBERS else text
    except ValueError:
        return text
