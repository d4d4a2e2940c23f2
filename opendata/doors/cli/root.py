"""The root of the command line: global options, errors as one sentence, exit codes."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from opendata.base.kit.errors import N_, OpenDataError
from opendata.doors.cli.invocation import Invocation, choose_language
from opendata.doors.cli.lazy import LazyGroup

OK, FAILED, USAGE, FOUND = 0, 1, 2, 3
"""Exit codes: done; refused or failed; called wrongly; a check found something to mend."""

NOUNS = {
    "init": N_("Tạo thư mục, tệp thiết lập, cơ sở dữ liệu và quản trị viên đầu tiên."),
    "demo": N_("Nạp, kiểm tra và xóa thành phố mẫu."),
    "serve": N_("Chạy cổng dữ liệu."),
    "worker": N_("Chạy tiến trình xử lý việc nền."),
    "migrate": N_("Đưa cơ sở dữ liệu lên phiên bản của chương trình."),
    "user": N_("Tài khoản và vai trò."),
    "client": N_("Ứng dụng khách OAuth2 và khóa ký."),
    "login": N_("Đăng nhập vào một cổng dữ liệu bằng mã thiết bị."),
    "key": N_("Khóa API: tạo, thay, thu hồi, liệt kê."),
    "mail": N_("Thư đã viết, đã gửi hoặc được giữ lại."),
    "audit": N_("Nhật ký thay đổi: kiểm tra niêm phong."),
    "org": N_("Cơ quan, đơn vị."),
    "dataset": N_("Bộ dữ liệu và quy trình công bố."),
    "harvest": N_("Nguồn thu thập và các lần chạy."),
    "access": N_("Gói, sản phẩm, đăng ký thành một tệp; chặn mạng."),
    "plan": N_("Gói sử dụng: giới hạn và hạn mức."),
    "files": N_("Kho tệp: dọn dẹp và đọc kiểm."),
    "search": N_("Tìm kiếm và chỉ mục."),
    "job": N_("Việc nền bị hỏng: xem, chạy lại, bỏ hẳn."),
    "doctor": N_("Tìm chỗ hỏng của bản cài đặt và cách sửa."),
    "settings": N_("Thiết lập đang có hiệu lực."),
}

UNEXPECTED = N_("Lỗi ngoài dự kiến: %(error)s. Chạy lại với --debug để xem chi tiết.")
INTERRUPTED = N_("Đã dừng theo yêu cầu.")


@click.command(
    cls=LazyGroup,
    nouns=NOUNS,
    help=N_("Cổng dữ liệu mở và nền tảng API của thành phố."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config", envvar="OPENDATA_CONFIG", metavar="FILE", help=N_("Tệp thiết lập TOML (OPENDATA_CONFIG).")
)
@click.option(
    "--lang",
    envvar=["OPENDATA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"],
    callback=lambda _ctx, _param, value: choose_language(value),
    is_eager=True,
    metavar="vi|en",
    help=N_("Ngôn ngữ của thông báo (OPENDATA_LANG, LANG)."),
)
@click.option("--debug", is_flag=True, help=N_("Hiện toàn bộ vết lỗi."))
@click.version_option(package_name="opendata")
@click.pass_context
def cli(ctx: click.Context, config: str | None, lang: str, *, debug: bool) -> None:
    overrides = ctx.obj if isinstance(ctx.obj, Mapping) else {}
    ctx.obj = Invocation(config=config, language=lang, debug=debug, settings=overrides)


def main() -> None:
    """Entry point of the `opendata` command."""
    sys.exit(run(sys.argv[1:]))


def run(  # noqa: PLR0911  # one answer for each way a command can end
    arguments: Sequence[str], *, settings: Mapping[str, Any] | None = None
) -> int:
    """Run one command and give its exit code. `settings` overrides single settings."""
    ctx: click.Context | None = None
    try:
        with cli.make_context("opendata", list(arguments), obj=dict(settings or {})) as ctx:
            cli.invoke(ctx)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _tell(ctx, INTERRUPTED)
    except BrokenPipeError:
        return _reader_left()
    except OpenDataError as error:
        return _refuse(ctx, error)
    except Exception as error:
        if _invocation(ctx).debug:
            raise
        return _tell(ctx, UNEXPECTED, error=_first_line(error))
    return OK


def _first_line(error: Exception) -> str:
    """Kind and first line: database errors go on with whole statements."""
    text, _, _rest = str(error).partition("\n")
    return f"{type(error).__name__}: {text}"


def _reader_left() -> int:
    """`opendata … | head`: nobody listens any more, and nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK


def _refuse(ctx: click.Context | None, error: OpenDataError) -> int:
    """The sentence of the error, then one line for each field that is wrong."""
    invocation = _invocation(ctx)
    if invocation.debug:
        raise error
    _tell(ctx, error.message, **error.params)
    for field, message in error.fields.items():
        click.echo(f"  {field}: {invocation.say(message)}", err=True)
    return FAILED


def _tell(ctx: click.Context | None, message: str, **params: Any) -> int:
    click.echo(_invocation(ctx).say(message, **params), err=True)
    return FAILED


def _invocation(ctx: click.Context | None) -> Invocation:
    found = ctx.find_object(Invocation) if ctx else None
    return found or Invocation()
