"""PostgreSQL: the metadata of the scaled mode."""

import platform
import secrets
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from opendata.testing.servers.missing import ServerMissing, cache_folder, install_package, keep, unpacked
from opendata.testing.servers.process import Server, unprivileged_account

OLDEST = 15
"""The version Debian has, and the oldest we support."""
CURRENT = 18
_INSTALLED = Path("/usr/lib/postgresql")
_RELEASES = {CURRENT: "18.1.0"}
_BINARIES = "io.zonky.test.postgres:embedded-postgres-binaries-linux-{machine}"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64v8"}


class PostgresServer(Server):
    """A cluster of its own with one role and one database, both named opendata. Without a version it is
    the newest of those that the machine's packages have."""

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
            self._programs() / "initdb",
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
        return [self._programs() / "postgres", "-D", self.folder / "data"]

    def ready(self) -> bool:
        asked = make_url(self.url).set(database="postgres")
        engine = create_engine(
            asked, isolation_level="AUTOCOMMIT", poolclass=NullPool, connect_args={"connect_timeout": 2}
        )
        try:
            with engine.connect() as connection:
                if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = 'opendata'")):
                    connection.execute(text("CREATE DATABASE opendata"))
        except OperationalError:
            return False
        return True

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(  # noqa: S603
            self.as_account(command), cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerMissing(f"initdb failed: {done.stderr[-2000:]}")

    def _programs(self) -> Path:
        """The folder that initdb and postgres are in."""
        found = _installed(self._version)
        if found is None and self._version in _RELEASES:
            return _fetched(_RELEASES[self._version])
        if found is None:
            install_package(f"postgresql-{self._version or OLDEST}")
            found = _installed(self._version)
        if found is None:
            raise ServerMissing(f"no PostgreSQL {self._version or ''} below {_INSTALLED}")
        return found


def _installed(version: int | None) -> Path | None:
    """From packages: the newest, or the asked one."""
    versions = [int(folder.name) for folder in _INSTALLED.glob("*") if folder.name.isdigit()]
    whole = [found for found in versions if (_INSTALLED / str(found) / "bin" / "initdb").exists()]
    chosen = max((found for found in whole if version in (None, found)), default=None)
    return None if chosen is None else _INSTALLED / str(chosen) / "bin"


def _fetched(release: str) -> Path:
    """A release that is built to run from any folder."""
    home = cache_folder() / f"postgresql-{release}"
    if not (home / "bin" / "postgres").exists():
        machine = _MACHINES.get(platform.machine())
        if machine is None:
            raise ServerMissing(f"no PostgreSQL {release} for {platform.machine()}")
        artifact = f"{_BINARIES.format(machine=machine)}:{release}:jar"
        with unpacked(artifact, wanted_for=f"PostgreSQL {release}") as folder:
            (archive,) = folder.glob("*.txz")
            with tarfile.open(archive) as packed:
                packed.extractall(folder / "whole", filter="tar")
            keep(folder / "whole", home)
    return home / "bin"
