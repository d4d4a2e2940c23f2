"""Tests have the same names in every process: side by side, each worker collects them by itself."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANOTHER_DAY = """
import time
real = time.time
time.time = lambda: real() + 100_000
"""


def names(*options, **environment):
    """What a process of its own collects, in its order."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *options],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    return [line for line in run.stdout.splitlines() if "::" in line]


def test_no_name_depends_on_the_moment_or_the_process(tmp_path):
    """Numbers of processes and random bytes differ by themselves; clock and order of sets are made to."""
    (tmp_path / "another_day.py").write_text(ANOTHER_DAY, encoding="utf-8")
    here = names(PYTHONHASHSEED="1")
    there = names("-p", "another_day", PYTHONHASHSEED="2", PYTHONPATH=str(tmp_path))
    assert len(here) > 1000
    assert [pair for pair in zip(here, there, strict=True) if pair[0] != pair[1]] == []
