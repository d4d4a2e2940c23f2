"""`opendata init`: everything a new installation needs before `opendata serve`."""

import os
import secrets
from pathlib import Path

import click
import orjson

from opendata.assembly import NotMigrated, assemble, prepare
from opendata.base.kit.errors import N_, NotFound
from opendata.base.models import migrations
from opendata.base.runtime import Platform
from opendata.base.runtime.database import connect
from opendata.doors.cli.console import OPERATOR, Console, verb, with_console
from opendata.doors.cli.passwords import ask_password, stdin_option
from opendata.engines.files import open_files
from opendata.services.access import people
from opendata.services.catalog.carrying import carry
from opendata.settings import load

TEMPLATE = """\
# Settings of this portal; `opendata settings --reference` explains every one.
mode = "production"
data_dir = {data}
base_url = {base_url}
secret_key = {key}
key_peppers = [{pepper}]
log_json = true
"""


@verb("init", "")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--base-url", default="http://127.0.0.1:8000", show_default=True, help=N_("Địa chỉ công khai."))
@click.option("--email", help=N_("Thư của quản trị viên đầu tiên; bỏ trống để tạo sau."))
@click.option("--name", default="Quản trị cổng", show_default=True, help=N_("Tên của quản trị viên."))
@click.option(
    "--from", "source", help=N_("Thư mục dữ liệu hoặc sqlite:///… của cổng một máy, để chuyển sang đây.")
)
@stdin_option
@with_console
def command(
    console: Console,
    folder: Path,
    base_url: str,
    *,
    email: str | None,
    name: str,
    source: str | None,
    password_stdin: bool,
) -> None:
    if source is not None and console.invocation.config is not None:
        _carry(console, console.unchecked_platform, source)
        return
    settings_file = _settings_file(console, folder.resolve(), base_url)
    platform = assemble(load(settings_file, overrides=console.invocation.settings), immediate_jobs=True)
    try:
        if source is not None:
            _carry(console, platform, source)
        prepare(platform)
        if email:
            _operator(console, platform, email, name, password_stdin=password_stdin)
    finally:
        platform.close()
    console.say(N_("Xong. Chạy cổng bằng: opendata --config %(file)s serve"), file=settings_file)


def _carry(console: Console, platform: Platform, source: str) -> None:
    """Rows, files and index of an embedded installation that does not run meanwhile."""
    database = Path(source.removeprefix("sqlite:///"))
    database = database / "opendata.db" if database.is_dir() else database
    if not database.is_file():
        raise NotFound
    engine = connect(f"sqlite:///{database}")
    try:
        if migrations.pending(engine):
            raise NotMigrated
        migrations.upgrade(platform.engine)
        with console.stages() as stage:
            done = carry(
                engine,
                open_files((database.parent / "files").resolve().as_uri()),
                platform,
                stage(N_("Chuyển dữ liệu")),
            )
    finally:
        engine.dispose()
    console.say(
        N_("Đã chuyển %(rows)s dòng, %(files)s tệp; chỉ mục có %(datasets)s bộ dữ liệu."),
        rows=done.rows,
        files=done.files,
        datasets=done.datasets,
    )


def _settings_file(console: Console, folder: Path, base_url: str) -> Path:
    """Written once, readable by its owner alone; a file that exists is kept."""
    path = folder / "opendata.toml"
    if path.exists():
        console.say(N_("Giữ nguyên tệp thiết lập %(file)s."), file=path)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    values = {"data": str(folder / "data"), "base_url": base_url, "key": secrets.token_urlsafe(48)}
    values["pepper"] = f"1:{secrets.token_urlsafe(48)}"
    text = TEMPLATE.format(**{name: orjson.dumps(value).decode() for name, value in values.items()})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    console.say(N_("Đã ghi tệp thiết lập %(file)s."), file=path)
    return path


def _operator(console: Console, platform: Platform, email: str, name: str, *, password_stdin: bool) -> None:
    with platform.read(OPERATOR) as work:
        if people.find(work, email) is not None:
            console.say(N_("Tài khoản %(email)s đã có."), email=email)
            return
    password = ask_password(console, from_stdin=password_stdin)
    with platform.work(OPERATOR) as work:
        people.create(work, email, name, password, operator=True)
    console.say(N_("Đã tạo tài khoản %(email)s."), email=email)
