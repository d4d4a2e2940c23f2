"""A server carries what it serves with, and not what only the demo and the nightly jobs need."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["opendata.demo", "pyarrow", "fpdf", "xlsxwriter"])
def test_a_server_starts_without(module: str) -> None:
    code = f"import sys, opendata.app; raise SystemExit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
