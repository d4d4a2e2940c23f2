"""The record of how a listing went: what the proof of completeness is made from."""

from collections import Counter
from dataclasses import dataclass, field

from opendata.base.kit.vietnamese import clean


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a listing cannot be called complete: a stable code, and the page or path."""

    code: str
    where: str
    hint: str = ""


class NotModified(Exception):  # no error: the last complete run still holds
    """The source's one document answered 304. Only the engine catches it."""


@dataclass(slots=True)
class ListingLog:
    """Filled by `Access` while a harvester lists; read by the engine after `End`.

    `faults` makes the run partial; `remarks` do not. `totals` are the
    source's claims in order, without repeats; when they move, the listing has been read twice.
    `statuses` counts the answers by HTTP status after retries. `not_modified` says that the one
    document of the source answered 304.
    """

    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    requests: int = 0
    retries: int = 0
    pages: int = 0
    items: int = 0
    bytes: int = 0
    not_modified: bool = False
    etag: str | None = None
    last_modified: str | None = None

    @property
    def complete(self) -> bool:
        return not self.faults

    def fault(self, code: str, where: str, hint: str = "") -> None:
        self.faults.append(_told(code, where, hint))

    def remark(self, code: str, where: str, hint: str = "") -> None:
        self.remarks.append(_told(code, where, hint))

    def total(self, claimed: int) -> None:
        if not self.totals or self.totals[-1] != claimed:
            self.totals.append(claimed)


def _told(code: str, where: str, hint: str) -> Fault:
    """A source may say what no column holds; what it says is kept with the proof."""
    return Fault(code, clean(where), clean(hint))
