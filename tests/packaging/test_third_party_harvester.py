"""A source type of somebody else: installed into an environment of its own, found, held to the contract."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/third_party_harvester"
NAMES = """
import json
from opendata.services.harvest.registry import HarvesterTypes
print(json.dumps(HarvesterTypes.installed().names))
"""


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a new environment that sees our dependencies and holds the example's wheel."""
    folder = tmp_path_factory.mktemp("moi-truong")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv/bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    shared = sysconfig.get_paths()["purelib"]
    (site / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder / "dist", EXAMPLE)
    wheel = next((folder / "dist").glob("*.whl"))
    run(*pip, f"--python={python}", "install", "--no-deps", "--no-index", wheel)
    return python


def test_it_is_found_by_its_entry_point_and_nowhere_else(python, tmp_path):
    assert "json_list" in json.loads(run(python, "-c", NAMES, cwd=tmp_path))
    assert "json_list" not in json.loads(run(sys.executable, "-c", NAMES, cwd=tmp_path))


def test_it_passes_the_contract_of_all_harvesters(python, tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    tests = EXAMPLE / "tests/test_contract.py"
    options = ["-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]
    told = run(python, "-m", "pytest", *options, tests, cwd=tmp_path, env=clean)
    assert int(re.search(r"(\d+) passed", told)[1]) > 20


def test_it_is_small_and_imports_the_plugin_surface_only():
    text = (EXAMPLE / "opendata_harvest_jsonlist.py").read_text()
    code = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith('"""')]
    assert len(code) < 40
    imported = set(re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE))
    assert imported == {"collections.abc", "opendata.plugin"}
