"""The files of one record: named while it is translated, fetched and stored by the engine afterwards."""

from collections.abc import Container
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from opendata.base.formats.record import ResourceRecord


@dataclass(frozen=True, slots=True)
class FileReference:
    """Where the source keeps a file, and how it looked when it was listed."""

    path: str
    size: int
    modified: str


class FileList:
    """`references` maps the file name of a resource to what the engine opens for it."""

    def __init__(self) -> None:
        self.references: dict[str, FileReference] = {}

    def add(self, path: str, *, size: int, modified: str, **described: Any) -> ResourceRecord:
        """A resource whose bytes lie at `path` of the source: the engine stores them and measures the rest.

        `described` are fields of `ResourceRecord`. A second file of the same name is shown as "name (2)".
        """
        name = _unused(path.rsplit("/", 1)[-1], self.references)
        self.references[name] = FileReference(path, size, modified)
        return ResourceRecord(**{"kind": "file", **described, "file_name": name})


def _unused(name: str, taken: Container[str]) -> str:
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    numbered = (f"{stem} ({number}){dot}{suffix}" for number in count(2))
    return next(shown for shown in chain([name], numbered) if shown not in taken)
