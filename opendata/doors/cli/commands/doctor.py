"""`opendata doctor`: what is wrong with this installation and what to do about it."""

from collections.abc import Callable, Iterator

import click
from sqlalchemy.exc import SQLAlchemyError

from opendata.base.kit.errors import N_, OpenDataError
from opendata.doors.cli import health_checks as checks
from opendata.doors.cli.console import Console, json_option, verb, with_console
from opendata.doors.cli.root import FOUND

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


def _examined(console: Console) -> Iterator[checks.Finding]:
    """Each part by itself: one that is broken does not hide the others."""
    yield from checks.settings(console.settings)
    yield from checks.static_files()
    database = checks.database(console.unchecked_platform)
    yield database
    if database.state == "fail":
        return
    parts: tuple[Callable[..., Iterator[checks.Finding]], ...] = (
        checks.servers,
        checks.index,
        checks.files,
        checks.outbox_state,
        checks.job_state,
    )
    for part in parts:
        try:
            yield from part(console.platform)
        except (OpenDataError, OSError, SQLAlchemyError) as error:
            yield checks.broken(part.__name__, error)
