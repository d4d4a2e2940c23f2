"""Folders and ports for servers that run under another account than the tests."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom

PORTS = range(12_000, 32_000)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that other accounts may walk through; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="opendata-servers-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens at, below those the system gives to outgoing connections: one
    of them would take it before the server does, or while a killed one is away."""
    for port in SystemRandom().sample(PORTS, 200):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port of loopback is free")
