"""`opendata org`: departments and other bodies, and who took over from whom."""

from typing import Any

import click

from opendata.base.kit.errors import N_
from opendata.base.models import Organization
from opendata.base.runtime import Work
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.catalog import organizations

COLUMNS = {
    "slug": N_("Tên rút gọn"),
    "code": N_("Mã"),
    "name": N_("Tên"),
    "level": N_("Cấp"),
    "datasets": N_("Bộ dữ liệu"),
}


@click.group("org", cls=Group)
def command() -> None:
    pass


@command.command("create", help=N_("Thêm cơ quan, đơn vị."))
@click.argument("name")
@click.option("--en", default="", help=N_("Tên tiếng Anh."))
@click.option("--slug", help=N_("Tên rút gọn trong địa chỉ."))
@click.option("--code", help=N_("Mã định danh."))
@click.option("--abbreviation", help=N_("Tên viết tắt."))
@click.option("--level", type=click.Choice(organizations.LEVELS), default="city", show_default=True)
@click.option("--parent", help=N_("Cơ quan cấp trên."))
@with_console
def create(
    console: Console, /, name: str, en: str, slug: str | None, parent: str | None, **values: Any
) -> None:
    with console.work() as work:
        parent_id = organizations.get(work, parent).id if parent else None
        body = organizations.create(work, {"vi": name, "en": en}, slug=slug, parent_id=parent_id, **values)
    console.say(N_("Đã thêm %(slug)s."), slug=body.slug)


@command.command("list", help=N_("Liệt kê cơ quan cùng số bộ dữ liệu."))
@json_option
@with_console
def listing(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        rows = [
            {**_row(body, console.language), "datasets": count} for body, count in organizations.listing(work)
        ]
    console.rows(rows, COLUMNS, as_json=as_json)


@command.command("show", help=N_("Xem một cơ quan."))
@click.argument("organization")
@json_option
@with_console
def show(console: Console, organization: str, *, as_json: bool) -> None:
    with console.read() as work:
        body = organizations.get(work, organization)
        console.details(_details(work, body), as_json=as_json)


@command.command("succeed", help=N_("Ghi nhận cơ quan mới tiếp nhận nhiệm vụ của cơ quan cũ."))
@click.argument("predecessor")
@click.argument("successors", nargs=-1, required=True)
@click.option("--on", "on_date", type=click.DateTime(["%Y-%m-%d"]), help=N_("Ngày tiếp nhận."))
@with_console
def succeed(console: Console, predecessor: str, successors: tuple[str, ...], on_date: Any) -> None:
    day = on_date.date().isoformat() if on_date else None
    with console.work() as work:
        before = organizations.get(work, predecessor)
        after = [organizations.get(work, successor) for successor in successors]
        organizations.succeed(work, before, after, on_date=day)
    console.say(N_("Đã ghi nhận."))


def _row(body: Organization, language: str) -> dict[str, Any]:
    name = body.name.get(language) or body.name["vi"]
    return {"id": body.id, "slug": body.slug, "code": body.code, "name": name, "level": body.level}


def _details(work: Work, body: Organization) -> dict[str, Any]:
    before, after = organizations.neighbours(work, body)
    fields = ("id", "slug", "name", *sorted(organizations.EDITABLE))
    return {
        **{field: getattr(body, field) for field in fields},
        "predecessors": [other.slug for other in before],
        "successors": [other.slug for other in after],
    }
