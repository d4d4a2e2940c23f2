"""`opendata key`: keys of applications, made in the name of the person who answers for them."""

import sys
from datetime import timedelta
from typing import Any

import click

from opendata.base.kit.errors import N_, NotFound
from opendata.base.models import ApiKey, Application
from opendata.base.runtime import Work
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.access import applications, keys, people, teams
from opendata.services.access.keys import NewKey
from opendata.services.access.policy import SCOPES

COLUMNS = {
    "id": N_("Khóa"),
    "name": N_("Tên"),
    "display": N_("Phần được hiện"),
    "state": N_("Trạng thái"),
    "scopes": N_("Phạm vi"),
    "expires_at": N_("Hết hạn"),
    "last_used_on": N_("Dùng lần cuối"),
}


@click.group("key", cls=Group)
def command() -> None:
    pass


@command.command("create", help=N_("Tạo khóa cho một người; khóa hiện một lần trên đầu ra chuẩn."))
@click.argument("email")
@click.option("--app", "name", default=applications.FIRST, show_default=True, help=N_("Tên ứng dụng."))
@click.option("--organization", help=N_("Tổ chức sở hữu ứng dụng; bỏ trống: chính người này."))
@click.option("--name", "label", default="cli", show_default=True, help=N_("Tên khóa."))
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=N_("Phạm vi của khóa."))
@click.option("--cidr", "cidrs", multiple=True, help=N_("Chỉ dùng được từ mạng này."))
@click.option("--days", type=click.IntRange(1, 731), help=N_("Số ngày khóa có hiệu lực."))
@click.option("--test", "env", flag_value="test", default="live", help=N_("Ứng dụng thử nghiệm, chỉ đọc."))
@json_option
@with_console
def create(
    console: Console,
    email: str,
    *,
    name: str,
    organization: str | None,
    label: str,
    scopes: tuple[str, ...],
    cidrs: tuple[str, ...],
    days: int | None,
    env: str,
    as_json: bool,
) -> None:
    with console.work() as work:
        work.caller = people.caller_of(work, people.get(work, email))
        application = _application(work, name, organization, env, scopes)
        made = keys.create(
            work,
            application,
            label,
            wanted=scopes or None,
            expires_at=work.now + timedelta(days=days) if days else None,
            cidrs=cidrs,
        )
    _tell(console, made, as_json=as_json)


def _application(
    work: Work, name: str, organization: str | None, env: str, scopes: tuple[str, ...]
) -> Application:
    """The person's application of this name, made where there is none."""
    owner = teams.get(work, organization) if organization else None
    for found in applications.listing(work):
        if found.name == name and found.owner_org_id == (owner.id if owner else None):
            return found
    wanted = {"wanted": scopes} if scopes else {}
    return applications.create(work, name, organization=owner, env=env, **wanted)


@command.command("rotate", help=N_("Thay khóa bằng khóa mới; khóa cũ còn chạy thêm một thời gian."))
@click.argument("key_id")
@click.option(
    "--overlap", default=24, show_default=True, type=click.IntRange(0, 168), help=N_("Số giờ chạy thêm.")
)
@json_option
@with_console
def rotate(console: Console, key_id: str, overlap: int, *, as_json: bool) -> None:
    with console.work() as work:
        key, application = _found(work, key_id)
        person_id = application.owner_user_id or key.created_by_id
        if person_id is None:
            raise NotFound
        work.caller = people.caller_of(work, people.by_id(work, person_id))
        made = keys.rotate(work, application, key, overlap_hours=overlap)
    _tell(console, made, as_json=as_json)


@command.command("revoke", help=N_("Thu hồi khóa vĩnh viễn."))
@click.argument("key_id")
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def revoke(console: Console, key_id: str, reason: str) -> None:
    with console.work() as work:
        key, application = _found(work, key_id)
        keys.revoke(work, application, key, reason=reason)
    console.say(N_("Đã thu hồi khóa %(key)s."), key=key.id)


@command.command("list", help=N_("Liệt kê khóa của một người."))
@click.argument("email")
@json_option
@with_console
def listing(console: Console, email: str, *, as_json: bool) -> None:
    with console.read() as work:
        work.caller = people.caller_of(work, people.get(work, email))
        rows = [
            {"app": application.name, **_row(work, key)}
            for application in applications.listing(work)
            for key in keys.listing(work, application)
        ]
    console.rows(rows, {"app": N_("Ứng dụng"), **COLUMNS}, as_json=as_json)


def _found(work: Work, key_id: str) -> tuple[ApiKey, Application]:
    key = work.session.get(ApiKey, key_id)
    if key is None:
        raise NotFound
    return key, work.session.get_one(Application, key.application_id)


def _row(work: Work, key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "display": key.display,
        "state": keys.state_of(key, work.now),
        "scopes": " ".join(key.scopes),
        "expires_at": key.expires_at.isoformat(),
        "last_used_on": key.last_used_on.isoformat() if key.last_used_on else None,
    }


def _tell(console: Console, made: NewKey, *, as_json: bool) -> None:
    """The key alone on standard output, so that it can be piped to where it is kept."""
    if as_json:
        console.json(
            {"id": made.key.id, "secret": made.secret, "expires_at": made.key.expires_at.isoformat()}
        )
        return
    click.echo(console.text(N_("Khóa %(key)s chỉ hiện lần này:"), key=made.key.id), err=True)
    sys.stderr.flush()
    click.echo(made.secret)
