"""`opendata access`: who may use what, as one document; blocked networks."""

import sys
from typing import Any, TextIO

import click
import yaml

from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.ids import is_id
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.access import blocks
from opendata.services.plans import declaration
from opendata.services.plans.declaration import Difference

BLOCKS = {
    "id": N_("Mã"),
    "network": N_("Mạng"),
    "reason": N_("Lý do"),
    "created": N_("Từ"),
    "until": N_("Đến"),
}
MOST = 10 * 1024 * 1024
"""Characters of a document."""


@click.group("access", cls=Group)
def command() -> None:
    pass


@command.command("export", help=N_("Ghi gói, sản phẩm và đăng ký ra YAML (đầu ra chuẩn)."))
@with_console
def export(console: Console) -> None:
    with console.read() as work:
        found = declaration.export(work)
    yaml.safe_dump(found, sys.stdout, allow_unicode=True, sort_keys=False, width=100)


@command.command(
    "apply", help=N_("Làm theo tệp YAML; --dry-run chỉ xem khác biệt. Cái không nêu giữ nguyên.")
)
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--dry-run", is_flag=True, help=N_("Chỉ in khác biệt, không đổi gì."))
@json_option
@with_console
def apply(console: Console, file: TextIO, *, dry_run: bool, as_json: bool) -> None:
    wanted = _document(file.read(MOST + 1))
    if dry_run:
        with console.read() as work:
            found = declaration.compare(work, wanted)
    else:
        with console.work() as work:
            found = declaration.apply(work, wanted)
    if as_json:
        console.json([_row(item) for item in found])
        return
    for item in found:
        for line in _lines(item):
            click.echo(line)
    if not found:
        console.say(N_("Không có khác biệt."))
    elif dry_run:
        console.say(N_("%(n)s khác biệt, chưa đổi gì."), n=len(found))
    else:
        console.say(N_("Đã làm theo: %(n)s mục."), n=len(found))


@command.command("blocks", help=N_("Liệt kê các mạng đang bị chặn."))
@json_option
@with_console
def listing(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [
            {
                "id": row.id,
                "network": row.network,
                "reason": row.reason,
                "created": row.created.isoformat(timespec="minutes"),
                "until": row.until.isoformat(timespec="minutes") if row.until else None,
            }
            for row in blocks.listing(work)
        ]
    console.rows(rows, BLOCKS, as_json=as_json)


@command.command("block", help=N_("Chặn một mạng trên mọi máy chủ trong vòng hai giây."))
@click.argument("network")
@click.option("--reason", required=True, help=N_("Lý do, ghi vào nhật ký kiểm toán."))
@click.option(
    "--hours",
    type=click.IntRange(1, blocks.LONGEST),
    help=N_("Trong bao nhiêu giờ; bỏ trống: đến khi bỏ chặn."),
)
@with_console
def block(console: Console, network: str, *, reason: str, hours: int | None) -> None:
    with console.work() as work:
        made = blocks.block(work, network, reason, hours=hours)
    console.say(N_("Đã chặn %(network)s (%(id)s)."), network=made.network, id=made.id)


@command.command("unblock", help=N_("Bỏ chặn một mạng, theo mã hoặc theo mạng."))
@click.argument("block")
@click.option("--reason", required=True, help=N_("Lý do, ghi vào nhật ký kiểm toán."))
@with_console
def unblock(console: Console, block: str, *, reason: str) -> None:
    with console.work() as work:
        if is_id(block):
            lifted = [blocks.lift(work, block, reason)]
        else:
            lifted = list(blocks.lift_network(work, block, reason))
    console.say(N_("Đã bỏ chặn %(network)s."), network=", ".join(row.network for row in lifted))


def _document(text: str) -> Any:
    """Raises `Invalid`, also for what is too long: the rest of a document would be left out unseen."""
    if len(text) > MOST:
        raise Invalid(fields={"document": N_("Nội dung quá dài.")})
    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise Invalid(fields={"document": str(error).splitlines()[0][:200]}) from error


def _row(item: Difference) -> dict[str, Any]:
    return {
        "section": item.section,
        "name": item.name,
        "new": item.new,
        "fields": {name: {"from": old, "to": new} for name, (old, new) in item.fields.items()},
    }


def _lines(item: Difference) -> list[str]:
    """`+` for what is new, `~` for what changes; a line for each field."""
    head = f"{'+' if item.new else '~'} {item.section} {item.name}"
    if item.new:
        return [head, *(f"    {name}: {_short(new)}" for name, (_, new) in item.fields.items())]
    return [head, *(f"    {name}: {_short(old)} → {_short(new)}" for name, (old, new) in item.fields.items())]


def _short(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000).strip()
    text = text.removesuffix("...").strip()
    return text if len(text) <= 200 else text[:199] + "…"
