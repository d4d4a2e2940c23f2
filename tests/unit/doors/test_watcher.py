"""Who watches the children of the server: which are looked at, which end makes it give up."""

from types import SimpleNamespace

import pytest
from granian.server.mp import MPServer

from opendata.doors.cli.commands.serve import REFUSED, Watcher
from opendata.doors.cli.pulse import Pulse


def watching(*children: SimpleNamespace) -> Watcher:
    watcher = Watcher.__new__(Watcher)
    watcher.wrks = [SimpleNamespace(inner=child) for child in children]
    return watcher


def test_children_that_ended_are_not_looked_at() -> None:
    """Their numbers may be those of other processes."""
    runs = SimpleNamespace(pid=11, exitcode=None)
    ended, begins = SimpleNamespace(pid=12, exitcode=-9), SimpleNamespace(pid=None, exitcode=None)
    assert watching(runs, ended, begins).pids() == [11]


@pytest.mark.parametrize(("status", "gives_up"), [(REFUSED, True), (1, False), (-9, False)])
def test_only_a_child_that_said_why_makes_the_server_give_up(
    monkeypatch: pytest.MonkeyPatch, status: int, gives_up: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Watcher, "shutdown", lambda _self, _code: told.append("gave up"))
    monkeypatch.setattr(MPServer, "_respawn_workers", lambda *_args, **_named: told.append("started again"))
    watching(SimpleNamespace(pid=11, exitcode=status))._respawn_workers([0], None, None)
    assert ("gave up" in told) == gives_up


def test_a_server_has_begun_once_one_of_its_children_has() -> None:
    pulse = Pulse()
    assert not pulse.has_begun
    pulse.start_beating()
    assert pulse.has_begun
