"""`opendata settings`: what is in force, with secrets masked, or the whole reference."""

import re
from dataclasses import fields
from typing import Any

import click

from opendata.base.kit.errors import N_
from opendata.doors.cli.console import Console, json_option, verb, with_console
from opendata.settings import Settings, reference

SECRET_WORDS = ("secret", "password", "token")
MASK = "********"
_SECRET_OPTION = re.compile(r"(?<=[?&])((?:password|sslpassword|api_key|secret|token)=)[^&]*")


@verb("settings", "")
@click.option("--reference", "as_reference", is_flag=True, help=N_("In bảng mọi thiết lập (Markdown)."))
@json_option
@with_console
def command(console: Console, *, as_reference: bool, as_json: bool) -> None:
    if as_reference:
        click.echo(reference(), nl=False)
    else:
        console.details(effective(console.settings), as_json=as_json)


def effective(settings: Settings) -> dict[str, Any]:
    """Every setting by name; a secret shows only whether it is set."""
    return {item.name: _shown(item.name, getattr(settings, item.name)) for item in fields(settings)}


def _shown(name: str, value: Any) -> Any:
    if value and any(word in name for word in SECRET_WORDS):
        return MASK
    if name == "key_peppers":
        return [f"{pepper.partition(':')[0]}:{MASK}" for pepper in value]
    if name.endswith("_url"):
        return _without_password(str(value))
    return dict(value) if hasattr(value, "items") else value


def _without_password(url: str) -> str:
    """Neither that of the account nor one among the options. An account without a password may itself be the
    secret: a key for the mail of an installation is given so."""
    url = _SECRET_OPTION.sub(rf"\1{MASK}", url)
    scheme, _, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    user, colon, _ = account.partition(":")
    if not at:
        return url
    return f"{scheme}://{user}:{MASK}@{place}" if colon else f"{scheme}://{MASK}@{place}"
