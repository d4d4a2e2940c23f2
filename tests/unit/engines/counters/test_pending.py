"""What was spent while the shared counters were away is added to them once, whatever happens on the way."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from opendata.engines.counters import Cell, CountersUnavailable
from opendata.engines.counters.fallback import FallbackCounters
from opendata.engines.counters.pending import Pending
from opendata.testing.absent_counters import AbsentCounters, within

LIMIT = 1000
CELL = Cell("q:{u}:owner:requests:calmonth:2026-11", "calendar", LIMIT, 4_000_000_000.0)
LEFTOVER = f'[["{CELL.key}","calendar",{LIMIT},{CELL.span},37]]'.encode()
ANOTHER = """
import os, sys
from pathlib import Path
from opendata.engines.counters import Cell
from opendata.engines.counters.pending import Pending

pending = Pending(Path(sys.argv[1]))
pending.add([(Cell(sys.argv[2], "calendar", 1000, float(sys.argv[3])), 37)])
pending.keep()
print("kept", flush=True)
sys.stdin.readline()
os._exit(1)
"""


class Store(AbsentCounters):
    @property
    def used(self) -> int:
        return LIMIT - self.peek([CELL]).readings[0].remaining


def by_name(store: Store) -> Callable[[Sequence[tuple[Cell, int]], str], bool]:
    return lambda charges, batch: store.spend(charges, once=batch)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opendata.engines.counters.fallback.PROBE_SECONDS", 0.01)


def test_what_is_spent_after_a_hand_over_whose_answer_was_late_is_added_too(tmp_path: Path) -> None:
    store, pending = Store(), Pending(tmp_path)
    pending.add([(CELL, 10)])
    store.late = True
    with pytest.raises(CountersUnavailable):
        pending.hand_over(by_name(store))
    pending.add([(CELL, 90)])
    store.late = False
    pending.hand_over(by_name(store))
    assert store.used == 100
    pending.hand_over(by_name(store))
    assert store.used == 100
    assert not list(tmp_path.iterdir())


def test_what_was_added_although_its_answer_was_late_is_not_added_again_by_who_finds_its_file(
    tmp_path: Path,
) -> None:
    store, pending = Store(), Pending(tmp_path)
    pending.add([(CELL, 10)])
    store.late = True
    with pytest.raises(CountersUnavailable):
        pending.hand_over(by_name(store))
    pending.add([(CELL, 90)])
    pending.close()
    store.late = False
    Pending(tmp_path).hand_over(by_name(store))
    assert store.used == 100
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [b"", LEFTOVER[:20], b"7", b'[["k"]]', b'[["k","sliding",1,0,1]]'], ids=repr
)
def test_a_file_that_nobody_can_read_keeps_nothing_back(quick: None, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "999999-aa.json").write_bytes(content)
    (tmp_path / "999999-bb.json").write_bytes(LEFTOVER)
    store = Store()
    store.away = True
    counters = FallbackCounters(store, tmp_path)
    counters.take([CELL])
    assert counters.degraded
    store.away = False
    assert within(10, lambda: not counters.degraded)
    counters.close()
    assert store.used == 38
    assert [path.name for path in tmp_path.iterdir()] == ["999999-aa.unreadable"]


def test_counting_is_shared_again_although_the_disk_takes_nothing(quick: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store()
    store.away = True
    counters = FallbackCounters(store, tmp_path / "file" / "folder")
    counters.take([CELL])
    store.away = False
    assert within(10, lambda: not counters.degraded)
    counters.close()
    assert store.used == 1


def test_a_fault_that_nobody_thought_of_does_not_end_the_watch(
    quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, faults = Store(), [RuntimeError("once"), RuntimeError("twice")]
    store.away = True
    counters = FallbackCounters(store, tmp_path)

    def check() -> bool:
        if faults:
            raise faults.pop()
        return True

    monkeypatch.setattr(store, "check", check)
    counters.take([CELL])
    store.away = False
    assert within(10, lambda: not counters.degraded)
    counters.close()


def test_what_an_ended_process_left_is_added_at_the_start_of_the_next(quick: None, tmp_path: Path) -> None:
    """No outage has to come for it, and the store need not be there yet."""
    (tmp_path / "aa.json").write_bytes(LEFTOVER)
    store = Store()
    store.away = True
    counters = FallbackCounters(store, tmp_path)
    time.sleep(0.05)
    store.away = False
    assert within(10, lambda: store.used == 37)
    assert within(10, lambda: not list(tmp_path.iterdir()))
    counters.close()


def test_nothing_waits_beside_the_requests_where_nothing_was_left(tmp_path: Path) -> None:
    counters = FallbackCounters(Store(), tmp_path)
    assert "opendata-leftovers" not in {thread.name for thread in threading.enumerate()}
    counters.close()


@pytest.mark.parametrize("name", ["aa.json", f"{os.getpid()}-aa.json"], ids=["batch", "process"])
def test_a_file_is_adopted_whoever_has_the_number_of_its_process_now(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LEFTOVER)
    (tmp_path / name).with_suffix(".lock").touch()  # left behind as well
    store = Store()
    Pending(tmp_path).hand_over(by_name(store))
    assert store.used == 37
    assert not list(tmp_path.iterdir())


def test_a_file_is_left_alone_while_its_process_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ANOTHER, str(tmp_path), CELL.key, str(CELL.span)]
    store, pending = Store(), Pending(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"kept\n"
        pending.hand_over(by_name(store))
        assert store.used == 0
        other.communicate(b"\n")
    pending.hand_over(by_name(store))
    assert store.used == 37
    assert not list(tmp_path.iterdir())
