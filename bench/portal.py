"""The portal as a server of its own on loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.load import Client, Refused
from opendata.assembly import assemble
from opendata.base.runtime import SYSTEM
from opendata.services.plans import defaults, plans
from opendata.settings import Settings

STARTS_WITHIN = 60
SETTINGS = "bench.toml"
UNREACHED = ("1000000/second burst 1000000", "100000000/minute", "1000000000/day", "1000 concurrent")
"""Rules like those of the plan of people without a key, out of reach of any measure."""


@dataclass(frozen=True, slots=True)
class Portal:
    """`ready_after` is seconds from the command to the first good answer of /health/ready."""

    port: int
    pid: int
    ready_after: float


@contextlib.contextmanager
def serving(data: Path) -> Iterator[Portal]:
    """`opendata serve` on this data folder, ended on leaving."""
    lift_limits(data)
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command(), "serve", "--port", str(port)], env=environment(data), stderr=subprocess.DEVNULL
    )
    try:
        _await(port, process)
        yield Portal(port, process.pid, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def run(data: Path, *arguments: str) -> None:
    """A command of the command line on this data folder."""
    subprocess.run([*command(), *arguments], env=environment(data), check=True)


def lift_limits(data: Path) -> None:
    """Count every call as always, but refuse none: a measure asks more in a second than people in a day."""
    (data / SETTINGS).write_text('[guard_limits]\nsearch = "1000000 per second"\n', encoding="utf-8")
    platform = assemble(Settings(data_dir=str(data), mode="test", log_level="WARNING"))
    with closing(platform), platform.work(SYSTEM) as work:
        for slug, plan in defaults.DEFAULTS.items():
            plans.write(work, slug, UNREACHED, partition=plan.partition)


def command() -> list[str]:
    return [str(Path(sys.executable).with_name("opendata"))]


def environment(data: Path) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("OPENDATA_")}
    quiet = {"OPENDATA_DATA_DIR": str(data), "OPENDATA_MODE": "test", "OPENDATA_LOG_LEVEL": "WARNING"}
    limits = {"OPENDATA_CONFIG": str(data / SETTINGS), "OPENDATA_FLOOR_PER_SECOND": "1000000"}
    if not (data / SETTINGS).exists():
        limits.pop("OPENDATA_CONFIG")
    reach = {"OPENDATA_HARVEST_ALLOW_LOOPBACK": "true", "OPENDATA_HARVEST_RATE_PER_HOST": "1000"}
    return own | quiet | reach | limits


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the portal ended with {process.returncode}")
        with contextlib.suppress(OSError, Refused):
            Client(port).get("/health/ready")
            return
        time.sleep(0.01)
    raise RuntimeError("the portal does not answer")
