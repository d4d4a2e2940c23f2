"""`opendata demo`: the demo city."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from opendata import demo
from opendata.assembly import prepare
from opendata.base.i18n import pick
from opendata.base.kit.errors import N_
from opendata.demo.clear import clear
from opendata.demo.growth import grow
from opendata.demo.load import Loaded, load
from opendata.demo.published import published, published_reader
from opendata.doors.cli.console import Console, json_option, with_console
from opendata.doors.cli.lazy import Group
from opendata.doors.cli.root import FOUND

ANCHORS = {
    "id": N_("Mốc"),
    "holds": N_("Đúng"),
    "found": N_("Tìm thấy"),
    "expected": N_("Cần có"),
    "text": N_("Nội dung"),
}


@click.group("demo", cls=Group)
def command() -> None:
    pass


def _day(_ctx: click.Context, _parameter: click.Parameter, value: str) -> date:
    """A date, or `today`."""
    try:
        return datetime.now().astimezone().date() if value == "today" else date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(value) from error


@command.command("load", help=N_("Nạp thành phố mẫu; nạp lại không làm thay đổi gì."))
@click.option(
    "--as-of",
    callback=_day,
    default=demo.DEFAULT_AS_OF.isoformat(),
    show_default=True,
    metavar="DATE",
    help=N_("Ngày kết thúc của số liệu, hoặc today."),
)
@click.option("--seed", default=demo.DEFAULT_SEED, show_default=True, help=N_("Hạt giống của số ngẫu nhiên."))
@click.option("--only", default="", metavar="D10,D24", help=N_("Chỉ những bộ dữ liệu này."))
@click.option(
    "--scale", type=click.IntRange(0, 1_000_000), default=0, help=N_("Thêm N bộ dữ liệu để thử tải.")
)
@click.option("--force", is_flag=True, help=N_("Nạp cả khi cổng đã có dữ liệu thật."))
@with_console
def load_(console: Console, as_of: date, seed: str, *, only: str, scale: int, force: bool) -> None:
    chosen = tuple(name.strip().upper() for name in only.split(",") if name.strip())
    if unknown := sorted(set(chosen) - set(demo.datasets())):
        raise click.BadParameter(", ".join(unknown), param_hint="--only")
    prepare(console.unchecked_platform)
    with console.stages() as stage:
        loaded = load(
            console.platform,
            as_of=as_of,
            seed=seed,
            only=chosen,
            force=force,
            writing=stage(N_("Tạo dữ liệu của các cơ quan")),
            harvesting=stage(N_("Thu thập")),
        )
        if scale:
            growing = stage(N_("Thêm bộ dữ liệu để thử tải"))
            grow(console.platform, scale, seed=seed, progress=lambda done, total: growing("", done, total))
    _welcome(console, loaded)


@command.command("check", help=N_("Kiểm tra các con số mốc của thành phố mẫu."))
@click.option("--all", "show_all", is_flag=True, help=N_("Hiện cả những mốc đúng."))
@json_option
@with_console
def check_(console: Console, *, show_all: bool, as_json: bool) -> None:
    rows = list(_checked(console))
    wrong = [row for row in rows if not row["holds"]]
    if as_json:
        console.json(rows)
    else:
        if show_all or wrong:
            console.table(rows if show_all else wrong, ANCHORS)
        console.say(N_("%(good)s trên %(all)s mốc đúng."), good=len(rows) - len(wrong), all=len(rows))
    if wrong or not rows:
        raise click.exceptions.Exit(FOUND)


def _checked(console: Console) -> Iterator[dict[str, Any]]:
    """Anchors of the datasets that are there, read from the files they publish."""
    there = published(console.platform)
    wanted = [anchor for anchor in demo.anchors() if anchor.dataset in there]
    with console.progress(N_("Kiểm tra")) as advance:
        for done, result in enumerate(demo.results(published_reader(console.platform), wanted), start=1):
            advance(result.anchor.id, done, len(wanted))
            yield {
                "id": result.anchor.id,
                "holds": result.holds,
                "found": result.found,
                "expected": result.anchor.value,
                "text": pick(result.anchor.text, console.language),
            }


@command.command("dirty", help=N_("Ghi ba tệp Excel bẩn để thử các bước làm sạch."))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help=N_("Thư mục."))
@with_console
def dirty_(console: Console, out: Path) -> None:  # noqa: ARG001  # every command takes the console
    for path in demo.dirty(out):
        click.echo(path)


@command.command("clear", help=N_("Gỡ đúng những gì `demo load` đã tạo."))
@click.option("--yes", is_flag=True, help=N_("Không hỏi lại."))
@with_console
def clear_(console: Console, *, yes: bool) -> None:
    if not yes:
        click.confirm(console.text(N_("Gỡ thành phố mẫu?")), abort=True, err=True)
    cleared = clear(console.platform)
    console.say(
        N_("Đã gỡ %(datasets)s bộ dữ liệu, %(organizations)s cơ quan, %(users)s tài khoản."),
        datasets=cleared.datasets,
        organizations=cleared.organizations,
        users=cleared.users,
    )


def _welcome(console: Console, loaded: Loaded) -> None:
    base = console.settings.base_url.rstrip("/")
    console.say(
        N_("Thành phố mẫu: %(datasets)s bộ dữ liệu từ %(sources)s thư mục của các cơ quan."),
        datasets=loaded.datasets,
        sources=loaded.sources,
    )
    addresses = {
        N_("Trang chủ"): f"{base}/",
        N_("Tiếng Anh"): f"{base}/en/",
        N_("Tài liệu API"): f"{base}/docs/api",
        N_("API"): f"{base}/api/v1/datasets?q=cang",
        N_("Đăng nhập"): f"{base}/sign-in",
    }
    for label, address in addresses.items():
        click.echo(f"  {console.text(label):<16}{address}")
    rows = [
        {"title": person.title[console.language], "email": person.email, "password": password or "********"}
        for person, password in loaded.people
    ]
    console.table(rows, {"title": N_("Vai trò"), "email": N_("Thư"), "password": N_("Mật khẩu")})
