"""`opendata files`: look after the file store."""

import click

from opendata.base.kit.errors import N_
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.root import FOUND
from opendata.services.catalog import stored_files


@click.group("files", cls=Group)
def command() -> None:
    pass


@command.command(
    "tidy", help=N_("Bỏ những tệp đã cũ một giờ mà không bộ dữ liệu nào dùng và phần tải lên dở dang.")
)
@click.option("--all", "all_of_them", is_flag=True, help=N_("Kể cả khi đó là phần lớn kho tệp."))
@json_option
@with_console
def tidy(console: Console, *, all_of_them: bool, as_json: bool) -> None:
    console.details(stored_files.tidy(console.platform, all_of_them=all_of_them), as_json=as_json)


@command.command("check", help=N_("Đọc lại mọi tệp và so với mã băm; báo tệp sai hoặc thiếu."))
@json_option
@with_console
def check(console: Console, *, as_json: bool) -> None:
    with console.progress(N_("Đọc lại tệp")) as advance:
        found = stored_files.check(console.platform, lambda done, total: advance("", done, total))
    result = {"files": found.files, "damaged": found.damaged, "missing": found.missing}
    console.details(result, as_json=as_json)
    if found.damaged or found.missing:
        raise click.exceptions.Exit(FOUND)
