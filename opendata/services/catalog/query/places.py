"""Names of administrative units to codes: candidates to choose from, never a silent guess."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from opendata.base.kit.vietnamese import clean
from opendata.services.catalog.query.words import Phrase, phrase

_KINDS = {
    "phường": "Phường", "p": "Phường", "xã": "Xã", "x": "Xã", "đặc khu": "Đặc khu",
    "thị trấn": "Thị trấn", "tt": "Thị trấn", "thị xã": "Thị xã", "tx": "Thị xã",
    "quận": "Quận", "q": "Quận", "huyện": "Huyện", "h": "Huyện",
    "thành phố": "Thành phố", "tp": "Thành phố", "tỉnh": "Tỉnh",
}  # fmt: skip
_KIND_PHRASES = sorted(
    ((phrase(written), kind) for written, kind in _KINDS.items()), key=lambda e: -len(e[0])
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A present unit. `exact`: the marks typed are those of its name. `former` is the old unit it was
    found by ("Quận Hồng Bàng"), to be shown as one; a name alone may also be that of a place elsewhere,
    so show `kind` with it."""

    code: str
    name: str
    kind: str
    exact: bool = True
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """`code` is that of the first candidate where it alone fits best, else None: then ask. `ranked` is
    False where the text does not tell the first candidates apart."""

    code: str | None
    candidates: tuple[Candidate, ...]
    ranked: bool


_LISTS = ("demo/data/admin_units.csv", "demo/data/crosswalk.csv")
"""The real lists of the city; read as files, since the package around them is of use to the demo alone."""

_Rank = tuple[int, bool, bool]


@dataclass(frozen=True, slots=True)
class _Entry:
    words: Phrase
    kind: str
    unit: Candidate
    same_name: bool = True


class Places:
    """Present units and, by the crosswalk, the former ones whose territory is theirs."""

    def __init__(
        self, units: Iterable[Mapping[str, str]], crosswalk: Iterable[Mapping[str, str]] = ()
    ) -> None:
        """Rows of the lists of units (ma_xa, ten, loai) and of the crosswalk (ma_cu, ten_cu, huyen_cu,
        tinh_cu, ma_moi)."""
        present = {row["ma_xa"]: Candidate(row["ma_xa"], row["ten"], row["loai"]) for row in units}
        self._entries: dict[tuple[str, ...], dict[_Entry, None]] = {}
        for unit in present.values():
            self._add(_Entry(phrase(unit.name), unit.kind, unit))
        for row in crosswalk:
            for old in (row["ten_cu"], row["huyen_cu"]):
                self._add_former(old, present[row["ma_moi"]])

    def resolve(self, text: str) -> Resolution:
        """Units that a name may mean, best first; with a kind before it (`quận`, `xã`) those of the kind."""
        words = phrase(clean(text)[:200])
        kind, name = _split_kind(words)
        found = self._find(name, kind) or self._find(words, None)
        best = [rank for rank, _ in found[:2]]
        alone = len(found) == 1 or (len(best) == 2 and best[0] != best[1])
        candidates = tuple(candidate for _, candidate in found)
        return Resolution(candidates[0].code if found and alone else None, candidates, ranked=alone)

    def _find(self, name: Phrase, kind: str | None) -> list[tuple[_Rank, Candidate]]:
        entries = list(self._entries.get(tuple(word.fold for word in name), ()))
        if kind is not None:
            entries = [entry for entry in entries if entry.kind == kind]
        ranked = [(_rank(name, entry), entry.unit) for entry in entries]
        if any(rank[0] == 0 and not unit.former for rank, unit in ranked):
            ranked = [(rank, unit) for rank, unit in ranked if not unit.former]
        best: dict[str, tuple[_Rank, Candidate]] = {}
        for rank, unit in sorted(ranked, key=lambda item: (item[0], item[1].code)):
            best.setdefault(unit.code, (rank, replace(unit, exact=rank[0] == 0)))
        return list(best.values())

    def _add(self, entry: _Entry) -> None:
        self._entries.setdefault(tuple(word.fold for word in entry.words), {})[entry] = None

    def _add_former(self, old: str, unit: Candidate) -> None:
        kind, words = _split_kind(phrase(old))
        if kind is None:
            return
        successor = Candidate(unit.code, unit.name, unit.kind, former=old)
        self._add(_Entry(words, kind, successor, same_name=phrase(unit.name) == words))


@cache
def gazetteer() -> Places:
    """Names of the units in force, and of those before the merger, to codes."""
    units, crosswalk = (
        csv.DictReader(files("opendata").joinpath(name).read_text(encoding="utf-8").splitlines())
        for name in _LISTS
    )
    return Places(units, crosswalk)


def _rank(name: Phrase, entry: _Entry) -> _Rank:
    """How well the marks agree (0: all, or none was typed), a present unit first, then one that kept
    the name."""
    if name == entry.words or not any(word.marked for word in name):
        marks = 0
    else:
        half = all(mine.means(theirs) for mine, theirs in zip(name, entry.words, strict=True))
        marks = 1 if half else 2
    return marks, entry.unit.former is not None, not entry.same_name


def _split_kind(words: Phrase) -> tuple[str | None, Phrase]:
    """(kind, name) where a kind stands before a name."""
    for written, kind in _KIND_PHRASES:
        part = words[: len(written)]
        if len(words) > len(written) and all(
            mine.means(theirs) for mine, theirs in zip(part, written, strict=True)
        ):
            return kind, words[len(written) :]
    return None, words
