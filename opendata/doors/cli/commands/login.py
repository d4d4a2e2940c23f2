"""`opendata login`: sign in to a portal by a code typed into any browser."""

import click

from opendata.base.kit.errors import N_
from opendata.doors.cli.invocation import Invocation
from opendata.doors.cli.lazy import Command
from opendata.doors.cli.remote import CLIENT_ID, Portal
from opendata.services.access.policy import SCOPES


@click.command("login", cls=Command)
@click.argument("url")
@click.option(
    "--client", "client_id", default=CLIENT_ID, show_default=True, help=N_("Định danh ứng dụng khách.")
)
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=N_("Phạm vi; có thể lặp lại.")
)
@click.option(
    "--token", "only_token", is_flag=True, help=N_("In mã truy cập còn hạn của lần đăng nhập trước.")
)
@click.option("--out", "leaving", is_flag=True, help=N_("Đăng xuất: thu hồi và xóa mã đã lưu."))
@click.pass_obj
def command(
    invocation: Invocation,
    url: str,
    client_id: str,
    scopes: tuple[str, ...],
    *,
    only_token: bool,
    leaving: bool,
) -> None:
    portal = Portal(url, client_id=client_id)
    try:
        if only_token:
            click.echo(portal.token())
        elif leaving:
            portal.leave()
            click.echo(invocation.say(N_("Đã đăng xuất khỏi %(url)s."), url=portal.url), err=True)
        else:
            _sign_in(invocation, portal, " ".join(scopes))
    finally:
        portal.close()


def _sign_in(invocation: Invocation, portal: Portal, scope: str) -> None:
    asked = portal.begin(scope)
    click.echo(
        invocation.say(N_("Mở %(url)s và nhập mã %(code)s"), url=asked.address, code=asked.code), err=True
    )
    portal.wait(asked)
    click.echo(invocation.say(N_("Đã đăng nhập vào %(url)s."), url=portal.url), err=True)
