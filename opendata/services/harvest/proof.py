"""Was the listing complete? Only then may a record that was not seen be called missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opendata.base.kit.hashes import digest
from opendata.services.harvest.items import Source, Unread
from opendata.services.harvest.listing import Fault, ListingLog

TOLERANCE = 0.01
LEAST = 2
_SHOWN = 20


@dataclass(slots=True)
class Listing:
    """What extraction saw. `unnamed` records had no usable guid, `repeated` came a second time."""

    ended: bool = False
    incremental: bool = False
    expected: int | None = None
    unread: list[Unread] = field(default_factory=list)
    distinct: int = 0
    unnamed: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """`reasons` are codes, empty when complete. `baseline`: the scope is new, so absence proves nothing yet.

    `unsure`: some records could not be named, so any missing one may be among them.
    """

    complete: bool
    reasons: tuple[str, ...]
    baseline: bool
    unsure: bool
    detail: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "complete": self.complete,
            "reasons": list(self.reasons),
            "baseline": self.baseline,
            "unsure": self.unsure,
            **self.detail,
        }


def assess(listing: Listing, log: ListingLog, *, scope: str, last_scope: str | None) -> Proof:
    """The five rules of completeness. Pure: the same listing gives the same proof."""
    reasons: dict[str, None] = {}
    if not listing.ended:
        reasons["no_end"] = None
    if listing.incremental:
        reasons["incremental"] = None
    if listing.unread:
        reasons["unread"] = None
    reasons.update(dict.fromkeys(fault.code for fault in log.faults))
    if not totals_agree(listing.expected, listing.distinct + listing.unnamed + listing.repeated):
        reasons["total_mismatch"] = None
    return Proof(
        complete=not reasons,
        reasons=tuple(reasons),
        baseline=last_scope is not None and scope != last_scope,
        unsure=listing.unnamed > 0,
        detail=_detail(listing, log.faults),
    )


def totals_agree(expected: int | None, seen: int) -> bool:
    """Within max(2, 1 %) of what the source claims, on both sides."""
    return expected is None or abs(expected - seen) <= max(LEAST, expected * TOLERANCE)


def scope_of(source: Source) -> str:
    """What the listing covers; secrets are no part of it."""
    return digest({"type": source.type, "url": source.url, "config": dict(source.config)})


def _detail(listing: Listing, faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "seen": listing.distinct,
        "unnamed": listing.unnamed,
        "repeated": listing.repeated,
        "expected": listing.expected,
        "unread": [{"what": part.what, "reason": part.reason} for part in listing.unread[:_SHOWN]],
        "faults": [{"code": f.code, "where": f.where, "hint": f.hint} for f in faults[:_SHOWN]],
    }


def restored(stored: Mapping[str, Any]) -> Proof:
    """The inverse of `as_json`."""
    return Proof(
        complete=bool(stored.get("complete")),
        reasons=tuple(stored.get("reasons", ())),
        baseline=bool(stored.get("baseline")),
        unsure=bool(stored.get("unsure")),
        detail={
            name: value
            for name, value in stored.items()
            if name not in {"complete", "reasons", "baseline", "unsure"}
        },
    )
