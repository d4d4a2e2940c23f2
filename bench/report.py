"""Figures as rows of a table: product, peer or limit, ratio, goal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import processes

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`against` is what a peer needed or a limit allows; `goal` the ratio to reach, where more is better.

    `rate` says that larger figures are better; otherwise smaller ones are.
    """

    name: str
    product: float
    unit: str
    against: float | None = None
    peer: str = ""
    goal: float | None = None
    rate: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        if not self.against or not self.product:
            return None
        return self.product / self.against if self.rate else self.against / self.product

    @property
    def verdict(self) -> str:
        if self.goal is None or self.ratio is None:
            return ""
        return "met" if self.ratio >= self.goal else "missed"

    def cells(self) -> list[str]:
        against = f"{_figure(self.against)} ({self.peer})" if self.against is not None else ""
        ratio = f"{self.ratio:.1f}x" if self.ratio is not None else ""
        goal = f"≥ {self.goal:g}x" if self.goal is not None else ""
        return [
            self.name,
            f"{_figure(self.product)} {self.unit}",
            against,
            ratio,
            goal,
            " ".join(filter(None, (self.verdict, self.note))),
        ]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A measure that was not taken, and why."""

    name: str
    reason: str

    def cells(self) -> list[str]:
        return [self.name, "skipped", "", "", "", self.reason]


HEAD = ["measure", "product", "peer or limit", "ratio", "goal", ""]


def within(name: str, product: float, unit: str, limit: float, *, note: str = "") -> Row:
    """A figure that has to stay under a limit."""
    return Row(name=name, product=product, unit=unit, against=limit, peer="limit", goal=1.0, note=note)


def at_least(name: str, product: float, unit: str, limit: float, *, note: str = "") -> Row:
    """A figure that has to reach a limit."""
    return Row(
        name=name, product=product, unit=unit, against=limit, peer="at least", goal=1.0, rate=True, note=note
    )


def table(rows: Iterable[Row | Skipped]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, title: str, rows: Sequence[Row | Skipped], *, remarks: Sequence[str] = ()) -> Path:
    """Replace the results file of this name."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"# {title}", "", f"{now}. {processes.machine()}.", *remarks, "", table(rows), ""]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _figure(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
