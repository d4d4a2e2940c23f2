"""The demo city on real servers on this machine, without containers: `make scaled`.

PostgreSQL, Elasticsearch, Redis and an S3 server run on free loopback ports in a scratch folder, the portal
with two web processes and one worker in front. Ctrl+C stops all of it and removes the folder.
"""

import argparse
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

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


def main() -> int:
    """Returns when asked to stop, or when one of the processes ended."""
    arguments = _arguments()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            config = _settings(folder, stack, arguments.port, nodes=arguments.nodes)
            _run(config, "migrate")
            _run(config, "demo", "load", "--as-of", "today")
            serve = ("serve", "--port", str(arguments.port), "--workers", "2")
            processes = [_start(stack, config, *serve), _start(stack, config, "worker")]
            _run(config, "doctor")
            _say(f"http://127.0.0.1:{arguments.port}   settings: {config}")
            while not ended.wait(1) and all(process.poll() is None for process in processes):
                pass
    except ServerMissing as missing:
        _say(str(missing))
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--nodes", type=int, default=1, help="nodes of Elasticsearch")
    return parser.parse_args()


def _settings(folder: Path, stack: ExitStack, port: int, *, nodes: int) -> Path:
    """Starts the servers and writes the file that every process of the portal reads."""
    postgresql = stack.enter_context(PostgresServer(folder))
    redis = stack.enter_context(RedisServer(folder))
    files = stack.enter_context(S3Server(folder))
    search = stack.enter_context(ElasticCluster(folder, nodes) if nodes > 1 else ElasticNode(folder))
    values = {
        "mode": "development",
        "data_dir": str(folder / "portal"),
        "base_url": f"http://127.0.0.1:{port}",
        "secret_key": secrets.token_urlsafe(48),
        "database_url": postgresql.url,
        "search_url": search.url,
        "files_url": files.address("files"),
        "jobs_url": redis.url,
        "counters_url": redis.url,
    }
    path = folder / "scaled.toml"
    lines = [f'{name} = "{value}"' for name, value in values.items()]
    path.write_text("\n".join([*lines, "worker_in_web = false", "harvest_allow_loopback = true"]) + "\n")
    return path


def _command(config: Path, *words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("opendata")), "--config", str(config), *words]


def _run(config: Path, *words: str) -> None:
    subprocess.run(_command(config, *words), check=words[0] != "doctor")  # noqa: S603


def _start(stack: ExitStack, config: Path, *words: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(_command(config, *words), start_new_session=True)  # noqa: S603
    stack.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
