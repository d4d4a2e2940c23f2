"""Whatever part cannot be used, `opendata doctor` has something to say about it."""

from sqlalchemy.exc import OperationalError

from opendata.doors.cli import server_checks
from opendata.doors.cli.commands.doctor import PARTS
from opendata.doors.cli.findings import COUNTERS, DATABASE


def test_every_part_that_can_be_away_has_a_remedy() -> None:
    for name in {DATABASE, COUNTERS, *(part for part, _needs, _look in PARTS)}:
        finding = server_checks.away(name, OperationalError("select", {}, OSError("away")))
        assert (finding.state, bool(finding.remedy)) == ("fail", True)
