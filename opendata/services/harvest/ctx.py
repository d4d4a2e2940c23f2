"""`ctx`: the pure helpers a harvester translates with, and the list of what it found odd."""

from collections.abc import Container
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from opendata.base.formats.record import ResourceRecord
from opendata.services.harvest.items import Source


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that does not stop the record: where, a stable code, what stood there (cut)."""

    path: str
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file the engine is to store: where the source keeps it, and how it looked when it was listed."""

    path: str
    size: int
    modified: str


class Ctx:
    """One for each record. `src` holds no secret; `warnings` is read by the engine afterwards."""

    def __init__(self, src: Source, *, guid: str = "", url: str | None = None) -> None:
        self.src = src
        self.guid = guid
        self.url = url
        self.warnings: list[Remark] = []
        self.files: dict[str, FileReference] = {}

    def warn(self, path: str, code: str, value: Any = None) -> None:
        self.warnings.append(Remark(path, code, "" if value is None else str(value)[:200]))

    def file(self, path: str, *, size: int, modified: str, **described: Any) -> ResourceRecord:
        """A resource whose bytes lie at `path` of the source: the engine stores them and measures the rest.

        `described` are fields of `ResourceRecord`. A second file of the same name is shown as "name (2)".
        """
        name = _unused(path.rsplit("/", 1)[-1], self.files)
        self.files[name] = FileReference(path, size, modified)
        return ResourceRecord(**{"kind": "file", **described, "file_name": name})


def _unused(name: str, taken: Container[str]) -> str:
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    numbered = (f"{stem} ({number}){dot}{suffix}" for number in count(2))
    return next(shown for shown in chain([name], numbered) if shown not in taken)
