"""`opendata doctor`: what is wrong with this installation and what to do about it."""

from collections.abc import Callable, Iterator

import click
from sqlalchemy.exc import SQLAlchemyError

from opendata.base.kit.errors import N_, OpenDataError
from opendata.base.runtime import Platform
from opendata.doors.cli import health_checks as checks
from opendata.doors.cli import key_checks, limit_checks, server_checks
from opendata.doors.cli.console import Console, json_option, verb, with_console
from opendata.doors.cli.findings import DATABASE, FILES, INDEX, JOBS, KEYS, LIMITS, OUTBOX, TIMETABLE, Finding
from opendata.doors.cli.root import FOUND

Part = Callable[[Platform], Iterator[Finding]]
PARTS: tuple[tuple[str, set[str], Part], ...] = (
    (INDEX, {INDEX, DATABASE}, checks.index),
    (FILES, {FILES}, checks.files),
    (OUTBOX, {DATABASE}, checks.outbox_state),
    (JOBS, {DATABASE}, checks.job_state),
    (KEYS, {DATABASE}, key_checks.key_state),
    (LIMITS, {DATABASE}, limit_checks.limit_state),
    (TIMETABLE, {DATABASE}, checks.timetable_state),
)
"""What is looked at, and what must answer for that."""

COLUMNS = {
    "state": "",
    "check": N_("Mục"),
    "detail": N_("Hiện trạng"),
    "remedy": N_("Cách sửa"),
}


@verb("doctor", "")
@json_option
@with_console
def command(console: Console, *, as_json: bool) -> None:
    findings = list(_examined(console))
    rows = [
        {
            "state": finding.state,
            "check": console.text(finding.name),
            "detail": console.text(finding.detail, **finding.params),
            "remedy": console.text(finding.remedy) if finding.state != "ok" else "",
        }
        for finding in findings
    ]
    console.rows(rows, COLUMNS, as_json=as_json)
    if any(finding.state == "fail" for finding in findings):
        raise click.exceptions.Exit(FOUND)


def _examined(console: Console) -> Iterator[Finding]:
    """Each part by itself: one that is broken does not hide the others, and is told of once."""
    yield from checks.settings(console.settings)
    yield from checks.static_files()
    platform = console.unchecked_platform
    database = checks.database(platform)
    yield database
    away = {database.name} if database.state == "fail" else set()
    for server in server_checks.servers(platform):
        if server.state == "fail":
            if server.name in away:
                continue
            away.add(server.name)
        yield server
    for name, needs, part in PARTS:
        if not away & needs:
            yield from _tried(name, part, platform)


def _tried(name: str, part: Part, platform: Platform) -> Iterator[Finding]:
    try:
        yield from part(platform)
    except (OpenDataError, OSError, SQLAlchemyError) as error:
        yield server_checks.away(name, error)
