"""A query as it is understood: units that must be found, and every rewriting on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from opendata.base.kit.errors import N_
from opendata.services.catalog.query.times import TimeWords
from opendata.services.catalog.query.words import Phrase, Typed

MAX_TEXT = 1000

ABBREVIATION_WEIGHT = 0.95
SYNONYM_WEIGHT = 0.7
INFLECTED_WEIGHT = 0.9

Kind = Literal["abbreviation", "renamed", "synonym", "time", "noise"]

MESSAGES: Mapping[Kind, str] = {
    "abbreviation": N_("“%(typed)s” được hiểu là %(meaning)s."),
    "renamed": N_("%(typed)s nay thuộc %(meaning)s."),
    "synonym": N_("Tìm cả các từ cùng nghĩa với “%(typed)s”: %(meaning)s."),
    "time": N_("Chỉ tìm dữ liệu có trong thời gian: %(typed)s."),
    "noise": N_("Đã bỏ qua các từ chung: %(typed)s."),
}


@dataclass(frozen=True, slots=True)
class Rewriting:
    """`typed` stood in the query; `meaning` is what it was taken for ("" when it was dropped).
    `id` names it for `undo`."""

    kind: Kind
    typed: str
    meaning: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.typed.lower()}"

    @property
    def note(self) -> tuple[str, Mapping[str, Any]]:
        """(message id, parameters) of the sentence about it."""
        return MESSAGES[self.kind], {"typed": self.typed, "meaning": self.meaning}


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to satisfy a unit: all `words`, in any field.

    `together`: they must stand side by side. `strict`: their marks must be right. `name_of_body`: only
    in the names of the publishing body.
    """

    words: Phrase
    weight: float = 1.0
    together: bool = False
    strict: bool = False
    name_of_body: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A word or phrase of the query. The first variant is what was typed. One that is not `required`
    only adds to the score."""

    typed: tuple[Typed, ...]
    variants: tuple[Variant, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Interpretation:
    """`text` is the query as typed (cleaned); `searched` what is left of it to search for."""

    text: str
    searched: str
    units: tuple[Unit, ...]
    period: TimeWords | None
    rewritings: tuple[Rewriting, ...]

    @property
    def words(self) -> Phrase:
        """The words as typed, without what was dropped."""
        return tuple(typed.word for unit in self.units for typed in unit.typed)
