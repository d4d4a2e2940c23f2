"""What was spent while the shared counters were away, in a file until it is added to them, once."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import orjson

from opendata.engines.counters.protocol import Cell

Spend = Callable[[Sequence[tuple[Cell, int]], str], bool]


class Pending:
    """One file a process and outage: `<process>-<batch>.json`. Those of processes that have ended are
    handed over by whoever does so next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._amounts: dict[str, tuple[Cell, int]] = {}
        self._batch = uuid4().hex
        self._changed = False

    def add(self, charges: Sequence[tuple[Cell, int]]) -> None:
        with self._lock:
            for cell, amount in charges:
                before = self._amounts.get(cell.key, (cell, 0))[1]
                self._amounts[cell.key] = (cell, before + amount)
                self._changed = True

    def keep(self) -> None:
        """Write it down, so that it outlives the process."""
        with self._lock:
            self._keep()

    def hand_over(self, spend: Spend) -> None:
        """Add everything that waits. Raises what `spend` raises; nothing is lost then."""
        self._adopt(spend)
        with self._lock:
            if not self._amounts:
                return
            self._keep()
            spend(list(self._amounts.values()), self._batch)
            self._path().unlink(missing_ok=True)
            self._amounts.clear()
            self._batch = uuid4().hex

    def _keep(self) -> None:
        if not self._changed:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = [[c.key, c.algorithm, c.limit, c.span, amount] for c, amount in self._amounts.values()]
        draft = self._path().with_suffix(".new")
        draft.write_bytes(orjson.dumps(rows))
        draft.replace(self._path())
        self._changed = False

    def _path(self) -> Path:
        return self._folder / f"{os.getpid()}-{self._batch}.json"

    def _adopt(self, spend: Spend) -> None:
        for path in sorted(self._folder.glob("*-*.json")):
            process, _, batch = path.stem.partition("-")
            if process == str(os.getpid()) or _lives(int(process)):
                continue
            with contextlib.suppress(FileNotFoundError):  # another adopts as well: the batch counts once
                rows = orjson.loads(path.read_bytes())
                spend([(Cell(key, how, limit, span), n) for key, how, limit, span, n in rows], batch)
                path.unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
