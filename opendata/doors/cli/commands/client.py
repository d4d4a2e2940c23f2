"""`opendata client`: OAuth2 clients, tickets for registration, the keys that sign tokens."""

from typing import Any

import click

from opendata.base.kit.errors import N_
from opendata.base.models import ClientSecret, OAuthClient, SigningKey
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.services.access import applications, people
from opendata.services.access.oauth import addresses, clients, registration, signing
from opendata.services.access.policy import SCOPES
from opendata.services.catalog import organizations

SHORT_NAMES = {
    "code": addresses.CODE,
    "credentials": addresses.CREDENTIALS,
    "refresh": addresses.REFRESH,
    "device": addresses.DEVICE,
}
COLUMNS = {
    "id": "ID",
    "name": N_("Tên"),
    "type": N_("Loại"),
    "grants": N_("Cách cấp"),
    "scopes": N_("Phạm vi"),
    "revoked": N_("Thu hồi"),
}
SECRET_COLUMNS = {"id": "ID", "display": N_("Bí mật"), "expires": N_("Hết hạn")}
KEY_COLUMNS = {"kid": N_("Khóa"), "state": N_("Trạng thái"), "created": N_("Tạo lúc")}


@click.group("client", cls=Group)
def command() -> None:
    pass


@command.command("create", help=N_("Tạo ứng dụng khách; bí mật chỉ hiện một lần."))
@click.argument("name")
@click.option("--owner", required=True, help=N_("Địa chỉ thư của chủ ứng dụng."))
@click.option("--app", "application_id", help=N_("Mã ứng dụng đã có; không có thì tạo mới."))
@click.option(
    "--grant",
    "grants",
    multiple=True,
    required=True,
    type=click.Choice(list(SHORT_NAMES)),
    help=N_("Cách cấp quyền; có thể lặp lại."),
)
@click.option("--redirect", "redirects", multiple=True, help=N_("Địa chỉ quay về; có thể lặp lại."))
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=N_("Phạm vi; có thể lặp lại.")
)
@click.option("--public", is_flag=True, help=N_("Ứng dụng khách công khai, không có bí mật."))
@click.option("--introspect", is_flag=True, help=N_("Được hỏi về mã truy cập của người khác."))
@click.option("--id", "client_id", help=N_("Định danh muốn có, ví dụ opendata-cli."))
@json_option
@with_console
def create(
    console: Console,
    name: str,
    *,
    owner: str,
    application_id: str | None,
    grants: tuple[str, ...],
    redirects: tuple[str, ...],
    scopes: tuple[str, ...],
    client_id: str | None,
    public: bool,
    introspect: bool,
    as_json: bool,
) -> None:
    wanted = scopes or ("read", "download", "query")
    with console.work() as work:
        work.caller = people.caller_of(work, people.get(work, owner))
        application = (
            applications.opened(work, application_id)
            if application_id
            else applications.create(work, name, wanted=wanted)
        )
        made = clients.create(
            work,
            application,
            name,
            grants=[SHORT_NAMES[grant] for grant in grants],
            auth_method="none" if public else "client_secret_basic",
            redirect_uris=redirects,
            wanted=wanted,
            client_id=client_id,
        )
        made.client.may_introspect = introspect
    if as_json:
        console.json({**_row(made.client), "secret": made.text})
        return
    console.say(N_("Đã tạo ứng dụng khách %(id)s."), id=made.client.id)
    _say_secret(console, made.text)


def _say_secret(console: Console, text: str | None) -> None:
    if text is not None:
        console.say(N_("Bí mật (chỉ hiện lần này): %(secret)s"), secret=text)


@command.command("list", help=N_("Liệt kê ứng dụng khách."))
@json_option
@with_console
def listing(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        console.rows([_row(client) for client in clients.listing(work)], COLUMNS, as_json=as_json)


@command.command("show", help=N_("Xem một ứng dụng khách và các bí mật còn dùng được."))
@click.argument("client_id")
@json_option
@with_console
def show(console: Console, client_id: str, *, as_json: bool) -> None:
    with console.read() as work:
        found = clients.known(work, client_id)
        shown = {**_row(found), "secrets": [_secret(row) for row in clients.live_secrets(work, found)]}
    if as_json:
        console.json(shown)
        return
    console.table([shown], COLUMNS)
    console.table(shown["secrets"], SECRET_COLUMNS)


@command.command("edit", help=N_("Sửa ứng dụng khách; mục không nêu thì giữ nguyên."))
@click.argument("client_id")
@click.option("--owner", required=True, help=N_("Địa chỉ thư của chủ ứng dụng."))
@click.option("--name", help=N_("Tên mới."))
@click.option(
    "--grant",
    "grants",
    multiple=True,
    type=click.Choice(list(SHORT_NAMES)),
    help=N_("Cách cấp quyền; có thể lặp lại."),
)
@click.option("--redirect", "redirects", multiple=True, help=N_("Địa chỉ quay về; có thể lặp lại."))
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=N_("Phạm vi; có thể lặp lại.")
)
@json_option
@with_console
def edit(
    console: Console,
    client_id: str,
    *,
    owner: str,
    name: str | None,
    grants: tuple[str, ...],
    redirects: tuple[str, ...],
    scopes: tuple[str, ...],
    as_json: bool,
) -> None:
    named = {
        "name": name,
        "grants": [SHORT_NAMES[grant] for grant in grants],
        "redirect_uris": redirects,
        "scopes": scopes,
    }
    with console.work() as work:
        work.caller = people.caller_of(work, people.get(work, owner))
        found = clients.opened(work, client_id)
        clients.edit(work, found, {field: value for field, value in named.items() if value})
    if as_json:
        console.json(_row(found))
    else:
        console.say(N_("Đã sửa ứng dụng khách %(id)s."), id=client_id)


@command.command("secret", help=N_("Cấp bí mật mới; bí mật trước đó còn dùng được."))
@click.argument("client_id")
@with_console
def secret(console: Console, client_id: str) -> None:
    with console.work() as work:
        made = clients.add_secret_for_owner(work, client_id)
    _say_secret(console, made.text)


@command.command("end-secret", help=N_("Chấm dứt ngay một bí mật."))
@click.argument("client_id")
@click.argument("secret_id")
@click.option("--owner", required=True, help=N_("Địa chỉ thư của chủ ứng dụng."))
@with_console
def end_secret(console: Console, client_id: str, secret_id: str, owner: str) -> None:
    with console.work() as work:
        work.caller = people.caller_of(work, people.get(work, owner))
        clients.end_secret(work, clients.opened(work, client_id), secret_id)
    console.say(N_("Đã chấm dứt bí mật %(id)s."), id=secret_id)


@command.command("revoke", help=N_("Thu hồi ứng dụng khách và mọi mã của nó."))
@click.argument("client_id")
@click.option("--reason", required=True, help=N_("Lý do."))
@with_console
def revoke(console: Console, client_id: str, reason: str) -> None:
    with console.work() as work:
        clients.revoke(work, clients.known(work, client_id), reason=reason)
    console.say(N_("Đã thu hồi %(id)s."), id=client_id)


@command.command("invite", help=N_("Cấp mã đăng ký ban đầu cho một tổ chức."))
@click.argument("organization")
@click.option("--owner", required=True, help=N_("Địa chỉ thư của chủ ứng dụng."))
@click.option(
    "--uses",
    default=1,
    show_default=True,
    type=click.IntRange(1, registration.MOST_USES),
    help=N_("Số ứng dụng khách được đăng ký."),
)
@with_console
def invite(console: Console, organization: str, owner: str, uses: int) -> None:
    with console.work() as work:
        work.caller = people.caller_of(work, people.get(work, owner))
        text = registration.invite(work, organizations.get(work, organization), uses=uses)
    _say_secret(console, text)


@command.command("keys", help=N_("Liệt kê khóa ký."))
@json_option
@with_console
def keys(console: Console, *, as_json: bool) -> None:
    with console.read() as work:
        console.rows([_key(row) for row in signing.listing(work)], KEY_COLUMNS, as_json=as_json)


@command.command("rotate-key", help=N_("Chuyển sang khóa ký kế tiếp."))
@click.option("--now", "at_once", is_flag=True, help=N_("Không chờ đủ 24 giờ công bố."))
@click.option("--reason", required=True, help=N_("Lý do, được ghi lại."))
@with_console
def rotate_key(console: Console, reason: str, *, at_once: bool) -> None:
    with console.work() as work:
        row = signing.rotate(work, reason=reason, at_once=at_once)
    console.say(N_("Khóa ký hiện hành: %(kid)s"), kid=row.kid)


@command.command(
    "remove-key",
    help=N_("Bỏ ngay một khóa ký bị lộ."),
    context_settings={"ignore_unknown_options": True},  # the name of a key may begin with a dash
)
@click.argument("kid")
@click.option("--reason", required=True, help=N_("Lý do."))
@with_console
def remove_key(console: Console, kid: str, reason: str) -> None:
    with console.work() as work:
        signing.remove(work, kid, reason=reason)
    console.say(N_("Đã bỏ khóa ký %(kid)s."), kid=kid)


def _row(client: OAuthClient) -> dict[str, Any]:
    short = {grant: name for name, grant in SHORT_NAMES.items()}
    return {
        "id": client.id,
        "name": client.name,
        "type": client.type,
        "auth_method": client.auth_method,
        "application": client.application_id,
        "grants": [short[grant] for grant in client.grants],
        "scopes": client.scopes,
        "redirect_uris": client.redirect_uris,
        "revoked": client.revoked_at.isoformat() if client.revoked_at else None,
    }


def _secret(row: ClientSecret) -> dict[str, Any]:
    return {"id": row.id, "display": row.display, "expires": row.expires_at.isoformat()}


def _key(row: SigningKey) -> dict[str, Any]:
    return {"kid": row.kid, "state": row.state, "created": row.created.isoformat()}
