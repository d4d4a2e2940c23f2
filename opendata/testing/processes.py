"""The programs of the product as processes of their own, and what they need to start."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from opendata.base.models import migrations
from opendata.base.runtime.database import connect
from opendata.testing.load import ask
from opendata.testing.servers import Server


class Web(Server):
    """`opendata serve` with its children."""

    name = "web"
    start_seconds = 120.0

    def __init__(self, folder: Path, config: Path, *, workers: int = 2) -> None:
        super().__init__(folder)
        self.config, self._workers = config, workers

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str | Path]:
        options = ("--port", str(self.port), "--workers", str(self._workers))
        return [sys.executable, "-m", "opendata", "--config", self.config, "serve", *options]

    def ready(self) -> bool:
        return ask(self.port, "/health/live").status == 200

    def children(self) -> list[psutil.Process]:
        """The processes that answer."""
        return self.family()[1:]


class JobWorker(Server):
    """`opendata worker`."""

    name = "worker"
    start_seconds = 120.0

    def __init__(self, folder: Path, config: Path) -> None:
        super().__init__(folder)
        self._config, self._told = config, 0

    @property
    def url(self) -> str:
        raise NotImplementedError("nobody asks a worker")

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "opendata", "--config", self._config, "worker"]

    def launch(self) -> None:
        if not self.running:
            self._told = self.log.stat().st_size if self.log.exists() else 0
        super().launch()

    def ready(self) -> bool:
        return b"worker.started" in self.log.read_bytes()[self._told :]


def settings_file(path: Path, values: Mapping[str, object]) -> Path:
    """A file of settings. JSON writes texts, numbers and truths as TOML does; tables come last."""
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, Mapping)
    ]
    for name, table in values.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def migrate(database: str) -> None:
    """A server starts on a database of this release alone."""
    engine = connect(database)
    migrations.upgrade(engine)
    engine.dispose()


@contextmanager
def dragging(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Processes that get a fifth of the time; some of them may end meanwhile."""
    ended = threading.Event()

    def drag() -> None:
        while not ended.wait(0.05):
            try:
                _each(processes, psutil.Process.suspend)
                ended.wait(0.2)
            finally:
                _each(processes, psutil.Process.resume)

    thread = threading.Thread(target=drag)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _each(processes: Sequence[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            act(process)
