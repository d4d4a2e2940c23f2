"""`ctx`: the pure helpers a harvester translates with, and the list of what it found odd."""

from dataclasses import dataclass
from typing import Any

from opendata.services.harvest.items import Source


@dataclass(frozen=True, slots=True)
class Remark:
    """Something odd that does not stop the record: where, a stable code, what stood there (cut)."""

    path: str
    code: str
    value: str = ""


class Ctx:
    """One for each record. `src` holds no secret; `warnings` is read by the engine afterwards."""

    def __init__(self, src: Source, *, guid: str = "", url: str | None = None) -> None:
        self.src = src
        self.guid = guid
        self.url = url
        self.warnings: list[Remark] = []

    def warn(self, path: str, code: str, value: Any = None) -> None:
        self.warnings.append(Remark(path, code, "" if value is None else str(value)[:200]))
