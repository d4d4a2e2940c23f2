"""Redis: counters, cache and queue of the scaled mode."""

import socket
from collections.abc import Sequence
from pathlib import Path

from opendata.testing.servers.missing import program
from opendata.testing.servers.process import Server


class RedisServer(Server):
    """Hands every change to the kernel before it answers, so that what was acknowledged survives `kill()`."""

    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "appendonly": "yes",
            "appendfsync": "no",  # only a power cut would lose what is the kernel's
            "save": "",
            "daemonize": "no",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        return [program("redis-server", "redis-server"), *options]

    def ready(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
