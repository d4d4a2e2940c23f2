"""Which files of a folder make one dataset."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from opendata.plugin import Unread

SIDECARS = ("metadata.yaml", "metadata.yml", "metadata.xlsx")
"""In order of preference."""
DATA = frozenset(
    "csv tsv xlsx xls ods json geojson jsonl ndjson parquet xml kml gml gpkg zip gz pdf docx doc png jpg jpeg"
    " txt ttl rdf".split()
)


class Entry(Protocol):
    """A file of the walk."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def modified(self) -> str: ...
    @property
    def settled(self) -> bool: ...


@dataclass(slots=True)
class Group:
    """The files of one dataset. `guid` is the folder's path, or that of the one file."""

    guid: str
    folder: str
    files: list[Entry] = field(default_factory=list)
    sidecar: Entry | None = None

    @property
    def everything(self) -> list[Entry]:
        return [*self.files, *([self.sidecar] if self.sidecar else [])]


def grouped(
    walk: Iterable[Entry | Unread], *, without: Collection[str] = ()
) -> tuple[list[Group], list[Unread]]:
    """Groups in the order of their guids, and what could not be read.

    Files below a folder with a sidecar belong to it, down to the next folder that has one of its own.
    """
    entries: list[Entry] = []
    unread: list[Unread] = []
    for item in walk:
        if isinstance(item, Unread):
            unread.append(item)
        elif item.path not in without:
            entries.append(item)
    described = {_folder(entry.path) for entry in entries if _name(entry.path) in SIDECARS}
    groups: dict[str, Group] = {}
    for entry in entries:
        _place(entry, groups, described)
    kept = [group for group in groups.values() if group.files or group.sidecar]
    return sorted(kept, key=lambda group: group.guid), unread


def _place(entry: Entry, groups: dict[str, Group], described: Collection[str]) -> None:
    folder = _folder(entry.path)
    if _name(entry.path) in SIDECARS:
        group = groups.setdefault(folder or ".", Group(folder or ".", folder))
        if group.sidecar is None or _rank(entry) < _rank(group.sidecar):
            group.sidecar = entry
        return
    if not is_data(entry.path):
        return
    home = _home(folder, described)
    if home is None:
        home = folder
        if not folder:
            groups[entry.path] = Group(entry.path, "", [entry])
            return
    groups.setdefault(home or ".", Group(home or ".", home)).files.append(entry)


def _home(folder: str, described: Collection[str]) -> str | None:
    """The nearest folder at or above this one that has a sidecar."""
    at = folder
    while True:
        if at in described:
            return at
        if not at:
            return None
        at = _folder(at)


def is_data(path: str) -> bool:
    name = _name(path)
    return not name.startswith("~$") and name.rpartition(".")[2].lower() in DATA and "." in name


def _rank(entry: Entry) -> int:
    return SIDECARS.index(_name(entry.path))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
