"""A server as a process of its own: started, stopped, killed, frozen and waited for."""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from opendata.testing.servers.missing import ServerMissing
from opendata.testing.servers.scratch import free_port

_PAUSE = 0.05
_FOREIGN_SETTINGS = ("JAVA_HOME", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")


class Server(ABC):
    """One program on a free loopback port, with all its state below `folder`.

    Programs that refuse to run as root run as `account` there.
    """

    name: str
    start_seconds = 60.0
    stop_signal = signal.SIGTERM
    stop_seconds = 30.0

    def __init__(self, folder: Path, *, port: int | None = None, account: str | None = None) -> None:
        self.port = port or free_port()
        self.folder = folder / f"{self.name}-{self.port}"
        self.log = self.folder / "server.log"
        self._account = account if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._prepared = False

    @property
    @abstractmethod
    def url(self) -> str:
        """The address a setting of the product takes."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]: ...

    @abstractmethod
    def ready(self) -> bool:
        """Does it answer? May raise `OSError` for no."""

    def prepare(self) -> None:  # noqa: B027  # most have nothing to make
        """Make what must be there before the first start. Raises `ServerMissing`."""

    def environment(self) -> Mapping[str, str]:
        return {}

    @property
    def pid(self) -> int:
        """Process id of the server itself."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start and wait until it answers; again after `kill` or `stop`, on the same port and data. One that
        fails to start, or whose start is interrupted, is gone."""
        try:
            self.launch()
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def launch(self) -> None:
        """Start without waiting."""
        if self.running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._prepared:
            self.prepare()
            self._prepared = True
        self.give_folder_away()
        environment = {key: value for key, value in os.environ.items() if key not in _FOREIGN_SETTINGS}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self.as_account(self.command()),
                cwd=self.folder,
                env={**environment, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests, which stop it in order
            )
        atexit.register(self.kill)

    def wait_ready(self, seconds: float | None = None) -> None:
        end = time.monotonic() + (seconds or self.start_seconds)
        while time.monotonic() < end:
            if not self.running:
                raise ServerFailed(self, "ended while starting")
            try:
                if self.ready():
                    return
            except OSError:
                pass
            time.sleep(_PAUSE)
        raise ServerFailed(self, "did not answer in time")

    def wait_gone(self, seconds: float) -> None:
        """Until it has ended by itself. Raises `subprocess.TimeoutExpired`."""
        if self._process:
            self._process.wait(seconds)

    def stop(self) -> None:
        """End it in order; by force if it takes too long."""
        if not self._process:
            return
        if self.running:
            self.thaw()
            self._process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for it and all its children at once; returns when they are gone."""
        family = self.family()
        _signal(family, signal.SIGKILL)
        if self._process:
            self._process.wait(30)
        psutil.wait_procs(family, timeout=30)
        self._process = None
        atexit.unregister(self.kill)

    def freeze(self) -> None:
        """SIGSTOP: the port stays open and nothing answers."""
        _signal(self.family(), signal.SIGSTOP)

    def thaw(self) -> None:
        _signal(self.family(), signal.SIGCONT)

    def family(self) -> list[psutil.Process]:
        """The started process and what it started, parents first."""
        if not self.running or self._process is None:
            return []
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """CPU time of all its processes so far."""
        times = [process.cpu_times() for process in self.family()]
        return sum(spent.user + spent.system for spent in times)

    def as_account(self, command: Sequence[str | Path]) -> list[str]:
        words = [str(word) for word in command]
        if self._account is None:
            return words
        setpriv = shutil.which("setpriv")
        if not setpriv:
            raise ServerMissing(f"{self.name} refuses to run as root and setpriv is not there")
        user = pwd.getpwnam(self._account)
        return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *words]

    def give_folder_away(self) -> None:
        """The account of the server owns its folder."""
        if self._account is None:
            return
        user = pwd.getpwnam(self._account)
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class ServerFailed(RuntimeError):
    """Carries the end of the server's log."""

    def __init__(self, server: Server, what: str) -> None:
        written = server.log.read_text(errors="replace")[-3000:] if server.log.exists() else ""
        super().__init__(f"{server.name} {what}:\n{written}")


def unprivileged_account(*preferred: str) -> str:
    """The first of the accounts that this machine has, else nobody."""
    known = {user.pw_name for user in pwd.getpwall()}
    return next((name for name in preferred if name in known), "nobody")


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
