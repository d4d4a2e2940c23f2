"""`opendata user`: accounts, passwords, roles in departments."""

from typing import Any

import click

from opendata.base.kit.errors import N_
from opendata.base.models import User
from opendata.base.runtime import ROLES
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.passwords import ask_password, stdin_option
from opendata.services.access import accounts, members, people, second_factor
from opendata.services.catalog import organizations

COLUMNS = {"email": N_("Thư"), "name": N_("Tên"), "operator": N_("Quản trị"), "active": N_("Hoạt động")}


@click.group("user", cls=Group)
def command() -> None:
    pass


@command.command("create", help=N_("Tạo tài khoản."))
@click.argument("email")
@click.argument("name")
@click.option("--operator", is_flag=True, help=N_("Quản trị toàn cổng."))
@stdin_option
@with_console
def create(console: Console, email: str, name: str, *, operator: bool, password_stdin: bool) -> None:
    password = ask_password(console, from_stdin=password_stdin)
    with console.work() as work:
        people.create(work, email, name, password, operator=operator)
    console.say(N_("Đã tạo tài khoản %(email)s."), email=email)


@command.command("list", help=N_("Liệt kê tài khoản."))
@click.option("--limit", default=100, type=click.IntRange(1, 10_000), show_default=True)
@json_option
@with_console
def listing(console: Console, limit: int, *, as_json: bool) -> None:
    with console.read() as work:
        users, _total = people.listing(work, limit=limit)
        console.rows([_row(user) for user in users], COLUMNS, as_json=as_json)


@command.command("password", help=N_("Đặt mật khẩu mới; các phiên đang mở sẽ kết thúc."))
@click.argument("email")
@stdin_option
@with_console
def password(console: Console, email: str, *, password_stdin: bool) -> None:
    with console.read() as work:
        people.get(work, email)
    wanted = ask_password(console, from_stdin=password_stdin)
    with console.work() as work:
        people.replace_password(work, people.get(work, email), wanted)
    console.say(N_("Đã đổi mật khẩu của %(email)s."), email=email)


@command.command("block", help=N_("Khóa tài khoản: phiên và khóa API ngừng trong vòng một giây."))
@click.argument("email")
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def block(console: Console, email: str, reason: str) -> None:
    with console.work() as work:
        accounts.block(work, people.get(work, email), reason=reason)
    console.say(N_("Đã khóa tài khoản %(email)s."), email=email)


@command.command("unblock", help=N_("Mở lại tài khoản đã khóa."))
@click.argument("email")
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def unblock(console: Console, email: str, reason: str) -> None:
    with console.work() as work:
        accounts.unblock(work, people.get(work, email), reason=reason)
    console.say(N_("Đã mở lại tài khoản %(email)s."), email=email)


@command.command("second-factor-off", help=N_("Tắt xác thực hai bước của người bị mất thiết bị."))
@click.argument("email")
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def second_factor_off(console: Console, email: str, reason: str) -> None:
    with console.work() as work:
        second_factor.remove(work, people.get(work, email), reason=reason)
    console.say(N_("Đã tắt xác thực hai bước của %(email)s."), email=email)


@command.command("assign", help=N_("Giao vai trò trong cơ quan; `none` để thôi giao."))
@click.argument("email")
@click.argument("organization")
@click.argument("role", type=click.Choice([*ROLES, "none"]))
@with_console
def assign(console: Console, email: str, organization: str, role: str) -> None:
    with console.work() as work:
        body = organizations.get(work, organization)
        members.assign(work, people.get(work, email), body, None if role == "none" else role)
    console.say(N_("Đã giao vai trò cho %(email)s."), email=email)


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.operator,
        "active": user.active,
    }
