"""The wheel, alone in a fresh environment outside the checkout: it brings everything along."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from opendata.testing.servers.scratch import free_port

ROOT = Path(__file__).parents[2]
OFFLINE = ("No matching distribution", "Could not find a version", "NewConnectionError", "ConnectTimeout")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: object, cwd: Path, **environment: str) -> str:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OPENDATA_"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and any(sign in done.stderr for sign in OFFLINE):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    return next(folder.glob("opendata-*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and what it asks for, nothing else."""
    folder = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv/bin/python"
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return python


def test_the_wheel_holds_what_it_needs_and_no_workshop(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "opendata/doors/web/templates/layout.html",
        "opendata/doors/web/static/manifest.json",
        "opendata/_config/vocabularies/licences.yaml",
        "opendata/base/i18n/en.po",
        "opendata/base/models/migrations/versions/0001_the_first_schema.py",
        "opendata/demo/data/city.yaml",
        "opendata_harvest_folder/__init__.py",
    ):
        assert needed in names
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "bench/"))]


def test_it_loads_the_demo_and_serves_it(python: Path, tmp_path: Path) -> None:
    opendata = python.with_name("opendata")
    data = {"OPENDATA_DATA_DIR": str(tmp_path / "data")}
    where = run(python, "-c", "import opendata; print(opendata.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where
    run(opendata, "demo", "load", "--only", "D10,D24", cwd=tmp_path, **data)
    findings = json.loads(run(opendata, "doctor", "--json", cwd=tmp_path, **data))
    told = {finding["check"]: finding["state"] for finding in findings}
    assert told.pop("Việc định kỳ") == "warn", "no worker has run yet"
    assert set(told.values()) == {"ok"}
    port = free_port()
    server = subprocess.Popen([opendata, "serve", "--port", str(port)], cwd=tmp_path, env=os.environ | data)
    try:
        page = get(port, "/dataset/san-luong-hang-hoa-thong-qua-cang-bien").decode()
        assert "Sản lượng hàng hóa thông qua cảng biển" in page
        style = page.split('href="/static/')[1].split('"')[0]
        assert get(port, f"/static/{style}")
        found = json.loads(get(port, "/api/v1/datasets?q=cang"))
        assert found["meta"]["total"] == 1
        document = json.loads(get(port, "/api/v1/datasets/san-luong-hang-hoa-thong-qua-cang-bien"))
        assert document["license"]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)
    assert server.returncode == 0


def get(port: int, path: str) -> bytes:
    """The body of an answer, once the server gives one."""
    deadline = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
                body: bytes = response.read()
                return body
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
