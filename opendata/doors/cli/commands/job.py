"""`opendata job`: what runs behind the doors and was given up."""

import click

from opendata.base.kit.errors import N_, NotFound
from opendata.base.models import Job, OutboxEntry
from opendata.base.runtime import outbox
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.access import given_up
from opendata.services.access.given_up import GivenUp

COLUMNS = {
    "id": N_("Số"),
    "what": N_("Loại"),
    "kind": N_("Việc nền"),
    "about": N_("Đối tượng"),
    "attempts": N_("Số lần thử"),
    "at": N_("Lúc"),
    "problem": N_("Lỗi"),
}


@click.group("job", cls=Group)
def command() -> None:
    pass


@command.command("list", help=N_("Liệt kê việc hỏng và tác động bị bỏ cuộc, mới nhất trước."))
@click.option("--limit", default=100, type=click.IntRange(1, given_up.MOST), show_default=True)
@json_option
@with_console
def listing(console: Console, limit: int, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [_row(item) for item in given_up.listing(work, limit=limit)]
    console.rows(rows, COLUMNS, as_json=as_json)


@command.command("show", help=N_("Xem một việc hỏng cùng tham số của nó."))
@click.argument("name", metavar="ID")
@json_option
@with_console
def show(console: Console, name: str, *, as_json: bool) -> None:
    with console.read() as work:
        item = given_up.get(work, name)
        console.details({**_row(item), "details": dict(item.details)}, as_json=as_json)


@command.command("retry", help=N_("Chạy lại việc hỏng, sau khi đã sửa nguyên nhân."))
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help=N_("Chạy lại tất cả."))
@with_console
def retry(console: Console, names: tuple[str, ...], *, every: bool) -> None:
    if every == bool(names):
        raise click.UsageError(console.text(N_("Cần ID, hoặc --all.")))
    if every:
        with console.read() as work:
            names = tuple(item.id for item in given_up.listing(work))
    for name in names:
        try:
            with console.work() as work:
                again = given_up.retry(work, name)
        except NotFound:
            if every:  # somebody else, or one of those before it, has dealt with it since
                continue
            raise
        outbox.drain(console.platform)
        console.say(N_("%(name)s: %(state)s."), name=again, state=_state(console, again))


@command.command("discard", help=N_("Bỏ hẳn một việc hỏng; lý do được ghi vào nhật ký."))
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def discard(console: Console, name: str, reason: str) -> None:
    with console.work() as work:
        given_up.discard(work, name, reason=reason)
    console.say(N_("Đã bỏ %(name)s."), name=name)


def _row(item: GivenUp) -> dict[str, object]:
    return {
        "id": item.id,
        "what": item.what,
        "kind": item.kind,
        "about": item.about,
        "attempts": item.attempts,
        "at": item.at.isoformat(timespec="seconds") if item.at else None,
        "problem": item.problem,
    }


def _state(console: Console, name: str) -> str:
    """How far it is by now: effects that were applied are forgotten."""
    with console.read() as work:
        if not name.isdecimal():
            return work.session.get_one(Job, name).state
        return "queued" if work.session.get(OutboxEntry, int(name)) else "done"
