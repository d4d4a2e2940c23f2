"""`opendata worker`: jobs and outbox in a process of their own."""

import signal
import threading

from opendata.assembly import assemble
from opendata.base.kit.errors import N_
from opendata.doors.cli.console import Console, verb, with_console
from opendata.doors.worker import Worker


@verb("worker", "")
@with_console
def command(console: Console) -> None:
    console.platform.close()  # only asked whether the database is up to date
    platform = assemble(console.settings)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker = Worker(platform)
    worker.start()
    console.say(N_("Đang xử lý việc nền. Dừng bằng Ctrl+C."))
    stopping.wait()
    worker.stop()
    platform.close()
