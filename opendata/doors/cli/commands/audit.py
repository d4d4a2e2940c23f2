"""`opendata audit`: the trail of changes."""

import re

import click

from opendata.base.kit.errors import N_, Invalid
from opendata.doors.cli.console import Console, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.root import FOUND
from opendata.services.access import seals
from opendata.services.access.seals import Seal

_KNOWN = re.compile(r"(?P<link>[1-9]\d{0,9}):(?P<seal>[0-9a-f]{64})")


@click.group("audit", cls=Group)
def command() -> None:
    pass


@command.command(
    "check",
    help=N_("Kiểm tra dấu niêm phong của nhật ký: có dòng nào bị sửa, chèn vào hay xoá đi không."),
)
@click.option("--known", help=N_("Dấu đã ghi lại trước đây, dạng SỐ:DẤU, để so sánh."))
@with_console
def check(console: Console, known: str | None) -> None:
    with console.read() as work:
        found = seals.check(work, _known(known))
    if found.broken is not None:
        console.say(N_("Nhật ký không còn nguyên vẹn từ dòng %(link)s."), link=found.broken)
        raise click.exceptions.Exit(FOUND)
    console.say(
        N_("Nhật ký nguyên vẹn: %(link)s dòng đã niêm phong, %(waiting)s dòng đang chờ."),
        link=found.newest.link,
        waiting=found.waiting,
    )
    if found.newest.link:
        click.echo(f"{found.newest.link}:{found.newest.seal}")


def _known(text: str | None) -> Seal | None:
    if text is None:
        return None
    matched = _KNOWN.fullmatch(text.strip().lower())
    if matched is None:
        raise Invalid(fields={"known": N_("Cần dạng SỐ:DẤU như lệnh này đã in ra.")})
    return Seal(int(matched["link"]), matched["seal"])
