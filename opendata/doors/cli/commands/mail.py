"""`opendata mail`: mails that were written, sent or kept."""

import click

from opendata.base.kit.errors import N_
from opendata.base.models import Mail
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.access import mails

COLUMNS = {
    "id": N_("Số"),
    "to": N_("Gửi tới"),
    "subject": N_("Tiêu đề"),
    "created": N_("Viết lúc"),
    "state": N_("Trạng thái"),
}


@click.group("mail", cls=Group)
def command() -> None:
    pass


@command.command("list", help=N_("Liệt kê thư mới nhất."))
@click.option("--limit", default=50, type=click.IntRange(1, 1000), show_default=True)
@json_option
@with_console
def listing(console: Console, limit: int, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [_row(mail) for mail in mails.listing(work, limit=limit)]
    console.rows(rows, COLUMNS, as_json=as_json)


@command.command("show", help=N_("Xem một thư như nó được gửi đi, kể cả liên kết."))
@click.argument("mail_id", type=int)
@with_console
def show(console: Console, mail_id: int) -> None:
    with console.read() as work:
        mail = mails.get(work, mail_id)
        click.echo(f"{mail.to}\n{mail.subject}\n\n{mails.filled(console.platform, mail.body)}")


def _row(mail: Mail) -> dict[str, object]:
    state = "sent" if mail.sent_at else f"failed: {mail.problem}" if mail.problem else "kept"
    return {
        "id": mail.id,
        "to": mail.to,
        "subject": mail.subject,
        "created": mail.created.isoformat(),
        "state": state,
    }
