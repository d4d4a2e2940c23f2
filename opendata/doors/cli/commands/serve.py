"""`opendata serve`: the portal on granian. The parent only watches; the product lives in its children, of
which one that dies or hangs is started again."""

import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from opendata.base.kit.errors import N_, OpenDataError
from opendata.doors.cli.invocation import Invocation
from opendata.doors.cli.lazy import Command
from opendata.doors.cli.pulse import Pulse
from opendata.doors.cli.serving import application

DRAIN_SECONDS = 20
"""A child that has not ended by then is killed; whoever stops the portal waits 25 seconds."""
THREADS = 8
BACKLOG = 1024
REFUSED = 78
"""Exit status of a child that has said why it does not start; one that broke ends with another."""


class Watcher(MPServer):
    """Starts a child again that was killed; not one that refused to start, which would only say so again."""

    def pids(self) -> list[int]:
        """Of the children that run. The number of one that ended may be another's by now."""
        children = [child.inner for child in list(self.wrks)]
        return [child.pid for child in children if child.pid and child.exitcode is None]

    def _respawn_workers(self, workers: Iterable[int], *arguments: Any, **named: Any) -> None:
        if any(self.wrks[number].inner.exitcode == REFUSED for number in workers):
            self.shutdown(1)  # type: ignore[no-untyped-call]
        super()._respawn_workers(workers, *arguments, **named)


@click.command("serve", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help=N_("Địa chỉ lắng nghe."))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help=N_("Cổng."))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help=N_("Số tiến trình.")
)
@click.pass_obj
def command(invocation: Invocation, host: str, port: int, workers: int) -> None:
    server = Watcher(
        "opendata",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        workers_kill_timeout=DRAIN_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
        websockets=False,
    )
    click.echo(invocation.say(N_("Cổng dữ liệu chạy tại %(url)s"), url=f"http://{host}:{port}"), err=True)
    pulse = Pulse()
    pulse.start_watching(server.pids)
    server.serve(target_loader=_loader(invocation, port, workers, pulse), wrap_loader=False)


def _loader(invocation: Invocation, port: int, workers: int, pulse: Pulse) -> Callable[..., Any]:
    """Runs in the child: a refusal to start is one sentence there, as everywhere on the command line.

    A child that takes the place of another waits for the database: it must not end, because granian gives
    the whole server up where such a one ends at once, and its siblings still answer.
    """

    def load(*_args: Any) -> Any:
        signal.signal(
            signal.SIGTERM, signal.SIG_DFL
        )  # until granian listens: that of the parent ends nothing
        try:
            loaded = application(invocation, port, workers, patient=pulse.has_begun)
        except OpenDataError as error:
            click.echo(invocation.say(error.message, **error.params), err=True)
            for field, message in error.fields.items():
                click.echo(f"  {field}: {invocation.say(message)}", err=True)
            sys.exit(REFUSED)
        pulse.start_beating()
        return loaded

    return load
