"""`opendata serve`: the portal on granian. The parent only watches; the product lives in its child."""

import sys
from collections.abc import Callable
from typing import Any

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from opendata.base.kit.errors import N_, OpenDataError
from opendata.doors.cli.invocation import Invocation
from opendata.doors.cli.lazy import Command
from opendata.doors.cli.serving import application

DRAIN_SECONDS = 25
THREADS = 8
BACKLOG = 1024


@click.command("serve", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help=N_("Địa chỉ lắng nghe."))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help=N_("Cổng."))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help=N_("Số tiến trình.")
)
@click.pass_obj
def command(invocation: Invocation, host: str, port: int, workers: int) -> None:
    server = Server(
        "opendata",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        workers_kill_timeout=DRAIN_SECONDS,
        log_level=LogLevels.error,
        websockets=False,
    )
    click.echo(invocation.say(N_("Cổng dữ liệu chạy tại %(url)s"), url=f"http://{host}:{port}"), err=True)
    server.serve(target_loader=_loader(invocation, port, workers), wrap_loader=False)


def _loader(invocation: Invocation, port: int, workers: int) -> Callable[..., Any]:
    """Runs in the child: a refusal to start is one sentence there, as everywhere on the command line."""

    def load(*_args: Any) -> Any:
        try:
            return application(invocation, port, workers)
        except OpenDataError as error:
            click.echo(invocation.say(error.message, **error.params), err=True)
            for field, message in error.fields.items():
                click.echo(f"  {field}: {invocation.say(message)}", err=True)
            sys.exit(1)

    return load
