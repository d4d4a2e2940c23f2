"""What was spent while the shared counters were away, in files until it is added to them, once."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import orjson
import structlog
from filelock import FileLock, Timeout

from opendata.engines.counters.protocol import Cell

log = structlog.get_logger(__name__)
Charges = Sequence[tuple[Cell, int]]
Spend = Callable[[Charges, str], bool]


class _Batch:
    """Amounts under one name, in the file `<name>.json`. Whoever writes it holds the lock beside it while he
    lives: the number of a process is used again, in containers by each that follows."""

    def __init__(self, folder: Path) -> None:
        self.name = uuid4().hex
        self.amounts: dict[str, tuple[Cell, int]] = {}
        self.changed = False
        self._path = folder / f"{self.name}.json"
        self._lock = _lock_of(self._path)

    def add(self, charges: Charges) -> None:
        for cell, amount in charges:
            before = self.amounts.get(cell.key, (cell, 0))[1]
            self.amounts[cell.key] = (cell, before + amount)
            self.changed = True

    def write(self, charges: Charges) -> None:
        """All or nothing of it, whatever ends the process or the host."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._lock.is_locked:
            self._lock.acquire(timeout=0)
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(orjson.dumps([[c.key, c.algorithm, c.limit, c.span, n] for c, n in charges]))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def end(self) -> None:
        """It was added."""
        try:
            self._path.unlink(missing_ok=True)
            if self._lock.is_locked:
                Path(self._lock.lock_file).unlink(missing_ok=True)
        except OSError as error:  # whoever finds the file learns from the store that it was added
            log.warning("counters.kept", error=repr(error))
        self.leave()

    def leave(self) -> None:
        """To others: the file is no longer of a process that lives."""
        self._lock.release()


class Pending:
    """A batch that is being handed over does not change any more: the store may have added it although its
    answer came too late, and then adds nothing under its name again. What is spent meanwhile goes into the
    next one. Batches of processes that have ended are handed over by whoever does so next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        """Of amounts: calls wait for it, so nobody reads or writes a file meanwhile."""
        self._filing = threading.Lock()
        """Of files, and of handing over."""
        self._open = _Batch(folder)
        self._frozen: _Batch | None = None

    def add(self, charges: Charges) -> None:
        with self._lock:
            self._open.add(charges)

    def keep(self) -> None:
        """Write it down, so that it outlives the process."""
        with self._filing:
            self._keep()

    def has_leftovers(self) -> bool:
        """Whether there are files, of others too."""
        return any(self._folder.glob("*.json"))

    def hand_over(self, spend: Spend) -> None:
        """Add everything that waits. Raises what `spend` raises; nothing is lost then."""
        with self._filing:
            self._adopt(spend)
            for _ in range(2):  # what was tried before, then what came since
                batch = self._next()
                if batch is None:
                    return
                self._keep()
                spend(list(batch.amounts.values()), batch.name)
                self._frozen = None
                batch.end()

    def close(self) -> None:
        """Write it down and leave it to others."""
        with self._filing:
            self._keep()
            with self._lock:
                batches = self._batches()
                self._frozen, self._open = None, _Batch(self._folder)
            for batch in batches:
                batch.leave()

    def _batches(self) -> list[_Batch]:
        return [self._open] if self._frozen is None else [self._frozen, self._open]

    def _next(self) -> _Batch | None:
        """The batch to hand over."""
        with self._lock:
            if self._frozen is None and self._open.amounts:
                self._frozen, self._open = self._open, _Batch(self._folder)
            return self._frozen

    def _keep(self) -> None:
        """A disk that is full or gone keeps nothing, and holds nothing up."""
        for batch in self._batches():
            with self._lock:
                changed, batch.changed = batch.changed, False
                charges = list(batch.amounts.values())
            if not changed:
                continue
            try:
                batch.write(charges)
            except OSError as error:
                batch.changed = True
                log.warning("counters.unkept", error=repr(error))

    def _adopt(self, spend: Spend) -> None:
        own = {batch.name for batch in self._batches()}
        for path in sorted(self._folder.glob("*.json")):
            if path.stem in own:
                continue
            lock = _lock_of(path)
            try:
                with lock.acquire(timeout=0):
                    try:
                        _take_over(path, spend)
                    finally:
                        Path(lock.lock_file).unlink(missing_ok=True)
            except Timeout:  # its process lives, or another adopts it
                continue
            except OSError as error:
                log.warning("counters.leftover", file=path.name, error=repr(error))


def _take_over(path: Path, spend: Spend) -> None:
    try:
        charges = [_charge(*row) for row in orjson.loads(path.read_bytes())]
    except FileNotFoundError:  # another was quicker
        return
    except (ValueError, TypeError, OverflowError) as error:  # nobody will ever read it
        path.replace(path.with_suffix(".unreadable"))
        log.error("counters.unreadable", file=path.name, error=repr(error))  # noqa: TRY400  # the file tells
        return
    # the number of the process that wrote it stood before the name of the batch in earlier releases
    spend(charges, path.stem.rpartition("-")[2])
    path.unlink(missing_ok=True)


def _charge(key: str, algorithm: str, limit: int, span: float, amount: int) -> tuple[Cell, int]:
    """Periods alone are owed."""
    if algorithm != "calendar":
        raise ValueError(algorithm)
    return Cell(str(key), "calendar", int(limit), float(span)), int(amount)


def _lock_of(path: Path) -> FileLock:
    """Held by a process, whichever of its threads takes or frees it."""
    return FileLock(path.with_suffix(".lock"), thread_local=False)
