"""A disk that is full costs no call: what finds no room waits, and is written once there is some."""

import errno
from typing import Any

import pytest

from opendata.base.runtime import Platform
from opendata.services.plans import meter, spool
from opendata.services.plans.meter import Meter, Record
from opendata.services.plans.spool import CALLS, Spool, read_all

AT = 1_764_600_000.0
FULL = OSError(errno.ENOSPC, "full")


def record(at: float = AT) -> Record:
    texts = {"code", "network", "agent", "dataset", "resource", "path", "query"}
    numbers = {"ms", "bytes", "rows", "requests", "charged"}
    made: dict[str, Any] = dict.fromkeys(texts, "") | dict.fromkeys(numbers, 0)
    return Record(at=at, request_id="r", context=None, route="/r", method="GET", status=200, **made)


def written(counting: Meter) -> int:
    return sum(line["n"] for path in counting.spool.waiting() for line in read_all(path))


@pytest.fixture
def counting(platform: Platform) -> Meter:
    return Meter(platform)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether there is room for each piece that is appended, in turn; afterwards there is."""
    told: list[bool] = []
    append = Spool.append

    def appended(*arguments: Any) -> None:
        if told and not told.pop(0):
            raise FULL
        append(*arguments)

    monkeypatch.setattr(Spool, "append", appended)
    return told


def test_what_finds_no_room_is_written_later_and_once(counting: Meter, room: list[bool]) -> None:
    room += [True, False, False]
    for hour in range(3):
        counting.note(record(AT + hour * 3600))
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            counting.flush()
    assert written(counting) == 1
    counting.flush()
    assert written(counting) == 3


def test_no_more_is_held_than_there_is_room_for_in_memory(
    counting: Meter, room: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "CAPACITY", 5)
    room += [False] * 4
    for _ in range(4):
        for _ in range(4):
            counting.note(record())
        with pytest.raises(OSError, match="full"):
            counting.flush()
    assert len(counting._ring) == 5
    counting.flush()
    assert written(counting) == 16
    assert counting.dropped == 7


def test_of_a_piece_that_was_not_written_whole_nothing_stays(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Spool(tmp_path)
    made.append(CALLS, "2026-11-30T23", [{"n": 1}])
    [path] = made.waiting()
    before = path.read_bytes()
    opened = type(path).open

    def narrow(*arguments: Any, **named: Any) -> Any:
        return Narrow(opened(*arguments, **named)) if "a" in arguments[1] else opened(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "open", narrow)
        with pytest.raises(OSError, match="full"):
            made.append(CALLS, "2026-11-30T23", [{"n": 2}] * 3)
    assert path.read_bytes() == before
    made.append(CALLS, "2026-11-30T23", [{"n": 3}])
    assert [line["n"] for line in spool.read_all(path)] == [1, 3]


class Narrow:
    """A file on a disk with room for twelve bytes more."""

    def __init__(self, file: Any) -> None:
        self._file, self._room = file, 12

    def __enter__(self) -> "Narrow":
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, body: bytes) -> int:
        if not self._room:
            raise FULL
        done: int = self._file.write(body[: self._room])
        self._room -= done
        return done
