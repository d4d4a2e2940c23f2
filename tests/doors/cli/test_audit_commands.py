"""`opendata audit`: check the seals of the trail."""

from sqlalchemy import update

from opendata.base.models import AuditEvent
from opendata.base.runtime import SYSTEM
from opendata.doors.cli.console import Console
from opendata.doors.cli.invocation import Invocation
from opendata.services.access import seals


def test_a_trail_is_checked_against_a_seal_that_was_noted(terminal) -> None:
    platform = Console(Invocation(settings=terminal.installed)).platform
    terminal.ok("org", "create", "Sở Thử nghiệm")
    seals.seal(platform)
    terminal.ok("audit", "check")
    noted = terminal.out.split()[-1]
    terminal.ok("org", "create", "Sở Khác")
    seals.seal(platform)
    terminal.ok("audit", "check", "--known", noted)
    link, seal = noted.split(":")
    assert terminal.call("audit", "check", "--known", f"{link}:{'0' * 64}") == 3
    assert terminal.call("audit", "check", "--known", seal) == 1
    with platform.work(SYSTEM) as work:
        work.session.execute(update(AuditEvent).where(AuditEvent.link == 1).values(actor="ai khác"))
    assert terminal.call("audit", "check") == 3
    assert "từ dòng 1" in terminal.out + terminal.err
