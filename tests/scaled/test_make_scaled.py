"""The demo city on real servers by one command: it answers, and at the end nothing of it is left."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from opendata.base.kit.vietnamese import fold
from opendata.testing.server_fixtures import skip_where_missing
from opendata.testing.servers import ElasticNode, PostgresServer, RedisServer, S3Server
from opendata.testing.servers.scratch import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Command:
    """`tools/scaled.py` as somebody starts it; `said` is what it wrote so far."""

    process: subprocess.Popen[str]
    port: int
    said: str = ""
    family: list[psutil.Process] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def wait_for(self, text: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while text not in self.said:
            assert self.process.poll() is None, self.said[-3000:]
            assert time.monotonic() < end, self.said[-3000:]
            time.sleep(0.1)

    def get(self, path: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return json.load(answer) if "json" in answer.headers["Content-Type"] else answer.read()

    def stop(self, number: signal.Signals) -> int:
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        return self.process.wait(90)

    @property
    def left(self) -> list[str]:
        return [process.name() for process in self.family if process.is_running()]


@pytest.fixture
def city(server_folder: Path) -> Iterator[Command]:
    for kind in (PostgresServer, RedisServer, S3Server, ElasticNode):
        with skip_where_missing():
            kind(server_folder).command()
    port = free_port()
    words = [sys.executable, str(ROOT / "tools" / "scaled.py"), "--port", str(port), "--only", "D01,D02"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        command = Command(process, port)
        listener = threading.Thread(target=command.listen)
        listener.start()
        yield command
        with contextlib.suppress(psutil.NoSuchProcess):
            for member in [*psutil.Process(process.pid).children(recursive=True), process]:
                member.kill()
        listener.join()


def test_the_city_answers_on_real_servers_and_leaves_nothing(city: Command) -> None:
    city.wait_for("settings: ", 300)
    health = city.get("/health/ready")
    assert health["status"] == "ok", health
    listed = city.get("/api/v1/datasets")["data"]
    assert len(listed) == 2
    asked = urlencode({"q": fold(listed[0]["title"]["vi"])})
    found = city.get(f"/api/v1/datasets?{asked}")["data"][0]
    assert found["id"] == listed[0]["id"]
    document = city.get(f"/api/v1/datasets/{found['id']}")
    stored = next(one for one in document["resources"] if one["sha256"])
    assert len(city.get(stored["download_url"])) == stored["byte_size"]
    config = re.search(r"settings: (\S+)", city.said)
    assert config is not None
    folder = Path(config[1]).parent
    assert (folder / "scaled.toml").stat().st_mode & 0o077 == 0
    assert city.stop(signal.SIGTERM) == 0
    assert city.left == []
    assert len(city.family) > 6
    assert not folder.exists()


def test_an_interrupt_while_the_servers_start_leaves_nothing(city: Command) -> None:
    city.wait_for("starting", 30)
    time.sleep(4)
    assert city.stop(signal.SIGINT) == 0
    assert city.family
    assert city.left == []
    assert "Traceback" not in city.said


def test_a_port_that_is_taken_is_told_before_anything_starts(city: Command) -> None:
    city.wait_for("starting", 30)
    assert city.stop(signal.SIGTERM) == 0
    with socket.create_server(("127.0.0.1", city.port)):
        words = [sys.executable, str(ROOT / "tools" / "scaled.py"), "--port", str(city.port)]
        told = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1
    assert "in use" in told.stderr
    assert "starting" not in told.stderr
