"""The demo city on real servers on this machine, without containers: `make scaled`.

PostgreSQL, Elasticsearch, Redis and an S3 server run on free loopback ports in a scratch folder, the portal
with two web processes and one worker in front. Ctrl+C stops all of it and removes the folder.
"""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from opendata.testing.servers import (
    ElasticCluster,
    ElasticNode,
    PostgresServer,
    RedisServer,
    S3Server,
    ServerMissing,
    scratch_folder,
)

STOP_SECONDS = 40
CHECKED = ("doctor",)
"""What these find is for the reader; the city is served all the same."""


def main() -> int:
    """Returns when asked to stop; 1 when something could not be started or one of the processes ended."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        _require_free(arguments.port)
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            config = _settings(folder, stack, arguments)
            _serve(stack, config, arguments)
    except KeyboardInterrupt:
        _say("stopped")
        return 0
    except (ServerMissing, subprocess.CalledProcessError, OSError) as failed:
        _say(str(failed))
    return 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """The first signal ends what is being done; further ones must not end the tidying up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _say("stopping …")
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--nodes", type=int, default=1, help="nodes of Elasticsearch")
    parser.add_argument("--only", default="", metavar="D10,D24", help="these datasets only")
    return parser.parse_args()


def _require_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the portal itself asks for it
        trial.bind(("127.0.0.1", port))


def _settings(folder: Path, stack: ExitStack, arguments: argparse.Namespace) -> Path:
    """Starts the servers and writes the file that every process of the portal reads."""
    _say("starting PostgreSQL, Redis, an S3 server and Elasticsearch …")
    postgresql = stack.enter_context(PostgresServer(folder))
    redis = stack.enter_context(RedisServer(folder))
    files = stack.enter_context(S3Server(folder))
    search = ElasticCluster(folder, nodes=arguments.nodes) if arguments.nodes > 1 else ElasticNode(folder)
    stack.enter_context(search)
    values = {
        "mode": "development",
        "data_dir": str(folder / "portal"),
        "base_url": f"http://127.0.0.1:{arguments.port}",
        "secret_key": secrets.token_urlsafe(48),
        "database_url": postgresql.url,
        "search_url": search.url,
        "files_url": files.address("files"),
        "jobs_url": redis.url,
        "counters_url": redis.url,
    }
    path = folder / "scaled.toml"
    lines = [f'{name} = "{value}"' for name, value in values.items()]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join([*lines, "worker_in_web = false", "harvest_allow_loopback = true", ""]))
    return path


def _serve(stack: ExitStack, config: Path, arguments: argparse.Namespace) -> None:
    """Until one of the processes ends, which is a failure: nobody asked it to."""
    _run(config, "migrate")
    _run(config, "demo", "load", "--as-of", "today", "--only", arguments.only)
    serve = ("serve", "--port", str(arguments.port), "--workers", "2")
    processes = {words[0]: _start(stack, config, *words) for words in (serve, ("worker",))}
    _run(config, "doctor")
    while not _ready(arguments.port):
        _require_running(processes)
        time.sleep(0.5)
    _say(f"http://127.0.0.1:{arguments.port}   settings: {config}")
    while True:
        _require_running(processes)
        time.sleep(1)


def _require_running(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise subprocess.CalledProcessError(process.returncode, f"opendata {name}")


def _ready(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
    except OSError:
        return False
    return True


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _run(config: Path, *words: str) -> None:
    with ExitStack() as stack:
        code = _start(stack, config, *words).wait()
    if code and words[0] not in CHECKED:
        raise subprocess.CalledProcessError(code, f"opendata {words[0]}")


def _start(stack: ExitStack, config: Path, *words: str) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl+C is for us, who stop each in its turn."""
    program = str(Path(sys.executable).with_name("opendata"))
    command = [program, "--config", str(config), *words]
    process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)  # noqa: S603
    stack.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
