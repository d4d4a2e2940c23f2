"""What measures share: is the machine quiet, and the rows of one kind of request."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench import load, processes
from bench.load import Taken
from bench.report import Row, Skipped


@dataclass(slots=True)
class Bench:
    """`rows` in the order they were taken. `noisy` measures beside other work on the machine too; `only`
    names the measures to take, all when empty."""

    noisy: bool
    rows: list[Row | Skipped]
    only: Sequence[str] = ()
    worst: float = 0.0

    def measure(self, name: str, take: Callable[[], Iterable[Row]], *, servers: Iterable[int] = ()) -> None:
        """Take a measure, or skip it by name while others are at work."""
        if self.only and name not in self.only:
            return
        loud = processes.others(servers)
        self.worst = max(self.worst, sum(loud.values()))
        if loud and not self.noisy:
            who = ", ".join(f"{process} ({cores:.1f} cores)" for process, cores in loud.items())
            self.add([Skipped(name, f"other processes at work: {who}")])
            return
        self.add(take())

    def add(self, rows: Iterable[Row | Skipped]) -> None:
        for row in rows:
            print(" | ".join(row.cells()), flush=True)
            self.rows.append(row)

    @property
    def remarks(self) -> list[str]:
        """How much the figures are to be trusted."""
        if self.worst <= processes.LOUD:
            return ["Nothing else was at work on the machine."]
        busy = f"Other processes used up to {self.worst:.1f} cores meanwhile: times by the clock are longer "
        return [busy + "than on a quiet machine, processor time a little too; ratios compare like with like."]


def pages(port: int, servers: Iterable[int], paths: Sequence[str], *, clients: int = 1) -> Taken:
    """Measured over all but the first tenth of the paths, which warm the server."""
    warming = max(len(paths) // 10, 5)
    load.read(port, servers, paths[:warming])
    return load.read(port, servers, paths[warming:], clients=clients)


def popular(items: Sequence[str], length: int, seed: int = 11) -> list[str]:
    """A log in which the n-th item is asked for 1/n as often as the first."""
    chance = random.Random(seed)
    return chance.choices(items, [1 / (place + 1) for place in range(len(items))], k=length)
