"""The server process: starts, answers, works in the background, and leaves when asked."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from opendata import app as application
from opendata.assembly import NotMigrated, assemble
from opendata.base.kit.errors import Unavailable
from opendata.base.models import HarvestRun, migrations
from opendata.base.runtime import SYSTEM
from opendata.services.harvest import runs, sources
from opendata.settings import Settings
from opendata.testing import modes
from opendata.testing.servers.scratch import free_port

pytestmark = pytest.mark.alone

PATIENCE = 40.0


@contextmanager
def started(settings: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        **{f"OPENDATA_{name.upper()}": value for name, value in settings.items()},
        "OPENDATA_HARVEST_ALLOW_ROOTS": settings["data_dir"],
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "opendata", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answer(port: int, path: str) -> tuple[int, bytes]:
    """The answer, once there is one."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_server_answers_and_stops_when_asked(installation: Mapping[str, str]) -> None:
    port = free_port()
    with started(installation, "serve", "--port", str(port)) as process:
        assert answer(port, "/")[0] == 200
        assert answer(port, "/api/v1/datasets")[0] == 200
        assert answer(port, "/health/live")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_the_server_says_what_is_missing(engines: None, tmp_path: Path) -> None:
    settings = {"data_dir": str(tmp_path), **modes.engine_settings(tmp_path, migrated=False)}
    with started(settings, "serve", "--port", str(free_port())) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "opendata migrate" in output
    assert "Traceback" not in output
    modes.forget(tmp_path)


def test_a_process_that_takes_the_place_of_another_waits_for_the_database(
    installation: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def pending(engine: object) -> bool:
        asked.append(engine)
        if len(asked) < 3:
            raise OperationalError("select", {}, OSError("away"))
        return True

    monkeypatch.setattr(migrations, "pending", pending)
    monkeypatch.setattr(application, "AGAIN_SECONDS", 0.01)
    settings = Settings(**installation, log_level="ERROR")
    with pytest.raises(Unavailable):
        application.serving_app(settings)
    with pytest.raises(NotMigrated):
        application.serving_app(settings, patient=True)
    assert len(asked) == 3


@pytest.mark.parametrize("noun", ["serve", "worker"])
def test_queued_runs_are_done_in_the_background(
    noun: str, installation: Mapping[str, str], terminal, exchange_folder
) -> None:
    folder = exchange_folder()
    terminal.ok("org", "create", "Sở Thử nghiệm", "--slug", "so-thu")
    terminal.ok("harvest", "add", "folder", str(folder), "--org", "so-thu", "--slug", "thu-muc")
    terminal.ok("harvest", "accept", "thu-muc")
    arguments = ("serve", "--port", str(free_port())) if noun == "serve" else ("worker",)
    platform = assemble(Settings(**installation, log_level="ERROR"))
    with platform.work(SYSTEM) as work:
        run_id = runs.start(work, sources.get(work, "thu-muc")).id
    with started(installation, *arguments) as process:
        state = wait_for_end(platform, run_id)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    platform.close()
    assert state == "done"
    assert process.returncode == 0
    assert terminal.json("search", "query", "luong mua")["total"] == 1


def wait_for_end(platform, run_id: str) -> str:
    deadline = time.monotonic() + PATIENCE
    state = "queued"
    while state in {"queued", "running"} and time.monotonic() < deadline:
        time.sleep(0.2)
        with platform.read(SYSTEM) as work:
            state = work.session.scalars(select(HarvestRun.state).where(HarvestRun.id == run_id)).one()
    return state
