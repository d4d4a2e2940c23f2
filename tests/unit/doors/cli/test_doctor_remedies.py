"""Whatever part cannot be used, `opendata doctor` has something to say about it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from opendata.doors.cli import server_checks
from opendata.doors.cli.commands.doctor import PARTS
from opendata.doors.cli.findings import COUNTERS, DATABASE
from opendata.settings import Settings


def test_every_part_that_can_be_away_has_a_remedy() -> None:
    for name in {DATABASE, COUNTERS, *(part for part, _needs, _look in PARTS)}:
        finding = server_checks.away(name, OperationalError("select", {}, OSError("away")))
        assert (finding.state, bool(finding.remedy)) == ("fail", True)


def test_the_queue_that_was_opened_to_be_described_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    queue = SimpleNamespace(describe=lambda: "a queue", close=lambda: done.append("closed"))
    monkeypatch.setattr(server_checks, "open_queue", lambda _url: queue)
    assert server_checks._describe_queue(Settings(data_dir=str(tmp_path))) == "a queue"
    assert done == ["closed"]
