"""PostgreSQL: the metadata of the scaled mode."""

import secrets
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from opendata.testing.servers.missing import ServerMissing, install_package
from opendata.testing.servers.process import Server, unprivileged_account

_INSTALLED = Path("/usr/lib/postgresql")
_PACKAGE = "postgresql-15"


class PostgresServer(Server):
    """A cluster of its own with one role and one database, both named opendata."""

    name = "postgresql"
    stop_signal = signal.SIGINT  # "fast": clients are cut off, data is written

    def __init__(self, folder: Path, *, port: int | None = None, version: int | None = None) -> None:
        super().__init__(folder, port=port, account=unprivileged_account("postgres"))
        self._version = version
        self._password = secrets.token_urlsafe(12)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://opendata:{self._password}@127.0.0.1:{self.port}/opendata"

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self._password)
        self.give_folder_away()
        self._run(
            self._program("initdb"),
            *("--pgdata", self.folder / "data", "--username", "opendata", "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        secret.unlink()
        settings = self.folder / "data" / "postgresql.conf"
        with settings.open("a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\n"
                "unix_socket_directories = ''\nmax_connections = 100\nshared_buffers = 64MB\n"
                "fsync = off\n"  # what a killed process wrote is the kernel's; only a power cut would lose it
            )

    def command(self) -> Sequence[str | Path]:
        return [self._program("postgres"), "-D", self.folder / "data"]

    def ready(self) -> bool:
        if not self._accepts():
            return False
        self._create_database()
        return True

    def _accepts(self) -> bool:
        asked = subprocess.run(  # noqa: S603
            [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        )
        return asked.returncode == 0

    def _create_database(self) -> None:
        made = subprocess.run(  # noqa: S603
            [
                self._program("createdb"),
                "-h",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-U",
                "opendata",
                "opendata",
            ],
            env={"PGPASSWORD": self._password},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode and "already exists" not in made.stderr:
            raise OSError(made.stderr)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(  # noqa: S603
            self.as_account(command), cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerMissing(f"initdb failed: {done.stderr[-2000:]}")

    def _program(self, name: str) -> Path:
        found = self._programs(name)
        if not found:
            install_package(f"postgresql-{self._version}" if self._version else _PACKAGE)
            found = self._programs(name)
        if not found:
            raise ServerMissing(f"no PostgreSQL with {name} below {_INSTALLED}")
        return found[-1]

    def _programs(self, name: str) -> list[Path]:
        """Oldest version first; only the asked one where a version is asked for."""
        folders = [folder for folder in _INSTALLED.glob("*") if folder.name.isdigit()]
        if self._version:
            folders = [folder for folder in folders if int(folder.name) == self._version]
        ordered = sorted(folders, key=lambda folder: int(folder.name))
        return [path for folder in ordered if (path := folder / "bin" / name).exists()]
